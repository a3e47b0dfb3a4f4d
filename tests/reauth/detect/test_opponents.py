"""Programs to learn against: on people's ways, by people's clocks."""

import numpy as np
import pytest

from reauth.detect import opponents as module
from reauth.detect.opponents import KINDS, opponents
from reauth.generate.aimed import moves
from reauth.generate.clock import clock_of, sampled
from tests.reauth.detect.crowd import people, person


@pytest.fixture(scope="module", autouse=True)
def twice():
    """Of people's strokes twice as many: to decompose movement takes long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MORE", {"lognormal": 2})
        yield


@pytest.fixture(scope="module")
def drawn():
    """Eight of each kind, after three generated people."""
    return opponents(people(range(3), 10), np.random.default_rng(1), 8)


def test_every_kind_that_teaches_is_drawn_and_no_recording(drawn):
    """What a person moved is no program's, and what measures teaches nobody."""
    assert set(KINDS) == set(drawn)
    assert {8 * module.MORE.get(kind, 1) for kind in KINDS} == set(map(len, drawn.values()))
    assert 16 == len(drawn["lognormal"])
    assert not {"recorded", "retargeted", "jerk", "gan"} & set(drawn)
    assert not [kind for kind in drawn if kind.startswith("perturbed")]
    assert 9 == sum(kind.startswith("function-") for kind in drawn)


def test_they_are_told_by_the_clocks_of_people(drawn):
    """A detector of the logger's clock is worth nothing."""
    rng = np.random.default_rng(2)
    slow = {"ann": [[sampled(moves(each), 0.05, 0.001, rng) for each in person(1, 10)]]}
    told = opponents(slow, np.random.default_rng(1), 8)

    for kind in ("wind", "function-quadratic-constant"):
        assert 0.005 < clock_of(drawn[kind])[0] < 0.015, kind
        assert 0.045 < clock_of(told[kind])[0] < 0.065, kind


def test_the_same_seed_draws_the_same(drawn):
    """Whichever people's order."""
    crowd = dict(reversed(people(range(3), 10).items()))
    again = opponents(crowd, np.random.default_rng(1), 8)

    assert [each.id for kind in KINDS for each in drawn[kind]] == [
        each.id for kind in KINDS for each in again[kind]
    ]


def test_after_nobody_nothing_is_drawn():
    """No ways, no programs."""
    assert {} == opponents({"ann": [[]]}, np.random.default_rng(1))


def test_of_people_s_own_strokes_many_people_are_behind(monkeypatch):
    """Such a kind is fitted anew to some of all movements each time, and the others to all."""
    fits = []

    def fitted(name):
        fit = module.GENERATORS[name]

        def noted(movements):
            fits.append((name, {id(each) for each in movements}))
            return fit(movements)

        return noted

    noted = {name: fitted(name) for name in ("lognormal", "wind")}
    monkeypatch.setattr(module, "PART", 20)
    monkeypatch.setattr(module, "GENERATORS", noted)
    crowd = people(range(4), 10)
    found = opponents(crowd, np.random.default_rng(3), 2, ("lognormal", "wind"))
    parts = [each for name, each in fits if name == "lognormal"]
    everybody = {id(one) for own in crowd.values() for session in own for one in session}

    assert ["lognormal", "wind"] == list(found)
    assert [20, 20] == list(map(len, parts))
    assert len(set.union(*parts)) > 20
    assert [everybody] == [each for name, each in fits if name == "wind"]
