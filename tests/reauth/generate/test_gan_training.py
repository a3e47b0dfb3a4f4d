"""Teaching a network: a toy is learnt, and the same seed gives the same network."""

import numpy as np
import pytest

from reauth.errors import NotEnrolled
from reauth.generate.gan import facts_of, trainable
from reauth.generate.gan_training import (
    BINS,
    LEAST,
    MOST,
    PERIOD,
    Batches,
    Budget,
    blurred,
    fit,
    padded,
    sequences,
    shares_of,
    train,
)
from tests.reauth.generate.crowd import crowd

pytestmark = pytest.mark.slow

TOY = Budget(epochs=25, batch=16, generator=(32, 16), discriminator=(8, 4), seed=4)


@pytest.fixture(scope="module")
def people():
    return crowd(people=2, movements=60)


@pytest.fixture(scope="module")
def taught(people):
    pytest.importorskip("torch")
    return train(people, TOY, seed=1)


def test_training_brings_the_steps_nearer_to_those_of_people(taught):
    """Mean and deviation over the movement; the discriminator's loss alone says nothing."""
    assert TOY.epochs == len(taught.losses)
    assert taught.losses[-1].matching < 0.5 * taught.losses[0].matching


def test_the_same_seed_gives_the_same_network_and_another_one_another(people, taught):
    """To the last bit, and whatever torch's own numbers are."""
    few = Budget(epochs=1, batch=32, generator=(8, 4), discriminator=(8, 4), seed=4)
    one, same, other = (train(people, few, seed) for seed in (1, 1, 2))

    assert np.array_equal(one.gan.arrays["out_w"], same.gan.arrays["out_w"])
    assert not np.array_equal(one.gan.arrays["out_w"], other.gan.arrays["out_w"])


def test_both_networks_judge_and_draw_without_torch(people, taught):
    """Arrays are all that is left of them."""
    known = trainable(people, PERIOD, MOST)[:5]
    found = taught.human(known)

    assert (5,) == found.shape
    assert ((found > 0) & (found < 1)).all()
    assert set(taught.gan.arrays) == set(taught.discriminator)
    assert (32, 3) == taught.discriminator["first_w_in"].shape


def test_every_epoch_is_watched(people):
    """By whoever draws a bar."""
    pytest.importorskip("torch")
    seen = []

    def watch(epochs):
        for epoch in epochs:
            seen.append(epoch)
            yield epoch

    train(people, Budget(2, 64, (4, 4), (4, 4), 2), 1, watch)
    assert [0, 1] == seen


def test_too_few_movements_are_refused(people):
    """A number and what is needed."""
    pytest.importorskip("torch")

    with pytest.raises(NotEnrolled, match=f"3 movements to learn from; {LEAST} are needed"):
        fit(trainable(people, PERIOD, MOST)[:3])


def test_batches_hold_every_movement_once_and_those_of_a_length_together(people):
    """Else half of the work is on zeros."""
    known = trainable(people, PERIOD, MOST)
    data = Batches(known, facts_of(known, PERIOD, MOST, 4))
    counts = [part[2] for part in data.shuffled(16, np.random.default_rng(1))]

    assert sorted(np.concatenate(counts)) == sorted(data.counts)
    assert len(data) == len(known)
    assert np.mean([np.ptp(each) for each in counts]) < np.ptp(data.counts) / 2


def test_what_is_padded_is_cut_at_the_longest(people):
    """And shown with how far it goes."""
    known = trainable(people, PERIOD, MOST)
    facts = facts_of(known, PERIOD, 10, 4)
    steps, counts = padded(known, facts)

    assert (len(known), 10, 2) == steps.shape
    assert 10 == counts.max()
    assert (0 == steps[3, int(counts[3]) :]).all()
    assert 0.0 == pytest.approx(sequences(known, facts).ways.mean())


def test_a_blur_moves_places_by_half_a_px_at_most():
    """The first place too; it hides that px are whole, and nothing else."""
    still = np.zeros((50, 8, 2))
    moved = blurred(still, np.full(50, 10.0), np.random.default_rng(1))

    assert 0.1 >= np.abs(moved).max() > 0.05
    assert 0.1 >= np.abs(moved.sum(axis=1)).max()


def test_parts_of_a_movement_are_means_of_its_steps():
    """Each of as many parts sums to one, or has no step; steps behind the last count nothing."""
    found = shares_of(np.array([16, 4]), 20)

    assert (2, 20, BINS) == found.shape
    assert [1.0] * BINS == found[0].sum(axis=0).tolist()
    assert {0.0, 1.0} == set(found[1].sum(axis=0).tolist())
    assert 0 == found[1, 4:].sum()
