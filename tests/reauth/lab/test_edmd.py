"""EDMD: what was seen is found again, and the printed faults are not ours."""

import numpy as np
import pytest

from reauth.features.slider import Slide
from reauth.lab.edmd import Gate, Library, least_distance, speed_vector, speed_vectors


def slides(count=30, seed=0):
    rng = np.random.default_rng(seed)
    return [
        Slide(
            np.cumsum(rng.integers(5, 20, 40)) / 1e3, np.cumsum(rng.integers(0, 9, 40)) * 1.0,
            np.cumsum(rng.integers(-1, 2, 40)) * 1.0,
        )
        for _ in range(count)
    ]  # fmt: skip


def library(rows, limit=0.5, capacity=None):
    found = Library(limit, capacity or len(rows))
    found.refresh(np.asarray(rows, dtype=np.float64))
    return found


def row(first, *others):
    return np.array([first, *others, *[0.0] * (7 - len(others))])


def test_the_eight_numbers_are_speeds_in_pixels_a_millisecond():
    """First, last, mean and variance, of x and of y; steps without time are none."""
    one = Slide(
        np.array([0.0, 0.01, 0.01, 0.03]), np.array([0.0, 10.0, 99.0, 139.0]), np.zeros(4)
    )

    assert [1.0, 2.0, 1.5, 0.25, 0, 0, 0, 0] == pytest.approx(speed_vector(one).tolist())


def test_k_is_the_least_distance_that_is_not_zero():
    """Copies do not count, nor what differs by arithmetic, nor what has no speed."""
    rows = [row(0.0), row(0.0), row(1e-13), row(0.5, 0.5), row(9.0), row(np.nan)]

    assert 1.0 == pytest.approx(least_distance(np.array(rows)))
    with pytest.raises(ValueError, match="no K"):
        least_distance(np.array(rows[:3]))


def test_exact_repeats_are_found_and_others_are_not():
    """All of them; wherever on the screen and whenever they are played."""
    seen, other = slides(), slides(seed=1)
    known = library(speed_vectors(seen), 0.05 * least_distance(speed_vectors(seen)))

    for one in seen:
        again = Slide(one.t + 7.0, one.x + 100.0, one.y - 3.0)
        assert known.holds(speed_vector(again))
    assert not any(known.holds(speed_vector(one)) for one in other)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_any_candidate_is_enough_not_the_last_one(order):
    """Printed, the loop overwrites its verdict: a far candidate after a near one would clear it."""
    near, far = row(0.1), row(0.4, 0.4, 0.4)

    assert library([(near, far)[place] for place in order]).holds(row(0.0))
    assert not library([far, far]).holds(row(0.0))


def test_differences_are_summed_not_the_list_of_places():
    """Printed, the indices are: 0 for the first row, whatever its distance."""
    far = row(0.4, 0.4, 0.4)

    assert not library([far]).holds(row(0.0))
    assert library([*[row(9.0)] * 50, row(0.2, 0.2)]).holds(row(0.0))


def test_the_skipping_changes_no_answer():
    """Rows with one number beyond K are passed over first: what is left is the plain sum's."""
    rng = np.random.default_rng(3)
    rows, asked = rng.normal(size=(300, 8)), rng.normal(size=(200, 8))
    plain = [bool((np.abs(rows - one).sum(axis=1) < 3.5).any()) for one in asked]

    assert 20 < sum(plain) < 180
    assert plain == [library(rows, 3.5).holds(one) for one in asked]


def test_the_oldest_makes_room():
    """A library refreshes with every slide that it keeps."""
    known = Library(0.5, 2)
    for value in (1.0, 5.0, 9.0):
        known.add(row(value))
    known.add(row(np.nan))

    assert 2 == len(known)
    assert [False, True, True] == [known.holds(row(value)) for value in (1.0, 5.0, 9.0)]


def test_refreshing_forgets_all_and_may_change_k():
    """The last rows are kept, as many as there is room for; new ones follow in their order."""
    known = library([row(1.0), row(2.0)], limit=0.5)
    known.refresh(np.array([row(5.0), row(np.nan), row(7.0), row(9.0)]), 0.1)
    known.add(row(20.0))

    assert (2, 0.1) == (len(known), known.limit)
    assert [False, False, True, True] == [
        known.holds(row(value)) for value in (1.0, 7.0, 9.0, 20.0)
    ]


def test_who_has_no_speed_is_near_to_nobody():
    """A single point."""
    alone = speed_vector(Slide(np.zeros(1), np.zeros(1), np.zeros(1)))

    assert np.isnan(alone).all()
    assert not library([row(0.0)]).holds(alone)
    assert (0, 8) == speed_vectors([]).shape


@pytest.mark.parametrize(("limit", "capacity"), [(0.0, 1), (-1.0, 1), (1.0, 0)])
def test_a_library_needs_a_limit_and_room(limit, capacity):
    """Neither 0 nor less."""
    with pytest.raises(ValueError, match="needed"):
        Library(limit, capacity)
    with pytest.raises(ValueError, match="needed"):
        Library(1.0, 1).refresh(np.zeros((1, 8)), 0.0)


def test_replays_are_looked_for_before_the_classifier_is_asked():
    """What was let through once is no person the second time; the classifier is not even asked."""
    asked = []

    def human(slide):
        asked.append(slide)
        return slide.x[1] > 3

    person, program = slides(2)
    person.x[1], program.x[1] = 8.0, 0.0
    gate = Gate(Library(1e-6, 10), human)

    assert ["human", "machine", "replay", "replay"] == [
        gate.judge(one) for one in (person, program, person, program)
    ]
    assert 2 == len(asked)
