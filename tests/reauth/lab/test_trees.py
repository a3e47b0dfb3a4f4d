"""Boosted trees: a verifier like the others, which no installation has."""


import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from reauth.errors import NotEnrolled
from reauth.features import FEATURE_SETS
from reauth.lab.comparisons import codec_with_comparisons
from reauth.lab.evaluate import evaluate
from reauth.lab.method import Variant, method_of
from reauth.lab.trees import Trees, _nodes, decision
from reauth.settings import Settings
from reauth.template import Template
from tests.playbook import ALICE, MALLORY, OTHERS, units
from tests.reauth.lab.towns import CODEC, build, request

FEATURES = FEATURE_SETS["movement"]
FEW = Trees(rounds=20)


def rows(hand, count, seed):
    return FEATURES.extract_many(units(FEATURES, hand, count, seed))


def learnt(*others):
    own = [rows(ALICE, 60, seed) for seed in (1, 2)]
    hands = others or OTHERS.values()
    return FEW.enrol(own, [[rows(hand, 60, 3)] for hand in hands], np.random.default_rng(0))


@pytest.fixture(scope="module")
def template():
    found = learnt()
    return Template(
        "alice", "movement", 1, "trees", 1, 0, found.provisional, found.arrays,
        found.calibration, found.held_out, devices=("native",),
    )  # fmt: skip


def test_an_easy_user_is_told_apart_by_ratios(template):
    """Above 0 for the one, below for somebody whom no training has seen."""
    own, other = (FEW.score_many(template, rows(hand, 80, 9)) for hand in (ALICE, MALLORY))

    assert (own[:, None] > other).mean() > 0.9
    assert own.mean() > 0 > other.mean()
    assert FEW.calibrated(template)


def test_nodes_decide_as_the_fitted_trees_do():
    """To the last bits: what is kept of them is all of them."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(300, 5))
    estimator = HistGradientBoostingClassifier(max_iter=30, early_stopping=False)
    estimator.fit(x, x[:, 0] * x[:, 1] + rng.normal(0, 0.3, 300) > 0)
    new = rng.normal(size=(100, 5))

    assert np.allclose(estimator.decision_function(new), decision(_nodes(estimator), new))
    assert (0,) == decision(_nodes(estimator), new[:0]).shape


def test_many_equal_one_by_one_and_training_can_be_repeated(template):
    """As of every verifier."""
    new = rows(ALICE, 20, 11)
    again = learnt()

    expected = [FEW.score(template, each) for each in new]
    assert expected == FEW.score_many(template, new).tolist()
    assert all(
        np.array_equal(array, again.arrays[name]) for name, array in template.arrays.items()
    )
    assert set(FEW.arrays) == set(again.arrays)
    assert set(FEW.calibration) == set(again.calibration)


def test_too_little_is_refused():
    """There is no tree of one class."""
    with pytest.raises(NotEnrolled, match="2 others, here are 120 and 1"):
        learnt(MALLORY)


@pytest.mark.slow
def test_they_are_evaluated_as_the_shipped_ones_are(tmp_path):
    """By templates on disk, and processes that know nothing else."""
    variant = Variant(verifier=(("rounds", 5),))
    asked = request(
        build(tmp_path / "data", twice=8, once=0, movements=25), tmp_path / "out", windows=(5,),
        method=method_of(Settings(), "trees", "window", 20, variant), shuffled=0,
        codec=codec_with_comparisons(CODEC),
    )  # fmt: skip

    report = evaluate(asked).report

    assert ("trees", 8) == (report["protocol"]["verifier"], report["protocol"]["users_enrolled"])
    assert report["eer"]["5"]["pooled"] < 0.45
