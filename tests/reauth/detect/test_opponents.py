"""Programs to learn against: on people's ways, by people's clocks."""

import numpy as np
import pytest

from reauth.detect.opponents import KINDS, opponents
from reauth.generate.aimed import moves
from reauth.generate.clock import clock_of, sampled
from tests.reauth.detect.crowd import people, person


@pytest.fixture(scope="module")
def drawn():
    """Eight of each kind, after three generated people."""
    return opponents(people(range(3), 10), np.random.default_rng(1), 8)


def test_every_kind_that_teaches_is_drawn_and_no_recording(drawn):
    """What a person moved is no program's, and what measures teaches nobody."""
    assert set(KINDS) == set(drawn)
    assert {8} == set(map(len, drawn.values()))
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
