"""Waits grow with each failure, end at a quarter of an hour, and are forgotten after a day."""

import pytest

from reauth.errors import Locked
from reauth.lockout import FORGET, LONGEST, begun, taken_back
from reauth.ports.accounts import Attempts


def waits(count, free=5):
    """The waits after each of so many tries, each made as soon as it may be."""
    tries, now, found = Attempts(), 1000.0, []
    for _ in range(count):
        tries = begun(tries, now, free)
        found.append(max(0.0, tries.until - now))
        now = max(now, tries.until)
    return found


def test_waits_double_once_the_free_tries_are_used_up():
    """And never beyond a quarter of an hour: nobody is kept out for ever."""
    assert [0, 0, 0, 0, 0, 5, 10, 20, 40, 80, 160, 320, 640, 900, 900] == waits(15)


def test_guessing_for_a_year_gives_few_guesses():
    """Ninety-six a day at most."""
    assert 5 * 86_400 < sum(waits(500))
    assert LONGEST == waits(500)[-1]


def test_a_try_that_comes_too_early_is_not_looked_at_and_counts_for_nothing():
    """It says how long to wait."""
    tries = begun(Attempts(failures=7, until=0.0, seen=90.0), 100.0, 5)

    with pytest.raises(Locked) as refused:
        begun(tries, 101.0, 5)

    assert 19.0 == refused.value.wait
    assert "wait 19 s" in str(refused.value)


def test_after_a_day_all_is_forgotten():
    """Somebody mistypes once a month for years."""
    assert 1 == begun(Attempts(failures=9, until=0.0, seen=0.0), FORGET, 5).failures


def test_a_success_takes_back_one_try_and_no_more():
    """Whoever has an account must not wash away guesses at others."""
    assert 6 == taken_back(Attempts(failures=7, until=500.0, seen=1.0)).failures
    assert 0 == taken_back(Attempts()).failures
