"""Rules of refused page tokens."""

import pytest

from reauth import refusals
from reauth.refusals import Refusals
from tests.live import EPOCH, claim


def told(refused, times, **who):
    return [refused.note(claim(**who), EPOCH + t) for t in times]


def test_one_refusal_is_normal_and_many_are_an_alert():
    """Of the sender, with no session and no lane."""
    *before, alert = told(Refusals(3, 60.0), [0, 1, 2])

    assert before == [None, None]
    assert (alert.kind, alert.session, alert.lane) == ("tokens", None, None)
    assert (alert.user, alert.client) == ("alice", "10.0.0.1")
    assert (alert.first_anomaly_at, alert.raised_at) == (EPOCH, EPOCH + 2)
    assert (alert.window, alert.low, alert.limit) == (3, 3, 3)
    assert (alert.rule, alert.level, alert.bound) == ("tokens", 3, 3)


def test_refusals_far_apart_are_none():
    """A browser that is opened every morning on an old page forges nothing."""
    assert told(Refusals(3, 60.0), [0, 40, 80, 120, 160]) == [None] * 5


def test_senders_are_counted_apart():
    """Each person, and each client of nobody known."""
    refused = Refusals(2, 60.0)

    assert told(refused, [0]) == told(refused, [1], user="bob") == [None]
    assert told(refused, [2], user=None) == told(refused, [3], client="10.0.0.2") == [None]


def test_the_same_span_has_the_same_alert():
    """Another process, or the same one after a crash, raises no second one."""
    one, two = (told(Refusals(2, 60.0), [0, at])[-1] for at in (1, 3))

    assert one.id == two.id
    assert told(Refusals(2, 60.0), [600, 601])[-1].id != one.id


@pytest.mark.parametrize("senders", [5, 50])
def test_memory_is_bounded(monkeypatch, senders):
    """Who was refused longest ago is forgotten first."""
    monkeypatch.setattr(refusals, "_KEYS", 3)
    refused = Refusals(2, 1000.0)
    for number in range(senders):
        told(refused, [number], client=f"10.0.1.{number}")

    assert told(refused, [senders], client="10.0.1.0") == [None]
    assert told(refused, [senders], client=f"10.0.1.{senders - 1}") != [None]
