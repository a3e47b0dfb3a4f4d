"""Rules of admission."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reauth import admission
from reauth.admission import Admission
from reauth.errors import Overloaded


def admitted(limiter, times, octets=1):
    count = 0
    for now in times:
        try:
            limiter.admit("u", octets, now)
            count += 1
        except Overloaded as error:
            assert (error.status, error.reason) == (429, "rate")
            assert error.retry_after > 0
    return count


def test_a_burst_is_admitted_and_then_the_rate():
    """40 at once, then 4 a second."""
    limiter = Admission(4.0, 40.0, 1e9)

    assert admitted(limiter, [0.0] * 50) == 40
    assert admitted(limiter, [1.0] * 50) == 4


def test_callers_faster_than_one_a_second_are_refilled():
    """Fractions of a token are kept: 0.1 s at 4 a second is 0.4 of a batch."""
    limiter = Admission(4.0, 2.0, 1e9)

    assert admitted(limiter, [i * 0.1 for i in range(101)]) == pytest.approx(41, abs=1)


def test_bytes_count_too():
    """Few large batches are refused like many small ones."""
    limiter = Admission(4.0, 40.0, 1000.0)

    assert admitted(limiter, [0.0] * 5, octets=4000) == 2


def test_identities_do_not_share_a_bucket():
    """One person's burst never costs another's batch."""
    limiter = Admission(1.0, 1.0, 1e9)
    limiter.admit("a", 1, 0.0)

    limiter.admit("b", 1, 0.0)
    with pytest.raises(Overloaded):
        limiter.admit("a", 1, 0.0)


def test_the_number_of_buckets_is_bounded(monkeypatch):
    """Identities without end cannot fill the memory; who was quiet longest is forgotten."""
    monkeypatch.setattr(admission, "_IDENTITIES", 2)
    limiter = Admission(1.0, 1.0, 1e9)
    for name in ("a", "b", "c"):
        limiter.admit(name, 1, 0.0)

    limiter.admit("a", 1, 0.0)
    with pytest.raises(Overloaded):
        limiter.admit("c", 1, 0.0)


@given(st.lists(st.floats(0, 5), max_size=200))
def test_no_pattern_of_calls_beats_burst_plus_rate(steps):
    """However the calls are spread, and whether the clock steps back or not."""
    limiter = Admission(4.0, 40.0, 1e9)
    now, times = 0.0, []
    for step in steps:
        now += step
        times.append(now)

    assert admitted(limiter, times) <= 40 + 4 * now + 1e-6
