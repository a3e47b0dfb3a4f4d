"""Telling people from programs on files: one clock for both, and nobody on both sides."""

import json
import shutil
import tarfile

import numpy as np
import pytest

from reauth.detect import learn as teaching
from reauth.errors import NotEnrolled, SettingsError
from reauth.generate.clock import sampled
from reauth.lab.bots import bots, fused, limit_of, on_grid, read
from reauth.lab.work import unwatched
from reauth.trajectory import Trajectory
from tests.reauth.detect.crowd import line, person
from tests.reauth.lab.fair import asked, build, write

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Small trees and few decoys: how good they are is measured on recordings."""
    monkeypatch.setattr(teaching, "ROUNDS", 25)
    monkeypatch.setattr(teaching, "DECOYS", 200)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Generated people and programs."""
    folder = tmp_path_factory.mktemp("fair")
    build(folder)
    return folder


def test_the_report_has_what_scripts_rely_on(folders):
    """Counts, accuracy, area, recall for one and five, each source, and what has no score."""
    report = bots(asked(folders), unwatched).report

    assert "default" == report["detector"]
    assert {"human", "bot"} == set(report["trajectories"])
    assert {"1", "5"} == set(report["recall_at_1pct_fpr"])
    assert 0.8 < report["accuracy"] <= 1.0
    assert 0.9 < report["auc"] <= 1.0
    assert 0.0 <= report["fta"] < 0.6
    assert 8 == len(report["per_source"])
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    lines = report["per_source"]["straight"]
    assert "bot" == lines["side"]
    assert lines["flagged"]["1"] > 0.8
    people = [each for each in report["per_source"].values() if each["side"] == "human"]
    assert sum(each["trajectories"] for each in people) == report["trajectories"]["human"]


def test_the_same_seed_reports_the_same(folders):
    """To the last digit."""
    one, again = (bots(asked(folders), unwatched).report for _ in range(2))

    assert one == again


def test_programs_that_teach_and_are_tested_are_tested_without_their_teaching_too(
    folders, tmp_path
):
    """By themselves where names are shared; new ones only where that is asked for."""
    shared = bots(asked(folders), unwatched).report["leave_one_out"]
    assert {"straight", "bezier", "wind", "function-linear-constant"} == set(shared["per_source"])
    assert {"1", "5"} == set(shared["recall_at_1pct_fpr"])

    shutil.copytree(folders, tmp_path / "new")
    for kind in shared["per_source"]:
        (tmp_path / "new" / "test-bot" / kind).rename(tmp_path / "new" / "test-bot" / f"new {kind}")
    assert "leave_one_out" not in bots(asked(tmp_path / "new"), unwatched).report


def test_a_recording_may_not_teach_and_test(folders, tmp_path):
    """A person's by its name; a program's where it is the same to the byte."""
    shutil.copytree(folders, tmp_path / "leaky")
    shutil.copytree(folders / "test-human" / "person20", tmp_path / "leaky/train-human/person20")
    with pytest.raises(SettingsError, match=r"person20/s0\.csv is to teach and to test"):
        bots(asked(tmp_path / "leaky"), unwatched)

    shutil.copytree(folders, tmp_path / "copied")
    here = tmp_path / "copied" / "test-bot" / "wind" / "s0.csv"
    shutil.copy(here, tmp_path / "copied" / "train-bot" / "wind" / "s0.csv")
    with pytest.raises(SettingsError, match=r"wind/s0\.csv is to teach and to test"):
        bots(asked(tmp_path / "copied"), unwatched)


def test_a_person_who_is_tested_teaches_nobody(folders, tmp_path):
    """Even by another session; where nobody else is left there is nothing to learn from."""
    shutil.copytree(folders, tmp_path / "both")
    write(tmp_path / "both" / "train-human", "person20", person(20, 15), "s1")
    report = bots(asked(tmp_path / "both"), unwatched).report
    assert ["person20"] == report["left_out_of_training"]
    assert bots(asked(folders), unwatched).report["auc"] == report["auc"]

    shutil.rmtree(tmp_path / "both" / "train-human")
    write(tmp_path / "both" / "train-human", "person20", person(20, 15), "s1")
    with pytest.raises(NotEnrolled):
        bots(asked(tmp_path / "both"), unwatched)


def test_on_the_first_day_rules_judge_without_having_learnt(folders):
    """Lines are found, and of generated people nobody is flagged."""
    report = bots(asked(folders, "rules"), unwatched).report

    assert 0.0 == report["frozen"]["1"]["fpr"]
    assert report["per_source"]["straight"]["flagged_frozen"]["1"] > 0.5
    assert "leave_one_out" not in report


def test_what_cannot_be_asked_is_refused(folders, tmp_path):
    """A detector that nobody knows; a folder without movement."""
    with pytest.raises(SettingsError, match="there are: default, rules"):
        bots(asked(folders, "magic"), unwatched)
    with pytest.raises(SettingsError, match="no movement in"):
        read(tmp_path, None, np.random.default_rng(1))


def test_the_clock_of_a_logger_does_not_remain():
    """The same hand by two clocks is looked at every 25 ms."""
    t = 0.001 * np.arange(1200)
    fine = Trajectory(0, t, 300 * (1 - np.cos(3 * t)), 200 * np.sin(2 * t))
    rng = np.random.default_rng(1)
    one, other = (on_grid(sampled(fine, period, 0.0005, rng)) for period in (0.007, 0.017))

    assert np.allclose(0, np.mod(one.t / 0.025 + 0.5, 1) - 0.5, atol=1e-6)
    assert abs(len(one.t) - len(other.t)) <= 1
    assert np.allclose(one.x[:45], other.x[:45], atol=3)


def test_a_pointer_that_stood_stands_on_the_grid_too():
    """And what has no points has no grid."""
    each = line(count=100)
    t = each.t + 0.4 * (np.arange(100) >= 50)
    found = on_grid(Trajectory(0, t, each.x, each.y))

    assert 0.35 < np.diff(found.t).max() < 0.45
    assert on_grid(Trajectory(0, t[:3], each.x[:3], each.y[:3])) is None


def test_limits_and_fives():
    """At most one in a hundred is below; what is left over of fives is left."""
    scores = np.random.default_rng(1).normal(size=1000)

    assert (scores < limit_of(scores)).mean() == pytest.approx(0.01)
    assert [2.0] == fused(np.array([0.0, 1, 2, 3, 4, 9]), 5).tolist()
    assert 0 == len(fused(np.zeros(4), 5))


@pytest.mark.data
def test_people_of_sapimouse_are_told_from_lines(data, tmp_path):
    """Real people, a few of them, against programs: most lines are found, few people flagged."""
    build(tmp_path, kinds=("straight", "bezier", "function-linear-constant"), count=30)
    for side in ("train", "test"):
        shutil.rmtree(tmp_path / f"{side}-human")
    with tarfile.open(data / "sapimouse.tar.gz") as packed:
        for member in packed:
            parts = member.name.split("/")
            if len(parts) == 3 and parts[2] == "session_1min.csv":
                side = "train" if sum(map(ord, parts[1])) % 2 else "test"
                here = tmp_path / f"{side}-human" / parts[1] / parts[2]
                here.parent.mkdir(parents=True)
                here.write_bytes(packed.extractfile(member).read())
    report = bots(asked(tmp_path), unwatched).report

    assert report["recall_at_1pct_fpr"]["1"] > 0.7
    assert report["frozen"]["1"]["fpr"] < 0.05
