"""Templates as arrays and JSON, by an explicit list of types."""

import json
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reauth.errors import TemplateError
from reauth.pace import MEDVET_RATE
from reauth.store.templates import MOST_BYTES, from_parts, to_parts


@pytest.fixture(scope="module")
def parts(alice):
    """A template as it is stored."""
    return to_parts(alice)


def plain(parts, **other):
    """The same with other plain values."""
    return json.dumps({**json.loads(parts[0]), **other}), parts[1]


def packed(parts, change):
    """The same with other arrays: `change` alters the dictionary of them."""
    with np.load(BytesIO(parts[1])) as file:
        arrays = dict(file)
    change(arrays)
    buffer = BytesIO()
    np.savez(buffer, **arrays)
    return parts[0], buffer.getvalue()


def test_a_template_comes_back_as_it_was(alice, parts):
    """Every value and every bit."""
    found = from_parts(*parts)

    for name in ("arrays", "calibration"):
        before, after = getattr(alice, name), getattr(found, name)
        assert before.keys() == after.keys()
        assert all(np.array_equal(before[key], after[key]) for key in before)
    assert [part.tolist() for part in alice.held_out] == [p.tolist() for p in found.held_out]
    rest = {"arrays": {}, "calibration": {}, "held_out": ()}
    assert repr(replace(alice, **rest)) == repr(replace(found, **rest))


def test_a_template_without_held_out_data_or_quality_comes_back_too(alice):
    """Both may be missing, and stay missing."""
    found = from_parts(*to_parts(replace(alice, held_out=(), quality=None)))

    assert ((), None) == (found.held_out, found.quality)


def test_a_template_of_an_earlier_release_has_the_papers_pace(parts):
    """And is compared on any device: it was stored before anybody looked."""
    before = json.loads(parts[0])
    del before["pace"], before["devices"]

    found = from_parts(json.dumps(before), parts[1])

    assert (MEDVET_RATE, ()) == (found.pace, found.devices)


def test_an_empty_held_out_session_keeps_its_place(alice):
    """Sessions are counted; an empty one is not the end of the list."""
    held = (np.array([1.0]), np.empty(0), np.array([2.0, 3.0]), np.empty(0))

    found = from_parts(*to_parts(replace(alice, held_out=held)))

    assert [1, 0, 2, 0] == [len(part) for part in found.held_out]


@pytest.mark.parametrize(
    "other",
    [
        {"format": 2},
        {"feature_version": 99},
        {"verifier_version": 99},
        {"feature_set": "unknown"},
        {"verifier": "unknown"},
        {"verifier": ["svm"]},
        {"user": 7},
        {"version": True},
        {"threshold": "0"},
        {"false_alarms": 2.0},
        {"pace": 0.0},
        {"devices": "frame"},
        {"extra": 1},
        {"quality": [{"window": 1}]},
        {"quality": 5},
    ],
)
def test_plain_values_that_are_not_as_listed_are_refused(parts, other):
    """Another version, another type, one value more: no template."""
    with pytest.raises(TemplateError):
        from_parts(*plain(parts, **other))


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", "5", '{"format": 1}'])
def test_text_that_is_no_template_is_refused(parts, text):
    """Not a crash: an error of ours."""
    with pytest.raises(TemplateError):
        from_parts(text, parts[1])


def set_(name, value):
    def change(arrays):
        arrays[name] = value(arrays[name]) if callable(value) else value

    return change


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: arrays.pop("arrays.weights"),
        set_("arrays.extra", np.zeros(1)),
        set_("arrays.weights", lambda weights: weights.astype(np.float32)),
        set_("arrays.weights", lambda weights: weights[:-1]),
        set_("arrays.weights", lambda weights: weights[:, None]),
        set_("arrays.weights", lambda weights: weights * np.nan),
        set_("arrays.gamma", np.zeros(2)),
        set_("calibration.ratio", np.zeros(3)),
        set_("held.sizes", np.array([1.0])),
        set_("held.sizes", np.array([-1.0])),
    ],
    ids=range(10),
)
def test_arrays_that_are_not_as_listed_are_refused(parts, change):
    """Names, types, dimensions, lengths that fit each other, finite numbers."""
    with pytest.raises(TemplateError):
        from_parts(*packed(parts, change))


def test_objects_are_never_unpickled(parts):
    """An array of objects is code in disguise."""
    with pytest.raises(TemplateError, match="cannot be read"):
        from_parts(*packed(parts, set_("arrays.weights", np.array([print], dtype=object))))


def test_a_bomb_is_refused_before_it_is_unpacked(parts):
    """A megabyte of zeros packs into a kilobyte."""
    buffer = BytesIO()
    np.savez_compressed(buffer, **{"arrays.weights": np.zeros(MOST_BYTES // 8)})

    with pytest.raises(TemplateError, match="larger"):
        from_parts(parts[0], buffer.getvalue())


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_damaged_bytes_are_refused_or_harmless(alice, data):
    """Whatever the database gives: a template of the listed shapes, or one error."""
    text, arrays = to_parts(alice)
    at = data.draw(st.integers(0, len(arrays) - 1))
    junk = data.draw(st.binary(max_size=40))

    try:
        found = from_parts(text, arrays[:at] + junk + arrays[at + len(junk) :])
    except TemplateError:
        return
    assert alice.arrays["support"].shape[1] == len(found.arrays["mean"])
