"""BeCAPTCHA-Mouse's tables: the paper's numbers, by our code, on people who do not exist."""

import json
import sys
import tarfile
from dataclasses import replace

import numpy as np
import pytest

from reauth.generate.functions import FUNCTIONS
from reauth.generate.gan_training import Budget
from reauth.lab import becaptcha, judges
from reauth.lab.becaptcha import (
    CLASSIFIERS,
    DISCRIMINATORS,
    SCENARIOS,
    SETS,
    budgets_or_reason,
    scenario,
    table,
    ways,
)
from reauth.lab.becaptcha_cases import UNKNOWN, Cases
from reauth.lab.judges import METRICS
from reauth.lab.table import Task, markdown, report
from reauth.lab.work import unwatched
from tests.reauth.lab.towns import CODEC, build

KINDS = [*FUNCTIONS, "gan"]


def archive(tmp_path):
    """Nine people under the name of the archive."""
    data = build(tmp_path / "town", twice=9, once=0, movements=12)
    with tarfile.open(tmp_path / "sapimouse.tar.gz", "w:gz") as out:
        out.add(data, "sapimouse")
    return tmp_path


def task(folder):
    """Twenty movements of each kind of program."""
    return Task(folder, folder / "out", 1, 1, CODEC, 20)


def quick(patch):
    """Few trees, folds and draws: rows are looked for here, not figures."""
    for name, count in (("TREES", 5), ("FOLDS", 2), ("REPLICATES", 20)):
        patch.setattr(judges, name, count)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    pytest.importorskip("torch")
    folder = archive(tmp_path_factory.mktemp("becaptcha"))
    with pytest.MonkeyPatch.context() as patch:
        small = Budget(1, 32, (4, 4), (4, 4), 2)
        budgets = {name: replace(small, seed=3 + at) for at, name in enumerate(DISCRIMINATORS)}
        patch.setattr(becaptcha, "budgets_or_reason", lambda: (budgets, ()))
        quick(patch)
        patch.setattr(becaptcha, "READER_STEPS", 1)
        patch.setattr(becaptcha, "READER_UNITS", (4, 4))
        patch.setattr(becaptcha, "SAMPLES", (16, 30))
        patch.setattr(becaptcha, "READ_SAMPLES", (16,))
        return table(task(folder), unwatched), folder / "out"


def test_published_metrics_fit_each_other():
    """F1 is what precision and recall give, but for rows that are misprinted in the paper."""
    misprinted = {("SVM", "Combination"), ("KNN", "Combination"), ("LSTM", "GAN"),
                  ("GRU", "GAN"), ("GRU", "Combination")}  # fmt: skip
    for rows in (CLASSIFIERS, DISCRIMINATORS):
        for name, scenarios in rows.items():
            for scene, (_, _, precision, recall, f1) in zip(SCENARIOS, scenarios, strict=True):
                wanted = 2 * precision * recall / (precision + recall)
                assert (abs(wanted - f1) < 0.15) != ((name, scene) in misprinted), (name, scene)


@pytest.mark.slow
def test_every_row_of_the_paper_is_there(made):
    """All classifiers, discriminators, scenarios and metrics; features, ways, samples."""
    names = {row.name for row in made[0].rows}
    wanted = {
        *(f"table 3: RF, {one}, against {kind}: accuracy" for one in SETS for kind in KINDS),
        *(f"table 4: SVM, {one}, trained on {label}: accuracy" for one in SETS
          for label in ("people only", "people and machines")),
        *(f"table 5: {label}, {scene}: {metric}" for label in CLASSIFIERS for scene in SCENARIOS
          for metric in METRICS),
        *(f"table 6: discriminator {units}, {scene}: {metric}" for units in DISCRIMINATORS
          for scene in SCENARIOS for metric in METRICS),
        *(f"figure 6: {label}, 16 in training: accuracy" for label in CLASSIFIERS),
        "figure 6: RF, 30 in training: accuracy",
        "table 3: RF, both, mean over programs: accuracy",
    }  # fmt: skip

    assert set() == wanted - names
    directions = {name for name in names if "neuromotor, right, " in name}
    assert {f"table 3: RF, neuromotor, right, {length}, against {kind}: accuracy"
            for length in ("short", "long") for kind in KINDS} >= directions  # fmt: skip
    assert directions
    assert len(names) == len(made[0].rows)


@pytest.mark.slow
def test_what_is_beyond_the_paper_is_there(made):
    """People apart; each program left out, all functions at once, and kinds that nobody learns."""
    names = {row.name for row in made[0].rows}
    beyond = "beyond, people apart: RF"
    wanted = {
        *(f"{beyond}, {kind} {how}: {what}" for kind in (*KINDS, "all nine functions")
          for how in ("known", "left out") for what in ("accuracy", "found at 1 %")),
        *(f"{beyond}, {kind} left out: found at 1 %" for kind in UNKNOWN),
        *(f"{beyond}, {scene}: Acc" for scene in SCENARIOS),
    }  # fmt: skip

    assert set() == wanted - names


@pytest.mark.slow
def test_the_report_is_as_others_read_it(made):
    """Shares with intervals around them; null where nothing was published; pictures beside it."""
    told = json.loads(json.dumps(report(made[0]), allow_nan=False))
    text = markdown(made[0])

    for row in told["table"]:
        assert {"row", "published", "ours", "ci", "within"} <= set(row)
        assert 0 <= row["ci"][0] <= row["ci"][1] <= 1
        assert row["published"] is None or 0.5 < row["published"] <= 1
        assert isinstance(row["within"], bool)
        assert not row["requirement"]
    assert "| - |" in text
    assert any("Shen et al. 2014" in each for each in told["differences"])
    assert {"directions.svg", "samples.svg", "gan.svg", "losses-16-8.svg"} <= {
        file.name for file in made[1].iterdir()
    }


@pytest.mark.slow
def test_without_torch_its_rows_are_missing_with_the_reason(tmp_path, monkeypatch):
    """The rest stands."""
    monkeypatch.setitem(sys.modules, "torch", None)
    quick(monkeypatch)
    monkeypatch.setattr(becaptcha, "SAMPLES", (16,))
    found = table(task(archive(tmp_path)), unwatched)
    names = {row.name for row in found.rows}

    assert any("torch is missing: pip install" in each for each in found.differences)
    assert [] == [name for name in names if "gan" in name or "LSTM" in name or "table 6" in name]
    assert "table 5: RF, Combination: Acc" in names


def test_budgets_are_those_of_the_paper_s_discriminators():
    """One network each, by the units of both layers."""
    pytest.importorskip("torch")
    budgets, reasons = budgets_or_reason()

    assert () == reasons
    assert [(128, 64), (64, 32), (32, 16), (16, 8)] == [
        each.discriminator for each in budgets.values()
    ]


def test_ways_are_parted_by_direction_and_length():
    """Four directions on the screen, y downwards; each in halves."""
    way = np.array([10, 50 + 1j, -10, -50, 10j, 50j, -10j, -50j, 30 + 29j])
    found = {name: np.flatnonzero(there).tolist() for name, there in ways(way).items()}

    assert {
        "right, short": [0], "right, long": [1, 8], "left, short": [2], "left, long": [3],
        "down, short": [4], "down, long": [5], "up, short": [6], "up, long": [7],
    } == found  # fmt: skip


def test_a_scenario_holds_its_programs_and_as_many_people():
    """Kinds that nobody learns are in none."""
    kind = np.array(["human"] * 40 + [each for each in (*KINDS, *UNKNOWN) for _ in range(10)])
    cases = Cases((), kind, kind, {})
    rng = np.random.default_rng(1)
    found = {name: kind[scenario(cases, name, rng)] for name in SCENARIOS}

    assert {"human"} == set(found["GAN"].tolist()) - {"gan"}
    assert set() == set(found["Function-based"].tolist()) & {"gan", *UNKNOWN}
    assert set() == set(found["Combination"].tolist()) & set(UNKNOWN)
    for each in found.values():
        assert len(each) == 2 * (each == "human").sum()
