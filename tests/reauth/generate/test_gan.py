"""Drawing by a network's arrays: no torch in sight."""

import math
from dataclasses import replace

import numpy as np
import pytest

from reauth.errors import TemplateError
from reauth.generate.gan import (
    LEAST_STEPS,
    facts_of,
    homed,
    inputs,
    lstm,
    trainable,
    unit_steps,
)
from tests.reauth.generate.crowd import crowd, drawn
from tests.reauth.generate.networks import FACTS, untaught

WAY = ((100.0, 200.0), (700.0, 500.0))


def test_one_cell_is_what_the_paper_writes():
    """One unit, two steps, by hand: forget what was, take what is new, let some of it out."""

    def sigmoid(x):
        return 1 / (1 + math.exp(-x))

    w_in, w_back = np.array([[0.5], [0.1], [1.0], [-0.3]]), np.array([[0.2], [0.4], [-1.0], [0.6]])
    bias = np.array([0.1, -0.2, 0.3, 0.0])
    hidden = cell = 0.0
    wanted = []
    for x in (1.0, -2.0):
        enter, keep, new, leave = (w_in[:, 0] * x + w_back[:, 0] * hidden + bias).tolist()
        cell = sigmoid(keep) * cell + sigmoid(enter) * math.tanh(new)
        hidden = sigmoid(leave) * math.tanh(cell)
        wanted.append(hidden)

    found = lstm(np.array([[[1.0], [-2.0]]]), w_in, w_back, bias)

    assert wanted == pytest.approx(found[0, :, 0].tolist(), abs=1e-12)


def test_a_movement_ends_at_its_target_whatever_the_network_says():
    """Steps are shifted alike, so that they add up."""
    gan = untaught()
    for seed in range(20):
        found = gan.draw(*WAY, np.random.default_rng(seed))

        assert WAY == ((found.x[0], found.y[0]), (found.x[-1], found.y[-1]))
        assert LEAST_STEPS + 1 <= len(found.t) <= FACTS.most + 1
        assert np.diff(found.t) == pytest.approx(FACTS.period)
    assert (1.0, 0.0) == pytest.approx(homed(np.random.default_rng(1).normal(size=(9, 2))).mean(0))


def test_what_is_kept_draws_the_same():
    """Arrays and what JSON can hold are all there is."""
    gan = untaught()
    plain, arrays = gan.to_parts()
    again = type(gan).from_parts({**plain, "way": list(plain["way"])}, arrays)

    one, same = (each.draw(*WAY, np.random.default_rng(7)) for each in (gan, again))
    assert one.id == same.id
    assert gan.facts == again.facts


@pytest.mark.parametrize(
    "change",
    [
        lambda plain, arrays: plain.update(version=99),
        lambda plain, arrays: plain.pop("most"),
        lambda plain, arrays: arrays.pop("out_bias"),
        lambda plain, arrays: arrays.update(out_bias=np.zeros(3)),
        lambda plain, arrays: arrays.update(second_w_in=np.zeros((16, 7))),
        lambda plain, arrays: arrays.update(more=np.zeros(3)),
    ],
    ids=("version", "facts", "missing", "shape", "layers", "unknown"),
)
def test_what_is_no_network_is_refused(change):
    """A file from elsewhere must not be half read."""
    gan = untaught()
    plain, arrays = gan.to_parts()
    change(plain, arrays)

    with pytest.raises(TemplateError):
        type(gan).from_parts(plain, arrays)


def test_steps_are_told_in_a_frame_of_their_own():
    """The same movement, elsewhere, larger and turned, has the same steps; on the clock."""
    t = np.arange(6) * 0.02
    x, y = np.array([0.0, 1, 3, 6, 8, 10]), np.array([0.0, 0, 2, 2, 0, 0])
    one = unit_steps(drawn(t, x, y), 0.02)
    turned = unit_steps(drawn(t + 5, 40 - 3 * y, 7 + 3 * x), 0.02)

    assert (5, 2) == one.shape
    assert (1.0, 0.0) == pytest.approx(one.mean(axis=0))
    assert one == pytest.approx(turned)
    assert 10 == len(unit_steps(drawn(t, x, y), 0.01))


def test_a_place_that_does_not_move_has_steps_all_the_same():
    """Nobody divides by nothing."""
    t = np.arange(6) * 0.02

    assert np.isfinite(unit_steps(drawn(t, [0, 5, 9, 5, 2, 0], np.zeros(6)), 0.02)).all()
    still = untaught().draw((5.0, 5.0), (5.0, 5.0), np.random.default_rng(1))
    assert {5.0} == set(still.x.tolist()) | set(still.y.tolist())


def test_the_law_of_how_long_is_the_people_s():
    """Longer ways take longer; the deviation is what the way does not explain."""
    movements = trainable(crowd(), 0.02, 64)
    facts = facts_of(movements, 0.02, 64, 4)
    rng = np.random.default_rng(1)

    short, far = (np.mean([facts.count(px, rng) for _ in range(300)]) for px in (100.0, 1500.0))
    assert short < far
    assert 0 < facts.steps[2] < 1
    assert 4 == facts.seed
    assert facts.most >= replace(facts, steps=(50.0, 0.0, 0.0)).count(500.0, rng)


def test_movements_that_are_too_long_teach_nothing():
    """A clock of so many steps can tell so much."""
    people = crowd()

    assert trainable(people, 0.02, 64)
    assert [] == trainable(people, 0.02, 4)


def test_inputs_are_seed_tremor_way_length_and_how_far():
    """In this order; the seed is one a movement, the share grows."""
    found = inputs(FACTS, np.array([0.5]), np.array([4]), np.ones((1, 3)), np.zeros((1, 4, 2)))

    assert (1, 4, 8) == found.shape
    assert [1, 1, 1, 0, 0, 0.5, 4 / 32, 0.125] == found[0, 0].tolist()
    assert [0.125, 0.375, 0.625, 0.875] == found[0, :, 7].tolist()
