"""Parts of Lu's tables, on slides of people and programs who do not exist."""

import io
import tarfile

import numpy as np
import pytest

from reauth.features.slider import Slide
from reauth.generate.slide import SLIDES
from reauth.lab.lu_parts import (
    GRID,
    RATES,
    counts,
    do,
    limit_for,
    offset,
    parts,
    read,
    stand_ins,
)
from reauth.lab.synth import draw_person, recording
from reauth.recording import write_recording

pytestmark = pytest.mark.slow


def _person(rng):
    """Speeds up and slows down, strays a little, on an uneven clock."""
    n = int(rng.integers(25, 60))
    t = np.cumsum(rng.integers(6, 14, n))
    u = np.linspace(0, 1, n)
    x = 40 + rng.uniform(120, 220) * (3 * u**2 - 2 * u**3) + rng.normal(0, 0.7, n)
    return t, np.rint(x), np.rint(200 + np.cumsum(rng.normal(0, 0.3, n)))


def line(number, rng, human):
    """A track as the contest has it."""
    if human:
        t, x, y = _person(rng)
    else:
        name = [*SLIDES][number % len(SLIDES)]
        way = float(rng.integers(120, 220))
        made = SLIDES[name]([]).draw((40.0, 200.0), (40 + way, 200.0), rng)
        t, x, y = np.rint(made.t * 1e3), made.x, made.y
    points = ";".join(
        f"{int(7 * a)},{int(13 * b)},{int(3 * c) + 1}" for a, b, c in zip(x, y, t, strict=True)
    )
    return f"{number} {points}; {7 * (x[-1] - 27)},{13 * y[0]} {int(human)}\n"


def _add(archive, name, content):
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def build(folder, people=120, programs=60, moves=30):
    """Archives as they lie: slides, and movements where any are wanted."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    lines = [line(number, rng, number < people) for number in range(people + programs)]
    with tarfile.open(folder / "bdc2017.tar.gz", "w:gz") as archive:
        _add(archive, "bdc2017/tracks.txt", "".join(lines).encode())
    if moves:
        with tarfile.open(folder / "sapimouse.tar.gz", "w:gz") as archive:
            for seed in range(2):
                person = draw_person(np.random.default_rng(seed))
                events = recording(person, moves, np.random.default_rng([seed, 1]))
                _add(archive, f"sapimouse/u{seed}/1.csv", write_recording(events).encode())
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """All parts, by name."""
    pytest.importorskip("xgboost")
    folder = build(tmp_path_factory.mktemp("lu"))
    jobs = parts(folder, 1, folder / "out")
    for job in jobs:
        do(job)
    return {job.name: read(job) for job in jobs}


def test_a_fold_is_judged_by_each_classifier_and_chooses_on_its_own(made):
    """Every slide once, in one of five folds; nine features, the grid on what trains."""
    folds = [made[f"fold-{fold}"] for fold in range(5)]

    for name in folds[0]["rows"]:
        assert 180 == sum(sum(fold["rows"][name].values()) for fold in folds)
    found = [fold["rows"]["tuned"] for fold in folds]
    assert sum(each["tp"] + each["tn"] for each in found) > 0.95 * 180
    for fold in folds:
        assert 5 <= len(fold["kept"]) == len(set(fold["kept"])) <= 9
        assert len(GRID["gamma"]) * len(GRID["max_depth"]) == len(fold["grid"])
        assert fold["limit"] <= 0


def test_the_grid_never_saw_the_fold_that_tests(made):
    """It counts the slides of the other folds only."""
    for fold in range(5):
        told = made[f"fold-{fold}"]
        tested = sum(told["rows"]["tuned"].values())
        [trained] = {
            sum(each[name] for name in ("tp", "fp", "fn", "tn")) for each in told["grid"]
        }
        assert 180 == tested + trained


def test_exact_replays_are_found_and_moved_ones_less(made):
    """Figure 12: all at 0 %; a wider K finds more, and flags people."""
    found = made["replay"]

    assert [1.0, 1.0] == [found["curve"][pixels][0] for pixels in ("1", "3")]
    assert found["wide"]["limit"] >= found["limit"]
    for pixels in ("1", "3"):
        assert sum(found["wide"]["curve"][pixels]) >= sum(found["curve"][pixels])
        assert len(RATES) == len(found["curve"][pixels])
    gate = found["gate"]
    assert gate["people"] == gate["again_replay"]
    assert gate["again_human_by_classifier"] > 0.8 * gate["people"]


def test_modes_are_caught_and_named(made):
    """Where they were seen; every slide of every mode counts once."""
    found = made["modes"]

    for each in found["seen"].values():
        assert 200 == each["slides"]
        assert each["caught"] > 190
    matrix = np.array(found["confusion"])
    assert 5 * 200 + 120 == matrix.sum()
    assert np.trace(matrix) > 0.95 * matrix.sum()


def test_movements_are_judged_by_direction(made):
    """Eight ways make the whole, for each classifier."""
    found = made["directions"]

    assert 0 < found["moves"] == sum(found["by_way"])
    for each in found["refused"].values():
        assert each["all"][1] == sum(each[str(way)][1] for way in range(8))
    assert found["flags"]["asked"] == found["by_way"][0] + found["by_way"][4]


def test_entropy_is_told_of_both(made):
    """With the time that it took."""
    found = made["entropy"]

    assert (120, 60) == (len(found["human"]), len(found["machine"]))
    assert found["seconds"] > 0


def test_without_movements_there_is_no_direction(tmp_path):
    """Slides alone will do for all the rest."""
    folder = build(tmp_path, moves=0)
    [job] = [each for each in parts(folder, 1, tmp_path) if each.name == "directions"]
    do(job)

    assert {"moves": 0} == read(job)
    assert [] == stand_ins(folder, 1)


def test_other_data_or_another_seed_is_other_work(tmp_path):
    """The name of a part's file holds what it rests on."""
    one = parts(build(tmp_path / "a", 4, 4, 0), 1, tmp_path)
    other = parts(build(tmp_path / "b", 5, 3, 0), 1, tmp_path)
    seeded = parts(tmp_path / "a", 2, tmp_path)

    assert 10 == len({each.out for each in one})
    assert not {each.out for each in one} & {each.out for each in (*other, *seeded)}


def test_an_offset_moves_so_many_points_and_not_the_last():
    """To either side, in x only."""
    one = Slide(np.arange(11.0), np.arange(11.0), np.zeros(11))

    moved = offset(one, 3, 0.4, np.random.default_rng(0))

    assert [4, 3.0] == [(moved.x != one.x).sum(), np.abs(moved.x - one.x).max()]
    assert moved.x[-1] == one.x[-1]
    assert np.array_equal(one.x, offset(one, 3, 0.0, np.random.default_rng(0)).x)


def test_the_limit_is_the_lowest_that_keeps_the_precision():
    """At most an even chance, whatever the scores."""
    scores = np.array([-3.0, -2.0, -1.0, 1.0, 2.0])
    persons = np.array([False, True, True, True, True])

    assert -3.0 == limit_for(scores, persons, 1.0)
    assert -2.0 == limit_for(scores, np.array([True, False, True, True, True]), 1.0)
    assert 0.0 == limit_for(scores, ~persons, 0.9)
    assert {"tp": 4, "fp": 0, "fn": 0, "tn": 1} == counts(scores, persons, -3.0)
