"""What is told of decisions: changes, an alarm for a while, and nothing of what was cleared up."""

from copy import deepcopy
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reauth.decide import POLICIES
from reauth.decide.cusum import REFRACTORY
from reauth.decide.opinion import LONGEST, NEVER, Opinion, patience
from reauth.decide.window import WindowPolicy
from reauth.lab.episodes import Sentry, Stream
from reauth.template import Template

HELD_OUT = (np.random.default_rng(0).normal(1.0, 0.7, 500),)
KNOWN = Template("anna", "f", 1, "v", 1, 1, False, {}, {}, HELD_OUT, false_alarms=1 / 500)

every = pytest.mark.parametrize("name", POLICIES)


@cache
def fitted(name):
    return POLICIES[name](KNOWN, 8)


def opinion(name):
    """Of a user whose scores are well known and nearly always high."""
    return Opinion(deepcopy(fitted(name)), 1)


def alarms(of, scores):
    """The places of alarms, the first is 1."""
    return [place for place, score in enumerate(scores, 1) if of.update(score) is False]


def enrolled(*held_out):
    """A user of whom these scores were held out."""
    return replace(KNOWN, held_out=tuple(np.array(session) for session in held_out))


@every
def test_nobody_is_genuine_by_a_few_scores(name):
    """However well they speak for the user: somebody else would not have been noticed yet."""
    policy = deepcopy(fitted(name))
    wait = patience(policy, KNOWN)
    of = Opinion(policy, wait)

    said = [of.update(2.5) for _ in range(wait)]

    assert [None] * (wait - 1) == said[:-1]
    assert 2 <= wait <= 20
    assert True in [*said, *(of.update(2.5) for _ in range(200))]


@every
@pytest.mark.parametrize("held_out", [(), ([-0.5, 0.5] * 200,)])
def test_nobody_is_genuine_for_want_of_enrolment(name, held_out):
    """A limit that nobody would reach, as little or nothing was known when it was set."""
    learnt = enrolled(*held_out)
    policy = POLICIES[name](learnt, 100)
    of = Opinion(policy, patience(policy, learnt))

    assert {None} == {of.update(2.5) for _ in range(1500)}


@every
def test_silence_counts_from_an_alarm_or_an_anchor_anew(name):
    """Who is known is not trusted for what he did before."""
    policy = deepcopy(fitted(name))
    of = Opinion(policy, 30)
    first = [of.update(2.5) for _ in range(200)]
    of.anchor()

    assert first == [of.update(2.5) for _ in range(200)]
    assert 30 <= first.index(True) + 1


def test_patience_is_that_of_somebody_as_unlike_as_the_user_is_like():
    """In the order in which the scores came, over and over; the policy is fresh afterwards."""
    policy = WindowPolicy(0.0, 4, 3)
    fresh = policy.to_bytes()

    assert 4 == patience(policy, enrolled([1.0]))
    assert 5 == patience(policy, enrolled([-1.0, -1.0, 1.0], [1.0, 1.0]))
    assert NEVER == patience(policy, enrolled([1.0, -1.0]))
    assert NEVER == patience(WindowPolicy(0.0, LONGEST + 1, 1), enrolled([1.0]))
    assert LONGEST == patience(WindowPolicy(0.0, LONGEST, 1), enrolled([1.0]))
    assert fresh == policy.to_bytes()


@every
def test_an_alarm_stands_and_comes_again_from_other_scores(name):
    """Whoever stays is told of again, as soon as a fresh policy would have told."""
    [first] = alarms(opinion(name), [-2.0] * 60)

    assert [first, 2 * first + REFRACTORY] == alarms(opinion(name), [-2.0] * (REFRACTORY + 60))


@every
def test_who_comes_back_after_an_alarm_is_not_trusted_at_once(name):
    """Neither while it stands nor for the scores that came meanwhile."""
    used, fresh = opinion(name), opinion(name)
    [first] = alarms(opinion(name), [-2.0] * 60)
    alarms(used, [-2.0] * first)

    assert [None] * REFRACTORY == [used.update(2.0) for _ in range(REFRACTORY)]
    assert [fresh.update(2.0) for _ in range(60)] == [used.update(2.0) for _ in range(60)]


@every
@pytest.mark.parametrize("later", [0, 1, 50])
def test_after_an_anchor_nothing_old_raises_an_alarm(name, later):
    """It takes as many low scores as of somebody of whom nothing was known."""
    of = opinion(name)
    [first] = alarms(opinion(name), [-2.0] * 60)
    alarms(of, [-2.0] * (first + later))
    assert of.alarmed

    of.anchor()

    assert not of.alarmed
    assert opinion(name).to_bytes() == of.to_bytes()
    assert [first] == alarms(of, [-2.0] * 60)


class Hearsay:
    """A policy that says what it was told to, one after the other."""

    def __init__(self, *said):
        self.said = iter(said)

    def update(self, score):
        """Say the next."""
        return next(self.said)


def test_doubt_is_not_told_even_after_a_decision():
    """A policy may become undecided again; neither that nor the old decision is told anew."""
    of = Opinion(Hearsay(True, None, True, False), 1)

    assert [True, None, None, False] == [of.update(1.0) for _ in range(4)]


def test_what_wavers_about_the_limit_is_one_alarm():
    """The rule alone would alarm at every third score."""
    wavering = [-1.0, -1.0, 1.0] * 30
    rule = WindowPolicy(0.0, 2, 2)

    assert 30 == [rule.update(score) for score in wavering].count(False)
    assert [2] == alarms(Opinion(WindowPolicy(0.0, 2, 2), 1), wavering)


@every
def test_the_laboratory_counts_the_alarms_that_are_told(name):
    """Its figures are about what an installation does."""
    scores = np.random.default_rng(1).normal(-0.2, 1.0, 3000).clip(-2.5, 2.5)
    minutes = np.arange(scores.size, dtype=float)
    stream = Stream(scores, minutes, np.zeros(scores.size, np.int64), float(scores.size))
    sentry = Sentry(deepcopy(fitted(name)))
    sentry.begin()

    told = alarms(opinion(name), scores.tolist())

    assert len(told) > 5
    assert told == [place + 1 for place in sentry.watch(stream)]


@every
@given(data=st.data())
def test_the_state_survives_bytes_anywhere(name, data):
    """Also amid an alarm, and whether there was one."""
    run = data.draw(st.lists(st.sampled_from((-2.5, -2.0, 1.0)), max_size=140))
    at = data.draw(st.integers(0, len(run)))
    straight, first, second = opinion(name), opinion(name), opinion(name)

    expected = [straight.update(score) for score in run]
    found = [first.update(score) for score in run[:at]]
    second.from_bytes(first.to_bytes())
    found += [second.update(score) for score in run[at:]]

    assert expected == found
    assert (straight.alarmed, straight.to_bytes()) == (second.alarmed, second.to_bytes())
    assert straight.evidence() == second.evidence()


def test_a_state_that_is_cut_short_is_refused():
    """And the own one stays."""
    of = opinion("window")
    before = of.to_bytes()

    for wrong in (b"", before[:3], before[:-1]):
        with pytest.raises(ValueError, match="state"):
            of.from_bytes(wrong)
    assert before == of.to_bytes()
