"""The lane of a user, by itself; what a session makes of it is in `test_session.py`."""

import pytest

from reauth.errors import TemplateError
from reauth.lane import Lane
from reauth.trajectory import PauseSegmenter
from tests.playbook import PAUSE, Play, moves, template


def _recipe():
    [recipe] = Play(size=2, limit=2).recipes
    return recipe


def _movement(score=1.0):
    segmenter = PauseSegmenter(PAUSE, 2, 0.0)
    segmenter.feed_many(moves(0.0, 0.1, score=score))
    return segmenter.close()[0]


def test_without_a_template_nothing_is_compared():
    assert "not_enrolled" == _recipe().lane().item(_movement())


def test_a_segmenter_that_is_lent_is_kept_by_its_owner():
    """Its state stands once in a session's."""
    owner = _recipe().lane()
    borrower = _recipe().lane(owner.segmenter)
    owner.segmenter.feed_many(moves(0.0, 0.1))

    assert (False, True) == (owner.borrows, borrower.borrows)
    assert len(borrower.to_bytes()) < len(owner.to_bytes())
    again = _recipe().lane(owner.segmenter)
    assert again.restore(borrower.to_bytes()) == len(borrower.to_bytes())
    assert 1 == len(owner.segmenter.close())


def test_a_state_of_another_template_is_refused():
    lane = Lane(_recipe(), template(version=2))

    with pytest.raises(TemplateError, match="version 2"):
        Lane(_recipe(), template(version=3)).restore(lane.to_bytes())


def test_a_verdict_quotes_the_policy():
    lane = Lane(_recipe(), template(bias=-2.0))
    lane.judge(_movement(), -1.0)
    _, verdict = lane.judge(_movement(), -1.0)

    assert (False, 2, 2, 2) == (verdict.genuine, verdict.window, verdict.low, verdict.limit)
    assert ("window", 2.0, 2.0) == (verdict.rule, verdict.level, verdict.bound)
