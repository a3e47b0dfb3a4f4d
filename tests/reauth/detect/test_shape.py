"""Rules of shapes: what a replay changes little, and what it cannot change."""

import numpy as np
import pytest

from reauth.detect.shape import (
    CELLS,
    GRACE,
    KINDS,
    LATE,
    LEAST_BEND,
    LEAST_EXTENT,
    LEAST_POINTS,
    WORST,
    reach,
    residuals,
    row_of,
    shape_of,
    without_loose_end,
)
from reauth.event import Kind
from reauth.trajectory import Trajectory


def drawn(t, x, y, kinds=None):
    return Trajectory(0, *(np.array(each, dtype=float) for each in (t, x, y)), kinds)


def arc(points=80, bend=60.0, length=500.0, duration=0.8, x=0.0, y=0.0, t=0.0):
    """A movement that bends out to one side, fastest in its middle."""
    u = np.linspace(0.0, 1.0, points)
    way = u * u * (3 - 2 * u)
    xs, ys = length * way, bend * np.sin(np.pi * way)
    return drawn(t + duration * u, x + np.rint(xs), y + np.rint(ys))


def left(one, other):
    """What is left between two movements."""
    a, b = shape_of(one), shape_of(other)
    return residuals(a, b.outline[None], np.array([b.duration]))[0]


def far(one, other):
    """How far two movements are apart in the index."""
    rows = [row_of(each.outline[None], np.array([each.duration]))[0] for each in (one, other)]
    return np.linalg.norm(rows[0] - rows[1])


def test_an_outline_is_the_mean_place_in_each_part_of_the_time():
    """By hand: at one speed, the middles of the parts; the mean of all is 0."""
    u = np.linspace(0.0, 1.0, 41)
    triangle = drawn(u, 320 * u, 100 * np.minimum(u, 1 - u))

    shape = shape_of(triangle)

    assert np.allclose(10 * np.arange(CELLS) - 155.0, shape.outline[0])
    assert np.allclose(0.0, shape.outline.mean(axis=1), atol=1e-9)
    assert pytest.approx(1.0) == shape.duration


def test_points_are_taken_by_their_time_and_not_by_their_number():
    """Half of them left out, the outline is nearly the same."""
    whole = arc(161)
    half = drawn(whole.t[::2], whole.x[::2], whole.y[::2])

    assert np.allclose(shape_of(whole).outline, shape_of(half).outline, atol=0.6)
    assert left(whole, half) < 0.05


def test_clicks_are_no_part_of_it():
    """The button went down in the middle."""
    plain = arc(20)
    kinds = np.zeros(20, np.int8)
    kinds[7] = Kind.DOWN
    clicked = drawn(plain.t, plain.x, plain.y, kinds)
    without = drawn(*(np.delete(each, 7) for each in (plain.t, plain.x, plain.y)))

    assert shape_of(without).digest == shape_of(clicked).digest


@pytest.mark.parametrize(
    ("movement", "reason"),
    [
        (arc(LEAST_POINTS - 1), "too_short"),
        (arc(bend=LEAST_BEND - GRACE - 2), "too_plain"),
        (arc(bend=0.0), "too_plain"),
        (arc(bend=20.0, length=LEAST_EXTENT - 2 * GRACE - 2), "too_plain"),
    ],
)
def test_what_honest_people_repeat_has_no_shape(movement, reason):
    assert reason == shape_of(movement)


def test_a_little_too_plain_is_looked_up_and_not_kept():
    """Moving one point may have made it so."""
    shapes = [shape_of(arc(LEAST_POINTS, bend=LEAST_BEND + by)) for by in (2, -1)]
    small = shape_of(arc(bend=20.0, length=LEAST_EXTENT - 2))

    assert [False, True] == [each.plain for each in shapes]
    assert small.plain
    assert 0 == shapes[1].kind


def test_there_and_back_is_bent_where_it_ends_where_it_began():
    """Then there is no straight line to bend from."""
    u = np.linspace(0, np.pi, 30)
    away = shape_of(drawn(u, 100 * np.sin(u), 0 * u))

    assert KINDS - 1 == away.kind


def test_the_kind_goes_by_doubled_bends():
    kinds = [shape_of(arc(bend=LEAST_BEND * by)).kind for by in (1.5, 3, 6, 30)]

    assert [0, 1, 2, 2] == kinds


def test_a_digest_knows_steps_and_times_and_no_place():
    """Elsewhere and later it is the same; with one point a px or a tick away it is another."""
    first, there = arc(), arc(x=300.0, y=-40.0, t=86_400.0)
    moved, late = arc(), arc()
    moved.x[5] += 1
    late.t[5] += 1e-4

    digests = [shape_of(each).digest for each in (first, there, moved, late)]

    assert digests[0] == digests[1]
    assert 3 == len(set(digests))


def test_what_is_left_is_weighed_by_what_a_replay_leaves():
    """Nothing, of itself; little, of one that was moved; much, of another one."""
    rng = np.random.default_rng(1)
    movement, other = arc(), arc(bend=95.0)
    moved = arc()
    moved.x[:] += rng.choice((-3, 0, 3), 80, p=(0.15, 0.7, 0.15))
    moved.y[:] += rng.choice((-3, 0, 3), 80, p=(0.15, 0.7, 0.15))

    assert left(movement, movement) < 1e-6
    assert 0 < left(movement, moved) < 1.0
    assert left(movement, other) > 4.0


def test_a_late_start_is_laid_over():
    """The first frame lost in full speed moves places by tens of px, and is no difference."""
    u = np.linspace(0.0, 1.0, 60)
    fast = drawn(0.6 * u, 1500 * u, 200 * np.sin(3 * u))
    lost = drawn(fast.t[2:], fast.x[2:], fast.y[2:])

    assert left(fast, lost) < 0.5
    assert far(shape_of(fast), shape_of(lost)) < reach(shape_of(fast))


def test_one_stall_does_not_hide_a_replay():
    """Each part counts up to a bound: a player that stops for a moment is known all the same."""
    movement = arc(length=900.0)
    stalled = movement.t.copy()
    stalled[36:42] = np.linspace(stalled[42] - 1e-3, stalled[42] - 2e-4, 6)

    assert left(movement, drawn(stalled, movement.x, movement.y)) < 1.0
    assert left(movement, arc(length=900.0, bend=-300.0)) > WORST / 2


def test_at_another_pace_nothing_is_left_to_compare():
    """The same path slower by more than a player's delays is another movement."""
    assert np.isfinite(left(arc(duration=0.8), arc(duration=0.8 + LATE - 0.002)))
    assert np.isinf(left(arc(duration=0.8), arc(duration=0.8 + LATE + 0.002)))


def test_rows_are_never_further_apart_than_outlines():
    """So that a look-up within a distance misses nothing; and at one pace by waves alone."""
    rng = np.random.default_rng(2)
    for _ in range(50):
        one, other = (arc(bend=bend) for bend in rng.uniform(20, 200, 2))
        a, b = shape_of(one), shape_of(other)

        assert far(a, b) <= np.linalg.norm(a.outline - b.outline) + 1e-9


def test_only_a_short_and_late_last_step_is_loose():
    """Its loss costs time, and moving one point undoes it."""
    base = arc(20, duration=0.4)

    def ended(dt, dx):
        last = (base.t[-1] + dt, base.x[-1] + dx, base.y[-1])
        points = zip((base.t, base.x, base.y), last, strict=True)
        return drawn(*(np.append(each, end) for each, end in points))

    assert base.t.tolist() == without_loose_end(ended(0.3, 1.0)).t.tolist()
    assert without_loose_end(ended(0.3, 4.0)) is None
    assert without_loose_end(ended(0.01, 1.0)) is None
    assert without_loose_end(drawn([0.0], [0.0], [0.0])) is None
