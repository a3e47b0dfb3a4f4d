"""A small corpus through the real proxies; and the eyes of the replay, which must not be blind."""

import pytest

from tests.corpus.pages import HTML, XHTML, Page, generated
from tests.corpus.replay import Differs, Replay, Sent, compare, read, variants, write
from tests.proxy_addon.harness import OBS

TAG = (
    f'<script src="{OBS}observer.1.js" integrity="sha256-x" crossorigin=anonymous data-k=t>'
    "</script>"
).encode()
PAGE = Page("p.html", b"<!doctype html><html><head><title>t</title></head><body><p>a</body></html>")
SENT = Sent(PAGE, "gzip", "whole", "none", "length")
PLACE = PAGE.body.index(b"<title>")


async def test_pages_of_all_sorts_arrive_as_they_were_sent(tmp_path):
    """In every coding, cut and policy, but for the tag; their DOM too."""
    folder = tmp_path / "pages"
    write(generated(60, seed=3), folder)
    result = await Replay(read(folder), 1, 3).run(tmp_path, quiet=True)

    assert [] == result.faults
    assert 60 == sum(result.done.values())
    assert result.done["tagged"] > 25


def test_a_corpus_is_the_same_for_the_same_seed():
    """A page that fails can be sent again."""
    assert generated(90, 5) == generated(90, 5) != generated(90, 6)
    pages = generated(40)
    assert list(variants(pages, 2, 7)) == list(variants(pages, 2, 7))
    assert {XHTML, HTML} <= {page.kind for page in pages}


def test_any_folder_can_be_read(tmp_path):
    """Folders that are called like pages, and links to nothing, are none."""
    (tmp_path / "expat.html").mkdir()
    (tmp_path / "expat.html" / "index.HTM").write_bytes(b"<p>a")
    (tmp_path / "gone.html").symlink_to(tmp_path / "nowhere")

    assert [("expat.html/index.HTM", b"<p>a")] == [(p.name, p.body) for p in read(tmp_path)]


def test_what_is_right_is_found_right():
    """A tag in its place, and a page that has none."""
    arrived = PAGE.body[:PLACE] + TAG + PAGE.body[PLACE:]
    assert "tagged" == compare(SENT, arrived, "http://a.example")
    assert "untouched" == compare(SENT, PAGE.body, "http://a.example")


@pytest.mark.parametrize(
    ("arrived", "told"),
    [
        (PAGE.body[:-1], "byte 73 differs"),
        (PAGE.body.replace(b"<p>a", b"<p>b"), "sent .*<p>a.*\n.*arrived .*<p>b"),
        (PAGE.body[:PLACE] + TAG * 2 + PAGE.body[PLACE:], "more than one"),
        (PAGE.body[:PLACE] + TAG + PAGE.body[PLACE + 1 :], "but for the tag"),
        (TAG + PAGE.body, "the mode"),
        (PAGE.body[:-14] + TAG + PAGE.body[-14:], "first child"),
    ],
)
def test_what_is_wrong_is_found_and_shown(arrived, told):
    """The first byte that differs, with what stands around it."""
    with pytest.raises(Differs, match=told):
        compare(SENT, arrived, "http://a.example")
