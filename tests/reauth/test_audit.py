"""The chain: whatever is done to any entry, the first one that is wrong is named."""

import hashlib
import json
from dataclasses import fields, replace

from hypothesis import given
from hypothesis import strategies as st

from reauth.audit import (
    LONGEST,
    START,
    Anchor,
    Deed,
    Fault,
    canonical,
    entry_document,
    first_fault,
    following,
    plain,
)

WORDS = st.text(st.characters(codec="utf-8"), max_size=20)
TIMES = st.floats(1.0, 4e9)
DEEDS = st.builds(Deed, TIMES, WORDS, WORDS, WORDS, st.booleans(), WORDS, WORDS)


def chain(deeds, base=START):
    """Entries for deeds, one after the other."""
    entries, last = [], base
    for deed in deeds:
        entry = following(last, deed)
        last = Anchor(entry.number, entry.digest)
        entries.append(entry)
    return entries, last


@given(st.lists(DEEDS, max_size=6))
def test_a_chain_that_nobody_touched_holds(deeds):
    """Of any length, none too."""
    entries, head = chain(deeds)

    assert first_fault(entries, START, head) is None
    assert first_fault(entries, START, None) is None


@given(st.lists(DEEDS, min_size=1, max_size=6), st.data())
def test_any_edit_of_any_field_is_found_where_it_is(deeds, data):
    """Whatever it was, whatever it becomes, and if the digest is made to fit, then after it."""
    entries, head = chain(deeds)
    at = data.draw(st.integers(0, len(entries) - 1))
    name = data.draw(st.sampled_from([one.name for one in fields(Deed)]))
    was = getattr(entries[at].deed, name)
    kinds = {float: TIMES, bool: st.booleans(), str: WORDS}
    other = data.draw(kinds[type(was)].filter(lambda value: value != was))
    edited = replace(entries[at], deed=replace(entries[at].deed, **{name: other}))

    forged = [*entries[:at], edited, *entries[at + 1 :]]
    assert at + 1 == first_fault(forged, START, head).number

    last = START if at == 0 else Anchor(at, entries[at - 1].digest)
    fitting = [*entries[:at], following(last, edited.deed), *entries[at + 1 :]]
    assert min(at + 2, len(entries)) == first_fault(fitting, START, head).number


@given(st.lists(DEEDS, min_size=2, max_size=6), st.data())
def test_what_is_taken_out_is_missed(deeds, data):
    """The newest one too, by the end that is sealed."""
    entries, head = chain(deeds)
    at = data.draw(st.integers(0, len(entries) - 1))

    assert at + 1 == first_fault(entries[:at] + entries[at + 1 :], START, head).number


def test_entries_that_change_places_are_found():
    """Order is part of what is told."""
    entries, head = chain([Deed(1.0, "a", "x", "", True, ""), Deed(2.0, "b", "x", "", True, "")])
    moved = [replace(entries[1], number=1), replace(entries[0], number=2)]

    assert 1 == first_fault(moved, START, head).number


def test_a_chain_written_anew_is_not_the_one_that_was_sealed():
    """All of its digests fit each other."""
    _, head = chain([Deed(1.0, "a", "x", "", True, "")])
    forged, _ = chain([Deed(1.0, "b", "x", "", True, "")])

    assert Fault(1, "not the one that was sealed as the newest") == first_fault(forged, START, head)


def test_an_export_is_all_that_somebody_else_needs_to_check_it():
    """With a digest and a JSON writer, and none of our code."""
    entries, _ = chain([Deed(1.5, "ä", "alert.ack", "a1", True, "::1", "why"), Deed(
        2.0, "b", "alert.close", "a1", False, "10.0.0.1")])  # fmt: skip
    before = bytes(32)
    for entry in entries:
        told = json.loads(json.dumps(entry_document(entry)))
        digest = bytes.fromhex(told.pop("digest"))
        text = json.dumps(told, sort_keys=True, separators=(",", ":"))
        assert digest == hashlib.sha256(before + text.encode()).digest()
        before = digest


def test_a_chain_is_what_it_was_in_every_release():
    """A golden digest: another way of writing an entry would break every chain that is kept."""
    deed = Deed(1_780_000_000.25, "anna", "alert.ack", "a1", True, "10.0.0.1", "")

    assert (
        b'{"action":"alert.ack","address":"10.0.0.1","at":1780000000.25,"done":true,"number":1,'
        b'"reason":"","subject":"a1","who":"anna"}'
    ) == canonical(1, deed)


@given(st.text(), st.text())
def test_any_text_can_be_kept(who, subject):
    """Names come from everywhere; half a character is no reason not to note a deed."""
    kept = plain(Deed(1.0, who * 50, "x", subject * 2, True, ""))

    kept.who.encode()
    assert len(kept.who) <= LONGEST["who"]
    assert kept == plain(kept)
