"""Medvet's tables: the paper's votes and numbers, by our code."""

import tarfile

import numpy as np
import pytest

from reauth.lab import medvet
from reauth.lab.medvet import MINUTES, OTHER_RATE, PUBLISHED, SIZES, errors, shares, table
from reauth.lab.table import Task
from reauth.lab.work import unwatched
from tests.reauth.lab.test_summary import victim
from tests.reauth.lab.towns import CODEC, build


def test_the_published_accuracy_is_that_of_the_published_errors():
    """1 - (FAR + FRR) / 2 gives the paper's column, so no number was copied wrongly."""
    accuracy = {
        "DS1": (0.833, 0.885, 0.935, 0.956, 0.965), "DS2": (0.764, 0.814, 0.866, 0.906, 0.922),
    }  # fmt: skip

    for name, pairs in PUBLISHED.items():
        found = [1 - (far + frr) / 2 for far, frr in pairs]
        assert accuracy[name] == pytest.approx(found, abs=0.0011)


def test_the_published_time_is_the_length_of_a_window():
    """w / 3.7 a minute: no delay after a takeover."""
    assert MINUTES == pytest.approx([size / 3.7 for size in SIZES], rel=0.005)


def test_every_trajectory_votes_and_windows_overlap():
    """The share against the user among the last two, within a recording."""
    anna = victim("anna", [[1.0, -1.0, -1.0, 1.0], [-1.0]], [])

    assert [0.5, 1.0, 0.5] == shares(anna, anna.genuine, 2).tolist()
    assert 0 == len(shares(anna, [], 2))


def test_errors_are_of_users_and_averaged_over_runs():
    """Half of the votes raise the alarm; whoever has no window is left out."""
    good = victim("anna", [[1.0] * 4], [("eve", "frame", [-1.0] * 4)])
    bad = victim("anna", [[-1.0] * 4], [("eve", "frame", [1.0] * 4)])
    short = victim("ben", [[1.0]], [("eve", "frame", [-1.0])])

    fars, frrs, eers = errors([[good, short], [bad, short]], 2)

    assert ([0.5], [0.5], [0.5]) == (fars.tolist(), frrs.tolist(), eers.tolist())
    assert 0 == len(errors([[short]], 2)[0])


@pytest.mark.slow
def test_both_tables_are_made_of_an_archive(tmp_path, monkeypatch):
    """On people who do not exist: all rows, those of the paper and those with seen impostors."""
    data = build(tmp_path / "town", twice=8, once=0, movements=60)
    for place, user in enumerate(OTHER_RATE):
        (data / f"p{place:02}").rename(data / user)
    with tarfile.open(tmp_path / "balabit_train.tar.gz", "w:gz") as out:
        out.add(data, "balabit_train")
    monkeypatch.setattr(medvet, "SIZES", (10, 20))
    monkeypatch.setattr(medvet, "SEEDS", 1)

    pairs = {name: pairs[:2] for name, pairs in PUBLISHED.items()}
    monkeypatch.setattr(medvet, "PUBLISHED", pairs)
    monkeypatch.setattr(medvet, "MINUTES", MINUTES[:2])
    found = table(Task(tmp_path, tmp_path / "out", 1, 1, CODEC), unwatched)

    assert 2 * (2 * 5 + 2) == len(found.rows)
    assert all(np.isfinite(row.ours) and row.interval[0] <= row.ours for row in found.rows)
    assert [] == [row for row in found.rows if row.required]
