"""Which detectors there are; what every one of them does is in `tests/contracts`."""

from reauth.detect import DETECTORS


def test_both_lanes_find_theirs():
    """By the names that the settings have by default."""
    assert {"default", "library", "turned"} == set(DETECTORS)


def test_a_library_is_as_large_as_it_may_be():
    assert [7, 7] == [DETECTORS[name](7).remembers for name in ("library", "turned")]
    assert 0 == DETECTORS["default"](7).remembers
