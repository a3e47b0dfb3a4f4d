"""Rules of the brake: a population that drifts is one finding, and chance never is."""

from dataclasses import replace

import numpy as np
import pytest

from reauth.brake import BUCKETS, CHANCE, Brake, at_least
from reauth.settings import Alerts
from tests.rows import alarm

WANTED = Alerts(brake=3600.0, brake_users=5, brake_share=0.1)
USERS = [f"u{n}" for n in range(40)]


def compared(brake, users=USERS, at=0.0, expected=0.001):
    for user in users:
        brake.compared(at, user, expected)
    return brake


def pressed(brake, users, at=60.0):
    """What becomes of an alert of each of these users, one after the other."""
    return [
        told
        for user in users
        for told in brake.pressed([alarm(f"of {user}", user=user, session=f"s {user}")], at)
    ]


def test_a_few_alerts_are_each_their_own():
    """Somebody can look at four."""
    told = pressed(compared(Brake(WANTED)), USERS[:4])

    assert [False] * 4 == [alert.suppressed for alert in told]
    assert {"impostor"} == {alert.kind for alert in told}


def test_many_at_once_are_one_finding_and_their_own_are_kept_and_held_back():
    """Who was first has been told already; from then on nobody is called for each."""
    told = pressed(compared(Brake(WANTED)), USERS[:8])

    kinds = [(alert.kind, alert.suppressed) for alert in told]
    own, held = ("impostor", False), ("impostor", True)
    assert [own] * 4 + [("population", False)] + [held] * 4 == kinds
    finding = told[4]
    assert (finding.user, finding.session, finding.lane) == (None, None, None)
    assert (5, 40, 5) == (finding.low, finding.window, finding.limit)


def test_one_user_who_alarms_again_and_again_is_no_population():
    """People are counted, not alerts."""
    told = pressed(compared(Brake(WANTED)), ["u1"] * 50)

    assert not any(alert.suppressed for alert in told)


def test_as_many_as_chance_would_have_are_no_finding():
    """Where each of forty may alarm falsely with one half, twenty alarms mean nothing."""
    often = compared(Brake(WANTED), expected=0.7)

    assert not any(alert.suppressed for alert in pressed(often, USERS[:20]))


def test_a_share_of_the_people_is_needed():
    """Six of a thousand is an attack on six."""
    many = compared(Brake(WANTED), [f"v{n}" for n in range(1000)], expected=1e-6)

    assert not any(alert.suppressed for alert in pressed(many, USERS[:6]))


def test_what_lies_too_far_back_counts_no_longer():
    """The brake lets go by itself, and a later drift is a finding of its own."""
    brake = compared(Brake(WANTED))
    first = pressed(brake, USERS[:6])
    compared(brake, at=7200.0)
    alone = pressed(brake, USERS[:1], at=7260.0)
    second = pressed(brake, USERS[:6], at=7300.0)

    assert [False] == [alert.suppressed for alert in alone]
    findings = [alert.id for alert in first + second if alert.kind == "population"]
    assert 2 == len(set(findings)) == len(findings)


def test_a_clock_that_is_set_back_breaks_nothing():
    """What is told then belongs to the newest part."""
    brake = compared(Brake(WANTED), at=7200.0)

    assert [False] == [alert.suppressed for alert in pressed(brake, ["u1"], at=10.0)]
    assert {"u1"} == brake.alarming()


def test_what_is_not_about_a_known_user_passes():
    """Bots, replays, forged tokens and people whom nobody can name are no drift."""
    brake = compared(Brake(WANTED))
    pressed(brake, USERS[:6])
    others = [alarm(lane="bot", kind="bot"), alarm(lane=None, kind="tokens"), alarm(user=None)]

    assert others == brake.pressed(others, 60.0)


def test_memory_is_bounded_by_the_time_looked_back_on():
    """A part for each twelfth, whatever comes."""
    brake = Brake(WANTED)
    for minute in range(10_000):
        brake.compared(60.0 * minute, f"u{minute}", 0.01)

    assert len(brake._parts) <= BUCKETS
    assert len(brake._compared()) <= 61


@pytest.mark.parametrize("mean", [0.1, 1.0, 10.0, 100.0])
def test_the_bound_is_one(mean):
    """It is never below what happens: sums of unequal chances, drawn many times."""
    rng = np.random.default_rng(0)
    chances = np.clip(rng.dirichlet(np.ones(400)) * mean, 0, 1)
    drawn = (rng.random((4000, 400)) < chances).sum(axis=1)

    for count in range(int(mean), int(mean + 6 * mean**0.5 + 6)):
        assert (drawn >= count).mean() <= at_least(count, mean) + 0.03


def test_nothing_expected_makes_any_alarm_a_surprise():
    """A mean of none bounds nothing from below."""
    assert (0.0, 1.0) == (at_least(1, 0.0), at_least(0, 0.0))
    assert CHANCE > at_least(30, 5.0)


def test_the_settings_say_when():
    """Three people may be enough for a small house."""
    small = compared(Brake(replace(WANTED, brake_users=3)), expected=1e-5)
    told = pressed(small, USERS[:5])

    assert "population" in [alert.kind for alert in told]
