"""What is evaluated: the shipped parts by their names."""

from dataclasses import replace

import pytest

from reauth.decide import POLICIES
from reauth.decide import RECOMMENDED as POLICY
from reauth.enrol import BACKGROUND
from reauth.errors import SettingsError
from reauth.features import FEATURE_SETS
from reauth.lab.method import code, key_of, method_of
from reauth.settings import Settings
from reauth.verify import RECOMMENDED as VERIFIER
from reauth.verify import VERIFIERS


def made(verifier="svm", policy="window", least=20, settings=None):
    return method_of(settings or Settings(), verifier, policy, least)


@pytest.mark.parametrize("name", VERIFIERS)
def test_a_verifier_is_the_shipped_one_with_its_own_features(name):
    """And its segmenter is the lane's."""
    method = made(name)

    assert name == method.verifier.name
    assert method.features.name in FEATURE_SETS
    assert [] == method.segmenter().close()


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_is_made_from_the_template(name, alice):
    """With the window of the settings."""
    assert made(policy=name).policy(alice).update(0.0) is None


def test_recommended_is_what_the_tables_recommend():
    """Whatever that is today."""
    assert made(VERIFIER, POLICY) == made("recommended", "recommended")


@pytest.mark.parametrize("names", [{"verifier": "tea"}, {"policy": "tea"}])
def test_an_unknown_name_is_answered_with_those_that_there_are(names):
    """Exit 2 of the command line."""
    with pytest.raises(SettingsError, match=r"no \w+ 'tea'; there are: recommended, "):
        made(**names)


def test_enrolment_is_bound_by_the_given_least_only():
    """`[enrolment] min_trajectories` is the product's (interfaces.md §7)."""
    assert 7 == made(least=7).options.min_trajectories


def test_of_many_others_less_is_taken_of_each():
    """As `Enroller.train` does."""
    assert 400 == made().most(5)
    assert BACKGROUND // 100 == made().most(100)
    assert 20 == made().most(10_000)


def test_other_settings_have_another_key():
    """Or a second start would take up what is not its own."""
    lane = replace(Settings().identity_lane, pause=0.7)
    paused = made(settings=replace(Settings(), identity_lane=lane))

    assert made().enrolling_key == made().enrolling_key
    assert 3 == len({one.enrolling_key for one in (made(), made(least=7), paused)})
    assert made().cutting_key == made(least=7).cutting_key != paused.cutting_key
    assert key_of(1) != key_of(2)
    assert 64 == len(code())
