"""Lanes from the names in the settings."""

from dataclasses import replace

import pytest

from reauth import lanes
from reauth.check import checks, keeper
from reauth.errors import SettingsError
from reauth.settings import BotLane, IdentityLane, Settings
from tests.rows import learnt

SETTINGS = Settings(identity_lane=IdentityLane(window=20))


def test_the_tables_make_the_lanes():
    """Identity as Medvet has it, and what is asked of everybody."""
    lane, *others = lanes.recipes(SETTINGS)

    assert ("identity", "medvet", "svm") == (lane.name, lane.features.name, lane.verifier.name)
    told = [(each.name, each.detector.name, each.policy().bound) for each in others]
    assert [("bot", "default", 10.0), ("replay", "turned", 10.0)] == told
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
    lane = lanes.identity_recipe(SETTINGS, rule)

    rule.take(replace(SETTINGS, identity_lane=IdentityLane(window=30)))
    with pytest.raises(SettingsError):
        rule.take(replace(SETTINGS, identity_lane=IdentityLane(policy="x", window=40)))

    assert 30 == lane.policy(learnt()).size


@pytest.mark.parametrize("verifier, keeps", [("svm", "bot"), ("movement", "identity")])
def test_whole_movements_are_cut_once_and_kept_for_one_lane(verifier, keeps):
    """By the identity lane, if that compares whole movements."""
    settings = Settings(identity_lane=IdentityLane(verifier=verifier))
    recipes = lanes.recipes(settings)

    assert 2 - (verifier == "movement") == len({id(each.segmenter) for each in recipes})
    assert keeps == lanes.kept_for(settings)
    assert {keeps} == {keeper(recipes, each) for each in checks(recipes)}


def test_a_lane_may_be_off():
    settings = replace(SETTINGS, bot_lane=BotLane(on=False))

    assert ["identity", "replay"] == [each.name for each in lanes.recipes(settings)]
    assert "replay" == lanes.kept_for(settings)


@pytest.mark.parametrize(
    "lane, near",
    [(BotLane(detector="defualt"), "'default'"), (BotLane(policy="spart"), "'sprt'")],
)
def test_an_unknown_name_of_a_check_tells_the_nearest(lane, near):
    with pytest.raises(SettingsError, match=f"bot_lane.*did you mean {near}"):
        lanes.recipes(replace(SETTINGS, bot_lane=lane))


def test_a_trajectory_too_short_for_its_features_is_refused_at_the_start():
    """Otherwise every trajectory would be dropped, and nobody ever enrolled."""
    short = replace(Settings(), identity_lane=IdentityLane(points=9))

    with pytest.raises(SettingsError, match="at least 10 for the medvet set"):
        lanes.recipes(short)
