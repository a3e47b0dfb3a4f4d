"""Rules of the wall clock."""

import subprocess

import pytest

from reauth.clock import BUILT, Steps, synchronised


def test_a_clock_from_before_the_release_is_wrong_for_as_long_as_it_is():
    """A dead battery says 1970."""
    steps = Steps(lambda: 10.0, lambda: 0.0)

    assert steps.fault() == steps.fault() == "says 1970-01-01: set it"


def test_time_that_passes_is_no_step():
    """However long nobody looked."""
    wall, steady = iter([BUILT, BUILT + 90_000.0]), iter([5.0, 90_005.0])
    steps = Steps(lambda: next(wall), lambda: next(steady))

    assert steps.fault() is None


def test_the_kernel_is_asked_and_nothing_is_changed():
    """Its answer is that of `adjtimex --print`, where that program is here."""
    told = synchronised()

    assert told in (True, False, None)
    try:
        shown = subprocess.run(["adjtimex", "--print"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no program here says so too")
    assert told is ("return value = 5" not in shown.stdout)
