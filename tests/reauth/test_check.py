"""Lanes that ask the same of everybody."""

import pytest

from reauth.check import CheckLane, checks, keeper
from reauth.errors import TemplateError
from reauth.lane import Lane
from reauth.outcome import Dropped, Scored, Verdict
from reauth.session import Session
from tests.playbook import Play, asked, moves, template


def _outcomes(session, *scores):
    found = []
    for at, score in enumerate(scores):
        found += session.receive(moves(10.0 * at, 10.0 * at + 0.1, score=score))
    return found + session.rest()


def test_whoever_moves_is_judged():
    """Nobody is enrolled, and the alarm comes where the evidence reaches the bound."""
    found = _outcomes(Session.of([asked(bound=3.0)]), -1.0, -1.0, -1.0)

    assert [-1.0, -1.0, -1.0] == [each.score for each in found if isinstance(each, Scored)]
    [verdict] = [each for each in found if isinstance(each, Verdict)]
    assert (False, "bot", "cusum", 3.0) == (
        verdict.genuine, verdict.lane, verdict.rule, verdict.level,
    )  # fmt: skip


def test_silence_speaks_for_a_hand_only_after_a_while():
    found = _outcomes(Session.of([asked()]), *[1.0] * 5)

    [verdict] = [each for each in found if isinstance(each, Verdict)]
    assert (True, 4) == (verdict.genuine, verdict.number)


def test_what_cannot_be_judged_says_why():
    lane = asked().lane()
    [found] = _outcomes(Session.of([asked()]), 1.0)

    [outcome] = lane.judge(found.trajectory, "too_short")
    assert isinstance(outcome, Dropped)
    assert "too_short" == outcome.reason


def test_one_segmenter_cuts_for_all_lanes_that_name_it():
    """In order of the lanes, and as each would have it alone."""
    first = asked("bot")
    second = asked("replay", segmenter=first.segmenter)
    [identity] = Play().recipes
    session = Session.of([identity, first, second]).take([template()])

    scored = [each for each in _outcomes(session, 1.0, 2.0) if isinstance(each, Scored)]
    found = [(each.lane, each.score) for each in scored]
    assert [
        ("identity", 1.0), ("bot", 1.0), ("replay", 1.0),
        ("identity", 2.0), ("bot", 2.0), ("replay", 2.0),
    ] == found  # fmt: skip
    assert [False, False, True] == [lane.borrows for lane in session.lanes]


def test_movement_is_kept_for_the_first_lane_that_cuts_it():
    first = asked("bot")
    second = asked("replay", segmenter=first.segmenter)
    recipes = [*Play().recipes, first, second]

    assert ["bot", "bot"] == [keeper(recipes, each) for each in checks(recipes)]


def test_a_state_comes_back_whole():
    """Amid a movement, and two nats from an alarm."""
    first = asked("bot")
    recipes = [*Play().recipes, first, asked("replay", segmenter=first.segmenter)]
    straight, stored = (Session.of(recipes) for _ in range(2))
    begun = [*moves(0.0, 0.1, score=-2.0), *moves(9.0, 9.1, score=-2.0)]
    ends = moves(9.2, 20.0, score=-2.0)

    told = straight.receive([*begun, *ends])
    found = stored.receive(begun)
    restored = Session.of(recipes)
    restored.restore(stored.to_bytes())
    assert told == [*found, *restored.receive(ends)]
    assert any(isinstance(each, Verdict) for each in told)


def test_a_state_of_a_lane_with_a_template_is_refused():
    [recipe] = Play().recipes

    with pytest.raises(TemplateError, match="version 1"):
        asked().lane().restore(Lane(recipe, template()).to_bytes())


def test_a_template_is_of_somebody_and_changes_nothing():
    lane = asked().lane()
    lane.take(template())

    assert isinstance(lane, CheckLane)
    assert lane.template is None
    assert (lane,) == lane.devices
