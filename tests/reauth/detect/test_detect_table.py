"""Which detectors there are; what every one of them does is in `tests/contracts`."""

from reauth.detect import DETECTORS


def test_both_lanes_find_theirs():
    """By the names that the settings have by default."""
    assert {"default", "library"} == set(DETECTORS)


def test_a_library_is_as_large_as_it_may_be():
    assert 7 == DETECTORS["library"](7).remembers
    assert 0 == DETECTORS["default"](7).remembers
