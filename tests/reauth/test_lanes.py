"""Lanes from the names in the settings."""

from dataclasses import replace

import pytest

from reauth import lanes
from reauth.errors import SettingsError
from reauth.settings import IdentityLane, Settings
from tests.rows import learnt

SETTINGS = Settings(identity_lane=IdentityLane(window=20))


def test_the_tables_make_the_lanes():
    """One lane for now: identity, as Medvet has it."""
    [lane] = lanes.recipes(SETTINGS)

    assert ("identity", "medvet", "svm") == (lane.name, lane.features.name, lane.verifier.name)
    assert 20 == lane.policy(learnt()).size
    assert lane.segmenter() is not lane.segmenter()


@pytest.mark.parametrize(
    "lane, near",
    [
        (IdentityLane(verifier="swm"), "'svm'"),
        (IdentityLane(policy="windows"), "'window'"),
        (IdentityLane(features="medved"), "'medvet'"),
    ],
)
def test_an_unknown_name_tells_the_nearest(lane, near):
    """Settings are written by hand."""
    with pytest.raises(SettingsError, match=f"did you mean {near}"):
        lanes.recipes(replace(SETTINGS, identity_lane=lane))


def test_a_rule_follows_the_settings_for_new_sessions():
    """What is wrong changes nothing."""
    rule = lanes.Rule(SETTINGS)
    [lane] = lanes.recipes(SETTINGS, rule)

    rule.take(replace(SETTINGS, identity_lane=IdentityLane(window=30)))
    with pytest.raises(SettingsError):
        rule.take(replace(SETTINGS, identity_lane=IdentityLane(policy="x", window=40)))

    assert 30 == lane.policy(learnt()).size


def test_a_trajectory_too_short_for_its_features_is_refused_at_the_start():
    """Otherwise every trajectory would be dropped, and nobody ever enrolled."""
    short = replace(Settings(), identity_lane=IdentityLane(points=9))

    with pytest.raises(SettingsError, match="at least 10 for the medvet set"):
        lanes.recipes(short)
