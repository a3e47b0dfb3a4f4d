"""Policies on streams: alarms counted once, takeovers timed from the change of seats."""

import math

import numpy as np
import pytest

from reauth.decide import POLICIES
from reauth.decide.window import WindowPolicy
from reauth.lab.episodes import MOST_EPISODES, REFRACTORY, Episode, Stream, owned, takeovers
from reauth.template import Template


def policy():
    """Two low scores of the last three raise an alarm."""
    return WindowPolicy(0.0, 3, 2)


def stream(*scores, runs=None, pace=30.0):
    """A score every half minute of activity."""
    n = len(scores)
    run = np.zeros(n, np.int64) if runs is None else np.array(runs)
    return Stream(np.array(scores, float), pace * np.arange(1, n + 1), run, pace * n)


def draws():
    return np.random.default_rng(0)


def test_an_alarm_is_one_however_long_it_lasts():
    """Then there is quiet, and the policy begins anew: undecided until its window is full."""
    low = stream(*[-1.0] * (3 + REFRACTORY + 3))
    shorter = stream(*[-1.0] * (3 + REFRACTORY + 2))

    assert 2 == owned(policy, [low]).alarms
    assert 1 == owned(policy, [shorter]).alarms


def test_a_long_pause_makes_the_policy_undecided():
    """Neither trusted nor suspected, as live; and what was quiet may speak."""
    cut = stream(-1, 1, -1, -1, 1, runs=[0, 0, 1, 1, 1])

    assert 1 == owned(policy, [cut]).alarms
    assert 0 == owned(policy, [stream(-1, 1, -1, 1, -1, runs=[0, 0, 1, 1, 2])]).alarms


def test_sessions_do_not_hang_together():
    """Each file is a session of its own."""
    found = owned(policy, [stream(-1, 1), stream(-1, 1, 1), stream()])

    assert (0, 5, 1, 150.0) == (found.alarms, found.scores, found.decided, found.active)


def test_a_takeover_is_timed_from_the_change_of_seats():
    """The window still holds the user's scores: two low ones are needed, not three."""
    history, attack = stream(1, 1, 1), stream(-1, -1, -1, -1)

    [episode] = takeovers(policy, [history], [("eve", attack)], draws())

    assert Episode("eve", 1.0, 2.0, 2.0, 4) == episode


def test_what_the_user_left_behind_counts():
    """A low score just before makes the alarm quicker; a false one just before, later."""
    [quick] = takeovers(policy, [stream(1, 1, -1)], [("eve", stream(-1, -1))], draws())
    [late] = takeovers(policy, [stream(1, -1, -1)], [("eve", stream(*[-1] * 200))], draws())

    assert 1.0 == quick.units
    assert REFRACTORY + 3 == late.units


def test_whoever_is_not_caught_has_no_delay():
    """Infinite, and how long he stayed is known."""
    [episode] = takeovers(policy, [stream(1, 1, 1)], [("eve", stream(1, -1, 1))], draws())

    assert (math.inf, math.inf, 1.5, 3) == (
        episode.minutes, episode.units, episode.lasted, episode.scored,
    )  # fmt: skip


def test_every_session_is_followed_by_every_impostor():
    """But for those in which nothing was acquired; of too many pairs some are drawn, by seed."""
    mine = [stream(1, 1, 1), stream(), stream(1)]
    theirs = [("eve", stream(-1)), ("mal", stream()), ("eve", stream(1))]

    assert 4 == len(takeovers(policy, mine, theirs, draws()))
    many = takeovers(policy, [stream(1)] * 20, [(str(n), stream(1)) for n in range(20)], draws())
    again = takeovers(policy, [stream(1)] * 20, [(str(n), stream(1)) for n in range(20)], draws())
    assert MOST_EPISODES == len(many)
    assert many == again
    assert [] == takeovers(policy, [], theirs, draws())


@pytest.mark.parametrize("name", POLICIES)
def test_any_policy_of_the_table_can_be_watched(name):
    """By the protocol alone: long runs of low scores are noticed, high ones are not."""
    held_out = (np.random.default_rng(0).normal(1.0, 0.7, 500),)
    learnt = Template("anna", "f", 1, "v", 1, 1, False, {}, {}, held_out, false_alarms=1 / 500)

    def make():
        return POLICIES[name](learnt, 8)

    good, bad = stream(*[1.5] * 60), stream(*[-2.0] * 60)

    [episode] = takeovers(make, [good], [("eve", bad)], draws())
    assert 0 == owned(make, [good]).alarms
    assert episode.units < 60
