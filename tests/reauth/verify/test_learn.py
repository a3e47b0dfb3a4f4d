"""How every verifier learns a user."""

import numpy as np
import pytest

from reauth.errors import NotEnrolled
from reauth.verify.calibrate import densities
from reauth.verify.learn import MIN_GENUINE, MIN_USERS, UNUSUAL, Learner, learnt


def mean(own, theirs, rng):
    """What is fitted: where the user is, and how many others there were."""
    return {"at": np.array([np.concatenate(own).mean()]), "others": np.array([float(len(theirs))])}


def alone(own, theirs, rng):
    return {"at": np.array([np.concatenate(own).mean()]), "others": np.array([-1.0])}


def near(arrays, x):
    return -np.abs(x[:, 0] - arrays["at"][0])


def drawn(at, count, seed=0):
    return np.random.default_rng(seed).normal(at, 1.0, (count, 1))


def taught(own, others, least=3):
    learner = Learner(mean, alone, near, densities, least)
    return learnt(learner, own, others, np.random.default_rng(0))


def test_with_others_it_is_learnt_against_them_and_calibrated():
    """What training left out speaks for the user, what others drew against."""
    others = [[drawn(4.0, 60, seed)] for seed in range(4)]
    found = taught([drawn(0.0, 60, 8), drawn(0.0, 60, 9)], [*others, []])

    assert (120, 240, False) == (found.n_genuine, found.n_impostor, found.provisional)
    assert [4.0] == found.arrays["others"].tolist()
    assert [60, 60] == [len(part) for part in found.held_out]
    assert np.concatenate(found.held_out).mean() > 0.5
    assert np.concatenate(found.impostors).mean() < -0.5


@pytest.mark.parametrize("count", [0, 1, 2])
def test_with_too_few_others_it_is_learnt_alone(count):
    """Provisionally: a fifth of the own movements counts as low, and no share of strangers."""
    found = taught([drawn(0.0, 400)], [[drawn(4.0, 60)]] * count)

    assert found.provisional
    assert ([-1.0], 0) == (found.arrays["others"].tolist(), found.n_impostor)
    low = np.mean(np.concatenate(found.held_out) < 0)
    assert pytest.approx(UNUSUAL, abs=0.03) == low


def test_two_others_are_the_least_whatever_is_asked_for():
    """One trains while the other calibrates."""
    assert taught([drawn(0.0, 60)], [[drawn(4.0, 60)]], least=0).provisional
    assert not taught([drawn(0.0, 60)], [[drawn(4.0, 60)]] * MIN_USERS, least=0).provisional


def test_too_little_is_refused_with_what_is_missing():
    """Whatever learns."""
    with pytest.raises(NotEnrolled, match=r"^5 more"):
        taught([drawn(0.0, MIN_GENUINE - 5)], [])
