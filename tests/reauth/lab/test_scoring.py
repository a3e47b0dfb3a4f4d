"""Scoring processes: what they may know, and that they cannot know more."""

import hashlib
import os
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from reauth.lab.cutting import cut, rows_of
from reauth.lab.datasets import read_file
from reauth.lab.method import method_of
from reauth.lab.scoring import Trial, confine, read_scores, score_one
from reauth.lab.shelf import Codec, Shelf
from reauth.lab.splits import GateError, Provenance, Source
from reauth.lab.synth import draw_person, recording
from reauth.lab.work import finished
from reauth.recording import write_recording
from reauth.settings import Settings
from reauth.store.templates import from_parts, to_parts

METHOD = method_of(Settings(), "svm", "window", 20)


@pytest.fixture
def trial(tmp_path, alice):
    """One recording of somebody, and a template."""
    shelf = Shelf(tmp_path / "templates", Codec(to_parts, from_parts))
    shelf.put("a", alice, Provenance("alice", ("bob",), ("seen",)))
    rng = np.random.default_rng(5)
    file = tmp_path / "data" / "zoe" / "1.csv"
    file.parent.mkdir(parents=True)
    file.write_text(write_recording(recording(draw_person(rng), 20, rng)), "utf-8")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return Trial(
        Source("zoe", "1", file), digest, ("a",), METHOD, True, shelf,
        {"a": shelf.digest("a")}, tmp_path / "scores" / "1.npz",
    )  # fmt: skip


@dataclass(frozen=True)
class Reach:
    """Try to open something, and write down what came of it."""

    what: str
    out: Path


def enter(recordings, folders):
    """Have this file loaded before the door closes."""
    confine(recordings, folders)


def reach(job):
    """What a curious scoring process would do."""
    try:
        if job.what == "a shell":
            subprocess.run(["/bin/true"], check=True)
        elif job.what == "a fork":
            os.fork()
        else:
            Path(job.what).read_bytes()
    except GateError as error:
        job.out.write_text(str(error))
    else:
        job.out.write_text("opened")


def test_scores_are_those_of_the_shipped_verifier(trial, alice):
    """On the units that the shipped segmenter cuts, with what belongs to them."""
    score_one(trial)

    found = read_scores(trial.out)
    units = cut(read_file(trial.source.path), METHOD.segmenter, METHOD.gap)
    rows, _ = rows_of(METHOD.features, units.trajectories)
    assert METHOD.verifier.score_many(alice, rows).tolist() == found.scores["a"].tolist()
    assert units.at.tolist() == found.at.tolist()
    assert [unit.id for unit in units.trajectories] == list(found.ids)
    assert units.facts == found.facts


def test_units_of_a_device_that_the_user_is_not_known_on_are_dropped(trial, alice):
    """As they would be live; they are counted apart from those that are too short."""
    shelf, other = trial.shelf, replace(alice, devices=("sparse/?/?",))
    shelf.put("b", other, Provenance("alice", ("bob",), ("seen",)))
    then = {**trial.then, "b": shelf.digest("b")}
    score_one(replace(trial, templates=("a", "b"), then=then))

    found = read_scores(trial.out).scores
    assert np.isfinite(found["a"]).all()
    assert np.isneginf(found["b"]).all()


def test_a_scoring_process_cannot_read_what_enrolled(trial, tmp_path):
    """Nor what enrolment made of it, nor by way of another process; what it tests, it can."""
    secret, own = tmp_path / "data" / "anna" / "enrolled.csv", trial.out.parent
    secret.parent.mkdir()
    secret.write_text("t_ms,ev,x,y\n")
    own.mkdir()
    (tmp_path / "enrolment").mkdir()
    (tmp_path / "enrolment" / "units.npz").write_bytes(b"units")
    (tmp_path / "way round.csv").symlink_to(secret)
    tried = {
        str(secret): False,
        str(own / ".." / "data" / "anna" / "enrolled.csv"): False,
        str(tmp_path / "way round.csv"): False,
        str(tmp_path / "enrolment" / "units.npz"): False,
        "a shell": False,
        "a fork": False,
        str(trial.source.path): True,
        str(trial.shelf.folder / "a.json"): True,
    }
    jobs = [Reach(what, own / str(place)) for place, what in enumerate(tried)]
    given = [str(trial.source.path)], [str(trial.shelf.folder), str(own)]

    done = list(finished(jobs, reach, 1, (enter, given)))

    assert list(tried.values()) == [
        job.out.read_text() == "opened" for job in sorted(done, key=lambda job: job.out)
    ]


def test_a_confined_process_scores_without_the_enrolment(trial):
    """All that it needs are the template and the test recording; and the same comes out."""
    given = [str(trial.source.path)], [str(trial.shelf.folder), str(trial.out.parent)]
    confined = replace(trial, out=trial.out.parent / "confined.npz")
    score_one(trial)

    assert [confined] == list(finished([confined], score_one, 1, (confine, given)))
    assert (
        read_scores(trial.out).scores["a"].tolist()
        == read_scores(confined.out).scores["a"].tolist()
    )


def test_no_label_and_no_other_recording_changes_a_score(trial):
    """Nothing is normalised over test data: whose a recording is said to be does not matter."""
    score_one(trial)
    renamed = replace(
        trial, source=replace(trial.source, user="alice"), out=trial.out.with_name("2.npz")
    )

    score_one(renamed)

    assert trial.out.read_bytes() == renamed.out.read_bytes()


def test_a_template_that_has_seen_the_recording_is_not_scored(trial):
    """Whatever the name under which it comes."""
    with pytest.raises(GateError, match="one side"):
        score_one(replace(trial, digest="seen"))


def test_a_background_user_cannot_come_as_unseen(trial):
    """Seen impostors are scored only where the report says so."""
    source = replace(trial.source, user="bob")

    with pytest.raises(GateError, match="background"):
        score_one(replace(trial, source=source))
    score_one(replace(trial, source=source, unseen=False))


def test_a_limit_moved_after_freezing_is_found_out(trial, alice):
    """Test data are opened with the templates that were frozen, or not at all."""
    trial.shelf.put("a", replace(alice, threshold=1.0), Provenance("alice", (), ()))

    with pytest.raises(GateError, match="frozen"):
        score_one(trial)
    assert not trial.out.exists()
