"""What is evaluated: the shipped parts by their names."""

from dataclasses import replace

import numpy as np
import pytest

from reauth.decide import POLICIES
from reauth.decide import RECOMMENDED as POLICY
from reauth.enrol import BACKGROUND
from reauth.errors import SettingsError
from reauth.features import FEATURE_SETS
from reauth.lab.method import SHIPPED, Variant, code, key_of, method_of
from reauth.lab.synth import draw_person, recording
from reauth.settings import Settings
from reauth.verify import RECOMMENDED as VERIFIER
from reauth.verify import VERIFIERS
from tests.playbook import ALICE, trajectories


def made(verifier="svm", policy="window", least=20, settings=None, variant=SHIPPED):
    return method_of(settings or Settings(), verifier, policy, least, variant)


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


def test_a_comparison_is_made_like_the_shipped_ones():
    """It has its features and the settings' caps; what it is not is in the live table."""
    method = made("trees")

    assert ("trees", "movement", 20) == (
        method.verifier.name, method.features.name, method.options.min_trajectories,
    )  # fmt: skip
    assert "medvet" == made("trees", settings=with_lane(features="medvet")).features.name


def with_lane(**changed):
    return replace(Settings(), identity_lane=replace(Settings().identity_lane, **changed))


def test_groups_of_features_are_left_out():
    """All else is as it was, number for number; a verifier is learnt from what is left."""
    whole, part = made(), made(variant=Variant(without=("direction", "timing")))
    drawn = trajectories(ALICE, 4, 1)

    names = part.features.names
    assert {"width", "path"} < set(names) < set(whole.features.names)
    assert not [name for name in names if name.startswith(("direction", "speed"))]
    kept = [whole.features.names.index(name) for name in names]
    rows = part.features.extract_many(drawn)
    assert whole.features.extract_many(drawn)[:, kept].tolist() == rows.tolist()
    assert rows[0].tolist() == part.features.extract(drawn[0]).tolist()
    assert [whole.features.units[place] for place in kept] == list(part.features.units)
    assert {"shape"} == {group for group, left in part.features.groups.items() if left}


@pytest.mark.parametrize(
    ("groups", "answer"),
    [
        (("tea",), "'medvet' have no group 'tea'; they have: shape, "),
        (("direction", "shape", "timing"), "no feature is left"),
    ],
)
def test_a_group_that_there_is_not_is_told_before_any_work(groups, answer):
    """With those that there are; and something must be left to compare."""
    with pytest.raises(SettingsError, match=answer):
        made(variant=Variant(without=groups))


def test_a_recording_may_be_cut_as_another_clock_would_tell_it():
    """The device is still of its class, as who attacks whom rests on it; its period is not told."""
    rng = np.random.default_rng(3)
    events = recording(draw_person(rng), 12, rng)

    plain, gridded = made().cut(events), made(variant=Variant(resample=0.05)).cut(events)

    assert ("native", "native") == (plain.facts.device_class, gridded.facts.device_class)
    assert (None, 0.05) == (plain.facts.clock, pytest.approx(gridded.facts.period))
    assert plain.facts.period == gridded.facts.clock
    steps = np.concatenate([np.diff(unit.t) for unit in gridded.trajectories])
    assert steps.min() == pytest.approx(0.05)


def test_a_verifier_may_be_changed_in_a_field():
    """For the table of ingredients."""
    changed = made("movement", variant=Variant(verifier=(("ranked", False),)))

    assert (True, False) == (made("movement").verifier.ranked, changed.verifier.ranked)


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
    grid, less = (made(variant=Variant(**each)) for each in ({"resample": 0.1},
                                                             {"without": ("timing",)}))
    assert 3 == len({one.enrolling_key for one in (made(), grid, less)})
    assert made().cutting_key == less.cutting_key != grid.cutting_key
    assert key_of(1) != key_of(2)
    assert 64 == len(code())
