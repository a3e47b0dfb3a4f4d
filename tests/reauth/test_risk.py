"""How much speaks against a session, of all that is asked of it."""

import numpy as np
import pytest

from reauth.decide import POLICIES
from reauth.decide.fixed import FIXED
from reauth.lane import Lane
from reauth.risk import risk_of, share_of
from reauth.session import Session
from reauth.template import Template
from tests.playbook import Play, asked, moves, template


def _session(*checks):
    [recipe] = Play(size=4, limit=4).recipes
    return Session([Lane(recipe, template()), *(check.lane() for check in checks)])


def _moved(session, *scores):
    """Let it receive a movement of each score, the last one ended by a rest."""
    for at, score in enumerate(scores):
        session.receive(moves(10.0 * at, 10.0 * at + 0.1, score=score))
    session.rest()


def _risk(session):
    return risk_of(lane for first in session.lanes for lane in first.devices)


def test_of_a_session_that_nothing_is_known_of_there_is_no_risk():
    """None is not 0: nobody has looked."""
    assert _risk(_session(asked())) is None


def test_what_speaks_for_the_user_is_no_risk():
    session = _session(asked())
    _moved(session, 1.0, 1.0)

    assert (0, ()) == (_risk(session).score, _risk(session).reasons)


def test_lanes_that_are_half_way_add_up():
    """A quarter, a half and a half leave 3/16."""
    session = _session(asked("bot", bound=2.0), asked("replay", bound=2.0))
    _moved(session, -1.0)

    assert 81 == _risk(session).score
    found = [(reason.lane, reason.share) for reason in _risk(session).reasons]
    assert [("bot", 0.5), ("replay", 0.5), ("identity", 0.25)] == found


def test_an_alarm_that_stands_is_all():
    session = _session(asked("bot", bound=2.0))
    _moved(session, -1.0, -1.0, 1.0)

    assert 100 == _risk(session).score


@pytest.mark.parametrize("rule", [*POLICIES])
def test_every_policy_goes_from_nothing_to_all(rule):
    """Whatever it counts: at an alarm the share is 1, after scores of the user it is small."""
    own = np.random.default_rng(1).normal(1.0, 1.0, 200)
    alone = Template("anna", "f", 1, "v", 1, 1, False, {}, {}, (own,))
    policy = POLICIES[rule](alone, 50)
    for score in own[:60]:
        policy.update(float(score))
    before = share_of(policy.evidence())
    while policy.update(-2.0) is not False:
        pass

    assert before < 0.8
    assert 1.0 == share_of(policy.evidence())


@pytest.mark.parametrize("rule", [*FIXED])
def test_so_does_every_policy_with_a_given_bound(rule):
    policy = FIXED[rule](4.0)
    policy.update(1.0)
    assert 0.0 == share_of(policy.evidence())

    while policy.update(-1.0) is not False:
        pass
    assert 1.0 == share_of(policy.evidence())
