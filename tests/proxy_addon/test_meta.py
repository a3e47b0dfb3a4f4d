"""Behind the tag: policies of the head are relaxed, and not one other byte is touched."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proxy_addon.csp import relax_meta
from proxy_addon.meta import MetaFilter

BUDGET = 65536
HEAD = b'<meta http-equiv="Content-Security-Policy" content="a">'
RELAXED = HEAD.replace(b'"a"', b'"a &amp; b"')


def relaxed(content):
    return content + " &amp; b"


def read(pieces, budget=BUDGET, relax=relaxed):
    """What comes out, all of it."""
    behind = MetaFilter(relax, budget)
    return b"".join(behind.feed(piece) for piece in pieces) + behind.close()


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        (b"content='a'", b"content='a &amp; b'"),
        (b'content = "a"', b'content = "a &amp; b"'),
        (b"content=a", b'content="a &amp; b"'),
        (b"content=a/", b'content="a/ &amp; b"'),
        (b"CONTENT='a' content='z'", b"CONTENT='a &amp; b' content='z'"),
        (b"content='x>y' name=content", b"content='x>y &amp; b' name=content"),
        (b"x=\"content='no'\"content='a'", b"x=\"content='no'\"content='a &amp; b'"),
        (b"=content=no content=a", b'=content=no content="a &amp; b"'),
        (b"content='\xe9'", b"content='\xe9 &amp; b'"),
    ],
)
@pytest.mark.parametrize(
    "equivalent",
    [b"http-equiv=content-security-policy", b"HTTP-EQUIV = 'Content-Security-Policy'"],
)
def test_the_value_is_replaced_between_its_quotes(equivalent, tag, expected):
    """However the element is written; quotes are set where there were none."""
    for form in (b"<meta %s %s>", b"<META/%s\n%s />"):
        page = form % (equivalent, tag)
        assert form % (equivalent, expected) == read([page])
        assert form % (equivalent, expected) + b"<p>" == read([page, b"<p>"])


@pytest.mark.parametrize(
    "tag",
    [
        b"<meta name=content-security-policy content=a>",
        b"<meta http-equiv=content-security-policy-report-only content=a>",
        b"<meta http-equiv=refresh http-equiv=content-security-policy content=a>",
        b"<meta http-equiv=content-security-policy>",
        b"<meta http-equiv=content-security-policy content>",
        b"<meta http-equiv=content-security-policy content=>",
        b"<meta http-equiv content=a>",
        b"<meta content=a>",
        b"<metal http-equiv=content-security-policy content=a>",
        b"</meta http-equiv=content-security-policy content=a>",
        b"<link http-equiv=content-security-policy content=a>",
    ],
)
def test_what_is_no_policy_stays(tag):
    """As does everything around it."""
    assert b"<title>t</title>" + tag + b"<p>" == read([b"<title>t</title>" + tag + b"<p>"])


@pytest.mark.parametrize(
    "before",
    [
        b"\n\t ",
        b"<title><meta </title >",
        b"<script>'<p>'</scripts></SCRIPT\n>",
        b"<style></style>",
        b"<noscript><p></noscript>",
        b"<template><p></p></template>",
        b"<!-- <p> -- > -->",
        b"<!--> <!---><!--x--!>",
        b"<!---x><p>-->",
        b"<!doctype html><?x <p?><!><!-x></><//x>",
        b"<link rel='<p>' /><base href=/><html lang=en><head></head></p>",
        HEAD,
    ],
)
def test_the_head_is_read_to_its_end(before):
    """Over whatever may stand in front of a policy, and over more than one."""
    expected = before.replace(HEAD, RELAXED) + RELAXED

    assert expected == read([before + HEAD])
    whole = before + HEAD
    assert expected == read([whole[at : at + 1] for at in range(len(whole))])


@pytest.mark.parametrize(
    "before",
    [
        b"text", b"<p>", b"<body>", b"</body>", b"</html>", b"< ", b"<1>", b"<svg>", b"\x1b(B",
        b"<!-- ", b"<!--!>", b"<script>", b"<x y='", b"<title></titles>",
    ],
)  # fmt: skip
def test_behind_the_head_nothing_is_a_policy(before):
    """A browser does not heed it there; and of a page's body nothing is held."""
    assert before + HEAD == read([before + HEAD])


def test_once_the_head_is_over_nothing_is_held_or_read():
    """The rest of the page comes as it is, in the pieces in which it came."""
    behind = MetaFilter(relaxed, BUDGET)

    assert [b"<title>", False] == [behind.feed(b"<title>"), behind.done]
    assert [b"t</title><body>", True] == [behind.feed(b"t</title><body>"), behind.done]
    assert [HEAD, b""] == [behind.feed(HEAD), behind.close()]


def test_a_page_that_pauses_is_not_held():
    """Only an unfinished token is, and of an unfinished content its last bytes."""
    behind = MetaFilter(relaxed, BUDGET)

    assert b"<link href=a> " == behind.feed(b"<link href=a> <lin")
    assert b"<link href=b><script>abcdef" == behind.feed(b"k href=b><script>abcdef1234567890")
    assert b"1234567890</script>" == behind.feed(b"</script>")


def test_nothing_beyond_the_budget_is_read():
    """Wherever the pieces end."""
    page = HEAD + b" " * 100 + HEAD
    for budget, expected in (
        (0, page),
        (len(HEAD) - 1, page),
        (len(HEAD), RELAXED + b" " * 100 + HEAD),
        (len(page) - 1, RELAXED + b" " * 100 + HEAD),
        (len(page), RELAXED + b" " * 100 + RELAXED),
    ):
        assert expected == read([page], budget)
        assert expected == read([page[:60], page[60:150], page[150:]], budget)


def test_what_fails_gives_back_all_that_it_held():
    """The caller goes on with the page as it is."""

    def broken(_):
        raise RuntimeError

    behind = MetaFilter(broken, BUDGET)
    assert b"" == behind.feed(HEAD[:20])
    with pytest.raises(RuntimeError):
        behind.feed(HEAD[20:] + b"<p>")
    assert HEAD + b"<p>" == behind.close()
    assert b"more" == behind.feed(b"more")


def test_with_the_real_relaxation_only_sending_is_allowed():
    """And a page that allows it already is byte for byte what it was."""

    def relax(content):
        return relax_meta(content, origin="https://a.example", connect_prefix="/obs/1/")

    strict, open_ = b"default-src &#39;none&#39;", b"connect-src 'self'; script-src 'none'"
    page = b'<meta http-equiv=Content-Security-Policy content="%s">'
    added = b"; connect-src https://a.example/obs/1/"
    assert page % (b"default-src &#x27;none&#x27;" + added) == read([page % strict], relax=relax)
    assert page % open_ == read([page % open_], relax=relax)


TOKENS = [
    HEAD, b"<meta ", b"http-equiv=", b"content-security-policy", b" content=", b"'", b'"', b"=",
    b"a", b" ", b"/", b">", b"<", b"</", b"!", b"--", b"<!--", b"-->", b"<script>", b"</script>",
    b"<title", b"</title>", b"<link>", b"<p>", b"?", b"\x1b", b"\xff",
]  # fmt: skip
pages = st.lists(st.sampled_from(TOKENS), max_size=30).map(b"".join)


@given(pages, st.lists(st.integers(0, 60), max_size=8), st.integers(0, 200))
@example(HEAD + HEAD, [3, 50], 60)
def test_any_split_gives_the_same_bytes(page, sizes, budget):
    """The network may cut a page anywhere; its policies may not depend on where."""
    pieces, rest = [], page
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]

    assert read([page], budget) == read([*pieces, rest], budget)


@given(st.one_of(pages, st.binary(max_size=300)))
def test_taking_the_change_out_again_gives_the_page(page):
    """Nothing but the value of a policy is ever touched, whatever the bytes are."""
    marked = read([page], relax=lambda content: content + "\x00")

    assert page == read([page], relax=lambda content: content)
    assert page.replace(b"\x00", b"").replace(b'"', b"") == marked.replace(b"\x00", b"").replace(
        b'"', b""
    )
