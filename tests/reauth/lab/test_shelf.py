"""Templates on disk: what comes back is what was learnt, and nothing that has changed since."""

import pytest

from reauth.errors import NotEnrolled, TemplateError
from reauth.lab.shelf import Codec, Shelf
from reauth.lab.splits import GateError, Provenance
from reauth.store.templates import from_parts, to_parts

MADE = Provenance("alice", ("bob",), ("d1",))


@pytest.fixture
def shelf(tmp_path, alice):
    found = Shelf(tmp_path, Codec(to_parts, from_parts))
    found.put("a", alice, MADE)
    return found


def test_a_template_comes_back_with_what_it_was_made_from(shelf, alice):
    """As the store would give it."""
    assert alice.user == shelf.get("a").user
    assert alice.arrays["support"].tolist() == shelf.get("a").arrays["support"].tolist()
    assert MADE == shelf.made("a")
    assert alice.n_genuine == shelf.units("a")


def test_who_could_not_be_enrolled_has_a_reason(shelf):
    """And what his enrolment would have rested on."""
    shelf.refuse("b", MADE, 3, "3 trajectories, 20 are needed: 17 to go")

    assert MADE == shelf.made("b")
    with pytest.raises(NotEnrolled, match="17 to go"):
        shelf.units("b")


@pytest.mark.parametrize("kind", ["json", "npz", "outcome.json"])
def test_what_changed_since_it_was_frozen_is_refused(shelf, kind):
    """A limit moved after a look at test data is an oracle's."""
    then = {"a": shelf.digest("a")}
    shelf.check("a", then)
    with pytest.raises(GateError, match="frozen"):
        shelf.check("a", {})

    with (shelf.folder / f"a.{kind}").open("ab") as file:
        file.write(b" ")

    with pytest.raises(GateError, match="frozen"):
        shelf.check("a", then)


def test_a_file_that_is_no_template_is_refused(shelf):
    """By the shipped reader."""
    (shelf.folder / "a.npz").write_bytes(b"no")

    with pytest.raises(TemplateError):
        shelf.get("a")
