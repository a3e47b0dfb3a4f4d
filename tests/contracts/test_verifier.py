"""What every verifier keeps, whichever it is: on an easy synthetic user."""

from dataclasses import replace

import numpy as np
import pytest

from reauth.errors import NotEnrolled, TemplateError
from reauth.store.templates import from_parts, to_parts
from reauth.template import Template
from reauth.verify import VERIFIERS, features_for
from reauth.verify.calibrate import CLIP
from tests.playbook import ALICE, MALLORY, OTHERS, units


@pytest.fixture(scope="module", params=VERIFIERS.values(), ids=list(VERIFIERS))
def verifier(request):
    return request.param


@pytest.fixture(scope="module")
def features(verifier):
    """The set that it is made for."""
    return features_for(verifier.name)


@pytest.fixture(scope="module")
def rows(features):
    """Features of a hand's units: as they are cut for the verifier."""
    return lambda hand, strokes, seed: features.extract_many(units(features, hand, strokes, seed))


@pytest.fixture(scope="module")
def learnt(verifier, rows):
    """What it learns of alice against three others."""
    own = [rows(ALICE, 60, seed) for seed in (1, 2)]
    others = [[rows(hand, 60, 3)] for hand in OTHERS.values()]
    return verifier.enrol(own, others, np.random.default_rng(0))


@pytest.fixture(scope="module")
def template(verifier, features, learnt):
    return Template(
        user="alice",
        feature_set=features.name,
        feature_version=features.version,
        verifier=verifier.name,
        verifier_version=verifier.version,
        version=3,
        provisional=learnt.provisional,
        arrays=learnt.arrays,
        calibration=learnt.calibration,
        held_out=learnt.held_out,
    )


@pytest.fixture(scope="module")
def scores(verifier, template, rows):
    """Scores of alice and of somebody whom no training has seen, on new movements."""
    found = [verifier.score_many(template, rows(hand, 120, 9)) for hand in (ALICE, MALLORY)]
    return found


def test_the_table_knows_it_by_its_name(verifier):
    """Settings and templates name a verifier; the table must find that one."""
    assert VERIFIERS[verifier.name] is verifier


def test_genuine_scores_are_above_an_unseen_impostors(scores):
    """An easy user must be easy: area under the curve at least 0.9."""
    genuine, impostor = scores

    assert (genuine[:, None] > impostor).mean() >= 0.9


def test_ratios_speak_for_the_user_and_against_the_impostor(scores):
    """On average positive for the one, negative for the other: thresholds mean the same."""
    genuine, impostor = scores

    assert genuine.mean() > 0 > impostor.mean()
    assert np.abs(np.concatenate(scores)).max() <= CLIP


def test_many_equal_one_by_one(verifier, template, rows):
    """Micro-batches are for speed; not even the last bits may tell."""
    new = rows(ALICE, 20, 11)

    expected = [verifier.score(template, each) for each in new]

    assert expected == verifier.score_many(template, new).tolist()
    assert [] == verifier.score_many(template, new[:0]).tolist()


def test_the_same_generator_gives_the_same_template(verifier, learnt, rows):
    """Training can be repeated, on this machine to the bit."""
    own = [rows(ALICE, 60, seed) for seed in (1, 2)]
    others = [[rows(hand, 60, 3)] for hand in OTHERS.values()]

    again = verifier.enrol(own, others, np.random.default_rng(0))

    for name, array in learnt.arrays.items():
        assert np.array_equal(array, again.arrays[name])
    for name, array in learnt.calibration.items():
        assert np.array_equal(array, again.calibration[name])


def test_a_template_survives_storage(verifier, template, rows):
    """npz and JSON, nothing else; scores are the same to the bit."""
    restored = from_parts(*to_parts(template))
    new = rows(MALLORY, 20, 12)

    assert verifier.score_many(template, new).tolist() == (
        verifier.score_many(restored, new).tolist()
    )


def test_a_template_of_another_version_is_refused(template):
    """A wrong score is worse than none."""
    with pytest.raises(TemplateError):
        from_parts(*to_parts(replace(template, verifier_version=template.verifier_version + 1)))


def test_held_out_ratios_are_honest(learnt, scores):
    """Those of training's own folds promise no more than new movements then keep."""
    held = np.concatenate(learnt.held_out)

    assert held.mean() <= scores[0].mean() + 0.5
    assert np.mean(held < 0) == pytest.approx(np.mean(scores[0] < 0), abs=0.15)


def test_too_little_is_refused(verifier, rows):
    """One movement is nobody."""
    with pytest.raises(NotEnrolled):
        verifier.enrol([rows(ALICE, 1, 1)], [], np.random.default_rng(0))


def test_alone_it_is_provisional_and_says_that_it_is_not_calibrated(verifier, features, rows):
    """Without others the sign still tells the user's own from what is unlike them."""
    alone = verifier.enrol([rows(ALICE, 150, 1)], [], np.random.default_rng(0))
    lone = Template(
        "alice", features.name, 1, verifier.name, verifier.version, 1,
        alone.provisional, alone.arrays, alone.calibration, alone.held_out,
    )  # fmt: skip
    genuine, impostor = (
        verifier.score_many(lone, rows(hand, 100, 9)) for hand in (ALICE, MALLORY)
    )

    assert lone.provisional
    assert not verifier.calibrated(lone)
    assert np.mean(genuine > 0) > 0.5 > np.mean(impostor > 0)
