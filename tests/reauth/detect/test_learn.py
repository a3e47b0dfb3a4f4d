"""Learning hands from programs: by the seed, calibrated on unseen people and programs."""

import numpy as np
import pytest

from reauth.detect import learn as module
from reauth.detect.hand import Hand
from reauth.detect.learn import LEAST_PEOPLE, family, learn
from reauth.errors import NotEnrolled
from tests.reauth.detect.crowd import people, person, program, programs


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Small trees and few decoys: what is tested here does not rest on how many there are."""
    monkeypatch.setattr(module, "ROUNDS", 20)
    monkeypatch.setattr(module, "DECOYS", 200)


def test_the_same_seed_learns_the_same():
    """To the bit; another one draws other decoys."""
    crowd, others = people(range(8), 12), programs(5, 20)
    one, again, other = (learn(crowd, others, np.random.default_rng(seed)) for seed in (1, 1, 2))

    assert one.to_bytes() == again.to_bytes()
    assert one.to_bytes() != other.to_bytes()


def test_calibration_and_limits_are_of_people_and_programs_that_trees_did_not_know():
    """Whole people and whole families are left out: no fold trains on what it scores."""
    seen = []
    fit = module._fit

    def watched(hands, machines, others):
        seen.append((set(hands.group.tolist()), set(machines.group.tolist())))
        return fit(hands, machines, others)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_fit", watched)
        learn(people(range(8), 10), programs(5, 15), np.random.default_rng(1))
    everybody, every_family = set(range(8)), set(range(4))

    assert (everybody, every_family) == seen[0]
    assert module.FOLDS == len(seen[1:])
    left = [(everybody - hands, every_family - machines) for hands, machines in seen[1:]]
    assert sorted(everybody) == sorted(one for out, _ in left for one in out)
    assert sorted(every_family) == sorted(one for _, out in left for one in out)


def test_its_own_limit_flags_about_one_in_a_hundred_of_held_out_people():
    """And the mean of five has a limit of its own."""
    model = learn(people(range(12), 40), programs(5, 60), np.random.default_rng(1))
    hand = Hand(model)
    unseen = [one for seed in range(80, 90) for one in hand.score_many(person(seed, 40))]
    scores = np.array([one for one in unseen if not isinstance(one, str)])

    assert (scores < model.meta["limits"]["1"]).mean() < 0.05
    assert model.meta["limits"]["1"] < model.meta["limits"]["5"]


def test_calibration_can_be_taken_over():
    """Other trees, the same slope and limits: what leave-one-out does fourteen times."""
    crowd, others = people(range(8), 12), programs(5, 20)
    whole = learn(crowd, others, np.random.default_rng(1))
    del others["wind"]
    lesser = learn(crowd, others, np.random.default_rng(1), whole)

    assert {name: whole.meta[name] for name in ("slope", "offset", "limits")} == {
        name: lesser.meta[name] for name in ("slope", "offset", "limits")
    }
    assert whole.arrays["value"].tolist() != lesser.arrays["value"].tolist()


def test_too_few_people_or_programs_teach_nothing():
    """The error says how many there are."""
    few_people = people(range(LEAST_PEOPLE - 1), 5)
    with pytest.raises(NotEnrolled, match="here are 1 and 4"):
        learn(few_people, programs(5, 5), np.random.default_rng(1))
    functions = {f"function-{shape}-constant": program(f"function-{shape}-constant", 1, 5)
                 for shape in ("linear", "quadratic", "logarithmic")}  # fmt: skip
    with pytest.raises(NotEnrolled, match="here are 8 and 1"):
        learn(people(range(8), 5), functions, np.random.default_rng(1))


def test_kinds_of_one_family_go_together():
    """By their name."""
    assert family("perturbed-1px") == family("perturbed-3px") != family("wind")
