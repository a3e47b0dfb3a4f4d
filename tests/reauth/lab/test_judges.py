"""Classifiers, splits and counts."""

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support, roc_auc_score

from reauth.generate.recurrent import Sequences
from reauth.lab.judges import (
    FOLDS,
    METRICS,
    Judged,
    Reader,
    at_random,
    auc,
    balanced,
    classifiers,
    counted,
    crossed,
    folds,
    one_class,
    read_by,
    taught,
)

RNG = np.random.default_rng(1)
HUMAN = np.arange(240) % 2 == 0
ROWS = RNG.normal(size=(240, 4)) + 2.0 * HUMAN[:, None]
PERSON = np.array([f"p{at // 12}" for at in range(240)])


@pytest.mark.parametrize("name", ["SVM", "KNN", "RF", "MLP"])
def test_a_classifier_tells_what_can_be_told(name):
    """Shares of 1 that a person moved."""
    training, test = at_random(HUMAN, np.random.default_rng(2))
    said = taught(classifiers(1)[name], ROWS[training], HUMAN[training])(ROWS[test])

    assert ((said >= 0) & (said <= 1)).all()
    assert 0.9 < counted(HUMAN[test], said, np.ones(len(test)))["Acc"]


def test_one_class_knows_people_only():
    """What is far from all of them is no person."""
    judge = one_class(ROWS[HUMAN])

    assert 0.8 < np.mean(judge(ROWS[HUMAN]) > 0.5)
    assert (judge(ROWS[HUMAN] + 50) < 0.5).all()


@pytest.mark.parametrize("cell", ["LSTM", "GRU"])
def test_a_network_learns_to_read(cell):
    """Machines step evenly here; people do not. The same seed says the same."""
    pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    counts = rng.integers(5, 12, 80)
    steps = np.ones((80, 12, 2)) + (np.arange(80) % 2)[:, None, None] * rng.normal(size=(80, 12, 2))
    shown = Sequences(steps, np.zeros(80), counts)
    human = np.arange(80) % 2 == 1
    reader = Reader(cell, (8, 4), 125, 1, batch=16, rate=1e-2)

    said = read_by(reader, shown, human)(shown)
    assert 0.9 < np.mean((said > 0.5) == human)
    assert np.array_equal(said, read_by(reader, shown, human)(shown))


def test_a_random_split_takes_seven_in_ten_and_never_one_twice():
    """The paper's protocol."""
    training, test = at_random(HUMAN, np.random.default_rng(1))

    assert 168 == len(training)
    assert list(range(240)) == sorted([*training, *test])


def test_folds_of_people_never_share_a_person():
    """Nor a machine on that person's ways; and everything is tested once."""
    tested = []
    for training, test in folds(HUMAN, 1, PERSON):
        assert set() == set(PERSON[training]) & set(PERSON[test])
        tested += test.tolist()
    assert list(range(240)) == sorted(tested)
    assert FOLDS == len(list(folds(HUMAN, 1)))


def test_a_crossed_judge_has_not_seen_what_it_judges():
    """Labels that say nothing are guessed."""
    names = RNG.permutation(HUMAN)
    said = crossed(classifiers(1)["RF"], ROWS * 0 + RNG.normal(size=ROWS.shape), names, 1)

    assert 0.3 < np.mean((said > 0.5) == names) < 0.7


def test_as_many_people_as_machines_of_both_families():
    """Functions are nine times as many as the network's movements."""
    kind = np.array(["human"] * 100 + ["function-a"] * 90 + ["gan"] * 20)
    at = balanced(kind == "human", kind, np.random.default_rng(1))

    assert {"human": 40, "function-a": 20, "gan": 20} == {
        name: int((kind[at] == name).sum()) for name in set(kind.tolist())
    }
    assert len(set(at.tolist())) == len(at)


def test_counts_are_those_of_the_library():
    """With weights, where people are drawn twice."""
    said = np.clip(RNG.normal(size=240) / 4 + 0.4 + 0.2 * HUMAN, 0, 1).round(2)
    weights = RNG.integers(0, 3, 240).astype(float)
    found = counted(HUMAN, said, weights)

    precision, recall, f1, _ = precision_recall_fscore_support(
        HUMAN, said > 0.5, average="binary", sample_weight=weights
    )
    wanted = {"Pre": precision, "Re": recall, "F1": f1}
    assert wanted == pytest.approx({name: found[name] for name in wanted})
    assert roc_auc_score(HUMAN, said, sample_weight=weights) == pytest.approx(found["AUC"])
    assert np.average((said > 0.5) == HUMAN, weights=weights) == pytest.approx(found["Acc"])
    assert np.isnan(auc(np.ones(3, bool), np.ones(3), np.ones(3)))
    nobody = counted(HUMAN, said * 0, weights)
    assert 0.0 == nobody["Pre"] == nobody["F1"]


def test_intervals_are_over_people():
    """One person says nothing of others; what is the same for all has none."""
    said = HUMAN.astype(float)
    right = Judged(HUMAN, said, PERSON).figures(METRICS, np.random.default_rng(1))
    alone = Judged(HUMAN, said, np.full(240, "p")).figures(("Acc",), np.random.default_rng(1))

    assert {name: (1.0, (1.0, 1.0)) for name in METRICS} == dict(right)
    assert {"Acc": (1.0, (0.0, 1.0))} == dict(alone)


def test_machines_found_at_few_people_flagged():
    """The limit is where so many people are below it."""
    human = np.repeat([True, False], 100)
    said = np.concatenate((np.linspace(0.5, 1, 100), np.linspace(0, 1, 100)))
    judged = Judged(human, said, np.full(200, "p"))

    assert 0.5 == pytest.approx(judged.recall_of_machines(0.01), abs=0.02)
    assert 100 == len(judged.some(human).said)
