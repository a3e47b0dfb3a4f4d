"""Lu's numbers of a slide, on tracks that were made by hand."""

import numpy as np
import pytest

from reauth.features.slider import (
    ATTACK,
    BASE,
    NAMES,
    NINE,
    UNITS,
    Slide,
    describe,
    describe_many,
    from_start,
)

T, X, Y = [0.0, 0.1, 0.3, 0.5, 0.6], [10.0, 20.0, 50.0, 60.0, 58.0], [5.0, 5.0, 9.0, 9.0, 7.0]


def slide(t=T, x=X, y=Y, target=(55.0, 5.0)):
    return Slide(*(np.array(each, dtype=np.float64) for each in (t, x, y)), target)


def told(one):
    return dict(zip(NAMES, describe(one).tolist(), strict=True))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x_max_target", 5.0), ("data_x_min", 10.0), ("delt_x_max", 30.0), ("data_y_start", 5.0),
        ("acc_speed_x_start", (150.0 - 100.0) / 0.1), ("speed_x_end", -20.0),
        ("speed_xy_start", 100.0), ("delt_xy_start", 10.0), ("delt_speed_t_start", 0.1),
    ],
)  # fmt: skip
def test_the_papers_nine_are_what_its_words_say(name, value):
    """Table 1; the formulas of biometrics.md §1.4."""
    assert name in NINE
    assert value == pytest.approx(told(slide())[name])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("data_x_middle", 50.0), ("data_x_end", 58.0), ("delt_x_middle", 10.0),
        ("delt_t_mean", 0.15), ("speed_x_mean", (100 + 150 + 50 - 20) / 4),
        ("speed_y_std", np.std([0, 20, 0, -20])), ("delt_speed_x_end", -70.0),
        ("acc_speed_x_end", -70 / 0.2), ("delt_acc_speed_x_start", -500 - 500.0),
        ("euclid", np.hypot(48, 2)), ("path", 10 + np.hypot(30, 4) + 10 + np.hypot(2, 2)),
        ("x_max_end", 2.0), ("y_deviation", 4.0), ("y_same_share", 0.5),
        ("delt_t_variance", np.var([0.1, 0.2, 0.2, 0.1])), ("delt_speed_x_mean", -40.0),
    ],
)  # fmt: skip
def test_vectors_are_told_by_their_points_and_their_whole(name, value):
    """Middle is the value at half of them; acceleration is dV / dT, not V / dT as printed."""
    assert value == pytest.approx(told(slide())[name])


def test_there_are_119_and_what_attacks_gave():
    """Each with its name and unit, once."""
    assert (119, 122) == (len(BASE), len(set(NAMES)))
    assert set(NINE) | set(ATTACK) <= set(NAMES)
    assert all(UNITS[name] for name in NAMES)
    assert "px/s" == UNITS["speed_xy_start"]


def test_what_is_undefined_is_nan_and_the_rest_is_there():
    """A step without time has no speed; what is told of the whole is told of the others."""
    found = told(slide([0.0, 0.0, 0.2], [0.0, 5.0, 25.0], [0.0] * 3))

    assert np.isnan(found["speed_x_start"])
    assert 100.0 == found["speed_x_end"] == found["speed_x_max"] == found["speed_x_mean"]
    assert np.isnan(found["acc_speed_x_mean"])
    assert 20.0 == found["delt_x_max"]


def test_a_clock_that_steps_back_gives_no_speed():
    """Eight steps of the public set do."""
    found = told(slide([0.2, 0.1, 0.3], [0.0, 50.0, 60.0], [0.0] * 3))

    assert 50.0 == pytest.approx(found["speed_x_max"])


@pytest.mark.parametrize(("count", "known"), [(1, 19), (2, 70), (3, 113), (4, 122)])
def test_a_short_slide_has_what_its_points_allow(count, known):
    """One point has a place, two a speed, three an acceleration, four its difference."""
    found = describe(slide(T[:count], X[:count], Y[:count]))

    assert known == np.isfinite(found).sum()


def test_without_a_target_it_is_where_the_slide_ended():
    """biometrics.md §1.4: the click point."""
    assert 2.0 == told(slide(target=None))["x_max_target"]


def test_many_are_described_as_one_by_one():
    """Bit for bit, in whatever company; of none there is nothing."""
    rng = np.random.default_rng(1)
    some = [
        slide(np.cumsum(rng.integers(0, 9, n)) / 1e3, rng.normal(size=n), rng.normal(size=n))
        for n in [*range(1, 40)] * 4
    ]

    assert np.array_equal(np.stack([describe(one) for one in some]), describe_many(some), True)
    assert (0, 122) == describe_many([]).shape


def test_from_its_start_a_slide_does_not_know_its_page():
    """Moved on the screen and in time it tells the same."""
    moved = slide(np.add(T, 3.0), np.add(X, 100), np.add(Y, 50), (155.0, 55.0))

    assert np.allclose(describe(from_start(slide())), describe(from_start(moved)))
    assert 0.0 == told(from_start(slide()))["data_x_min"]
    assert 5.0 == told(from_start(slide(target=None)))["x_max_target"] + 3.0
