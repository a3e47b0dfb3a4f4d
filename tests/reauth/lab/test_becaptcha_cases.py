"""People and every kind of program, with their features; nobody judged taught anybody."""

import numpy as np
import pytest

from reauth.features import FEATURE_SETS
from reauth.generate.functions import FUNCTIONS
from reauth.generate.gan_training import Budget
from reauth.lab.becaptcha_cases import GLOBAL, NEUROMOTOR, UNKNOWN, Plan, build
from reauth.lab.datasets import Folder
from reauth.lab.pointing import ends
from reauth.lab.work import unwatched
from tests.reauth.lab.towns import build as town

pytestmark = pytest.mark.slow


def plan(tmp_path, budgets):
    """Six people, eight movements of each kind."""
    data = Folder(town(tmp_path / "town", twice=6, once=0, movements=12))
    return Plan(data, "town", tmp_path / "work", 8, budgets, 1, 1, unwatched)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return build(plan(tmp_path_factory.mktemp("benchmark"), {}))


def test_there_are_people_and_all_programs(made):
    """Twice as many movements of people; half as many of kinds that nobody learns."""
    kinds, counts = np.unique(made.cases.kind, return_counts=True)
    wanted = {"human": 16, **dict.fromkeys(FUNCTIONS, 8), **dict.fromkeys(UNKNOWN, 4)}

    assert wanted == dict(zip(kinds.tolist(), counts.tolist(), strict=True))
    assert made.cases.human.sum() == 16
    assert {} == made.networks


def test_programs_move_on_ways_of_those_who_are_judged(made):
    """And of nobody else: two of six taught the programs."""
    people = set(made.cases.person[made.cases.human].tolist())

    assert (4, 2) == (made.people, made.sources)
    assert 4 == len(people)
    assert people >= set(made.cases.person.tolist())
    assert (np.abs(made.cases.way) > 0).all()


def test_features_are_those_of_the_sets(made):
    """In the movements' order, whatever units they were extracted in."""
    for name in (NEUROMOTOR, GLOBAL):
        wanted = FEATURE_SETS[name].extract(made.cases.movements[20])
        assert wanted == pytest.approx(made.cases.features[name][20])
    assert len(made.cases.movements) == len(made.cases.numbers((NEUROMOTOR, GLOBAL)))


def test_people_and_machines_have_the_same_clock(made):
    """A detector of the logger's clock is worth nothing."""
    for each in made.cases.movements:
        looks = each.t / 0.02
        assert looks == pytest.approx(np.rint(looks), abs=1e-6)
        assert np.array_equal(np.rint(each.x), each.x)


def test_what_is_finished_is_not_done_again(tmp_path, monkeypatch):
    """A second start reads networks and features."""
    pytest.importorskip("torch")
    small = {"4/4": Budget(1, 32, (4, 4), (4, 4), 2), "3/2": Budget(1, 32, (4, 4), (3, 2), 2)}
    first = build(plan(tmp_path, small))
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "work").rglob("*.*")}
    second = build(plan(tmp_path, small))

    assert before == {file: file.stat().st_mtime_ns for file in (tmp_path / "work").rglob("*.*")}
    assert ["4/4", "3/2"] == list(first.networks)
    assert 8 == (first.cases.kind == "gan").sum() == len(first.own["3/2"])
    assert [ends(each) for each in first.own["4/4"]] == [ends(each) for each in first.own["3/2"]]
    assert np.array_equal(first.cases.numbers((NEUROMOTOR,)), second.cases.numbers((NEUROMOTOR,)))
