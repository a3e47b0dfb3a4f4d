"""Rules of presses and intervals, with times as arguments."""

import numpy as np
import pytest

from reauth.detect.pointer import Pointer, Told
from reauth.event import Kind

BASE = 1_790_000_000.0
MOUSE, PEN, TOUCH = 0, 8, 16


def told(*rows, base=BASE, **more):
    """A batch of (kind, t, x, y, ext) rows."""
    columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * 5
    end = base + (columns[1][-1] if rows else 0.0)
    return Told(end, b"t" * 16, "page", "site", base, *columns, **more)


def joined(parts):
    """Rows, or findings, one after the other."""
    return [row for part in parts for row in part]


def press(t, x, y, pointer=MOUSE, moved=True):
    """The pointer set down somewhere, as automation does: one move, down and up."""
    move = [(Kind.MOVE, t, x, y, 0)] if moved else []
    return [*move, (Kind.DOWN, t + 0.001, x, y, pointer), (Kind.UP, t + 0.002, x, y, 0)]


def approach(t, start, end, steps=20):
    """A way from place to place in 0.3 s that slows down, as hands do, with a press at its end."""
    share = 1 - (1 - np.linspace(0, 1, steps)) ** 3
    xs = np.rint(start[0] + share * (end[0] - start[0]))
    ys = np.rint(start[1] + share * (end[1] - start[1]))
    times = t + 0.3 * np.linspace(0, 1, steps)
    way = [(Kind.MOVE, at, x, y, 0) for at, x, y in zip(times, xs, ys, strict=True)]
    return [*way, *press(t + 0.4, *end, moved=False)]


def jumps(*batches, slow=False):
    """How many presses in a row came from nowhere."""
    pointer = Pointer()
    for batch in batches:
        pointer.feed(batch, None, slow)
    return pointer.jumps


def places(count):
    """So many that are far apart."""
    return [(500 + 300 * (number % 3), 100 + 200 * (number % 2)) for number in range(count)]


@pytest.mark.parametrize("moved", [True, False])
@pytest.mark.parametrize("apart", [True, False])
def test_presses_where_the_pointer_never_went_are_counted(moved, apart):
    """With one move to the place or with none; in one batch or in many."""
    rows = [press(0.2 * n, *place, moved=moved) for n, place in enumerate(places(9))]
    batches = [told(*part) for part in rows] if apart else [told(*joined(rows))]

    assert jumps(*batches) == 7  # nobody knows of the first; the second has no pace


def test_a_hand_comes_by_a_way():
    """Also one that presses twice a second."""
    way = places(12)
    rows = [approach(0.5 * n, way[n], way[n + 1]) for n in range(11)]

    assert jumps(*[told(*part) for part in rows]) == 0


def test_one_press_with_a_way_ends_the_row():
    """A program has none; a hand may be lost sight of now and then."""
    rows = [press(0.2 * n, *place) for n, place in enumerate(places(6))]

    assert jumps(*map(lambda part: told(*part), rows)) == 4
    assert jumps(*[told(*part) for part in [*rows, approach(2.0, places(6)[-1], (0, 0))]]) == 0


@pytest.mark.parametrize("pointer", [PEN, TOUCH])
def test_touch_and_pens_come_down_anywhere(pointer):
    """However fast."""
    rows = [press(0.2 * n, *place, pointer) for n, place in enumerate(places(30))]

    assert jumps(told(*joined(rows))) == 0
    assert jumps(*[told(*part) for part in rows]) == 0


def test_a_mouse_after_a_touch_is_where_nobody_knows():
    """A notebook with both: the press before was a finger's."""
    rows = []
    for n, place in enumerate(places(20)):
        rows += press(0.3 * n, *place, TOUCH) + press(0.3 * n + 0.1, place[0] + 200, 0, moved=False)

    assert jumps(told(*rows)) == 0


def test_a_switch_or_a_dwelling_eye_sets_the_pointer_too_but_takes_its_time():
    """A second and more for each; counted only where a browser says that it is driven."""
    rows = joined(press(1.2 * n, *place) for n, place in enumerate(places(30)))

    assert jumps(told(*rows)) == 0
    assert jumps(told(*rows), slow=True) == 29


def test_pressing_again_where_it_is_needs_no_way():
    """A hand that rests on a button."""
    rows = joined(press(0.2 * n, 500, 500, moved=False) for n in range(30))

    assert jumps(told(*rows)) == 0


def test_after_a_batch_that_was_lost_nobody_knows_where_it_came_from():
    """What is missing speaks against nobody."""
    rows = [press(0.2 * n, *place, moved=False) for n, place in enumerate(places(20))]

    assert jumps(*[told(*part, missing=1) for part in rows]) == 0


def alike(times, resolution=0.0001):
    """Intervals found alike in moves at these times."""
    pointer = Pointer()
    for start in range(0, len(times), 200):
        part = times[start : start + 200]
        rows = [(Kind.MOVE, t - part[0], n, n, 0) for n, t in enumerate(part)]
        pointer.feed(told(*rows, base=BASE + part[0]), resolution, False)
    return pointer.alike


def test_intervals_to_a_tick_are_counted():
    """Pauses between movements are none."""
    times = [0.01 * n + 3 * (n // 300) for n in range(1200)]

    assert alike(times) > 1000


def test_a_device_that_jitters_gives_none():
    """By a third of a millisecond, on a clock of a tenth."""
    rng = np.random.default_rng(1)
    times = np.cumsum(np.round(rng.normal(0.008, 0.0003, 3000), 4))

    assert alike(list(times)) < 100


@pytest.mark.parametrize("resolution", [None, 0.001, 0.0167, 0.1])
def test_on_a_coarse_clock_all_intervals_are_alike(resolution):
    """Browsers that resist fingerprinting have one, and so has who tells of none."""
    assert alike([0.0167 * n for n in range(3000)], resolution) == 0
