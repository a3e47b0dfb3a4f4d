"""`reauth audit`: the chain of a real store, read, exported, verified and forged."""

import json
import sqlite3

import pytest


@pytest.fixture
def busy(place):
    """A place where three things were tried."""
    for user in ("anna", "bert", "cleo"):
        place.type("enrol", "pause", user)
    return place


def database(place):
    """The store's file, as somebody opens it who should not."""
    return sqlite3.connect(place.folder / "state" / "store.db", isolation_level=None)


def test_a_chain_that_holds_is_told_with_its_end(busy):
    """Exit 0, and the anchor to compare with another day."""
    said = busy.type("audit", "verify")
    assert (0, True) == (said.code, said.out.startswith("3 entries, the chain holds; 3:"))

    told = busy.type("audit", "verify", "--json").json
    assert (True, 3, None) == (told["ok"], told["entries"], told["fault"])
    assert 3 == told["head"]["number"]


def test_the_first_broken_entry_is_named(busy):
    """Exit 1."""
    forging = database(busy)
    forging.execute("DROP TRIGGER audit_unchanged")
    forging.execute("UPDATE audit SET who = 'eve' WHERE number = 2")
    forging.close()

    said = busy.type("audit", "verify")
    assert 1 == said.code
    assert "broken at entry 2: changed" in said.out
    assert 2 == busy.type("audit", "verify", "--json").json["fault"]["number"]


def test_the_chain_is_held_against_an_anchor(busy):
    """One that stands in it, one that does not, one that nobody has reached."""
    entries = busy.type("audit", "list", "--json").json
    for entry in entries:
        anchor = f"{entry['number']}:{entry['digest']}"
        assert 0 == busy.type("audit", "verify", "--anchor", anchor).code
    other = entries[0]["digest"]
    for number in (2, 9):
        said = busy.type("audit", "verify", "--anchor", f"{number}:{other}")
        assert (1, True) == (said.code, f"entry {number}: not the entry" in said.out)
    assert 0 == busy.type("audit", "verify", "--anchor", f"0:{'00' * 32}").code
    for wrong in ("3", "3:zz", f"x:{other}", "3:00"):
        assert 2 == busy.type("audit", "verify", "--anchor", wrong).code


def test_entries_are_listed_and_narrowed(busy):
    """Newest first; by name and by time."""
    assert "cleo" in busy.type("audit", "list").out.splitlines()[1]
    subjects = [one["subject"] for one in busy.type("audit", "list", "--limit", 2, "--json").json]
    assert ["cleo", "bert"] == subjects
    assert "no entries\n" == busy.type("audit", "list", "--who", "nobody").out
    assert "no entries\n" == busy.type("audit", "list", "--since", "2999-01-01T00:00:00Z").out
    assert 3 == len(busy.type("audit", "list", "--action", "enrol.", "--json").json)


def test_an_export_is_one_entry_a_line_oldest_first(busy):
    """For whoever keeps it elsewhere."""
    lines = busy.type("audit", "export").lines

    assert ["anna", "bert", "cleo"] == [one["subject"] for one in lines]
    assert json.loads(json.dumps(lines[-1])) == busy.type("audit", "list", "--json").json[0]
