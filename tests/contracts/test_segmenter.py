"""What every segmenter keeps, whichever it is."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reauth.event import ENDING_MARKS, Event, Kind, Mark
from reauth.movement import MovementSegmenter
from reauth.stroke import StrokeSegmenter
from reauth.trajectory import PauseSegmenter

SEGMENTERS = {
    "pause": lambda: PauseSegmenter(pause=0.5, points=3, grid=0.025, max_pages=3),
    "movement": lambda: MovementSegmenter(pause=0.5, max_pages=3),
    "stroke": lambda: StrokeSegmenter(max_pages=3),
}

pytestmark = pytest.mark.parametrize("make", SEGMENTERS.values(), ids=list(SEGMENTERS))

ticks = st.integers(0, 4000).map(lambda tick: tick / 1000)
places = st.sampled_from([0.0, 5.0, 7.5, -30.0, 65535.0, float("nan")])
moves = st.builds(Event, st.just(Kind.MOVE), st.integers(0, 4), ticks, places, places)
others = st.builds(
    Event,
    st.sampled_from([Kind.DOWN, Kind.UP, Kind.WHEEL, Kind.CANCEL, Kind.MARKER, Kind.GAP]),
    st.integers(0, 4),
    ticks,
    st.just(0.0),
    st.just(0.0),
    st.sampled_from([0, 2, *ENDING_MARKS, Mark.FOCUS]),
)
# Mostly in order, as they come; not always, as clocks and networks are.
streams = st.one_of(
    st.lists(st.one_of(moves, moves, moves, others), max_size=80),
    st.lists(st.one_of(moves, moves, moves, others), max_size=80).map(
        lambda events: sorted(events, key=lambda event: event.t)
    ),
)
cuts = st.lists(st.integers(0, 80), max_size=6).map(sorted)


def ids(trajectories):
    return [each.id for each in trajectories]


@given(streams, cuts)
def test_batching_never_changes_what_is_cut(make, events, at):
    """The network may cut a stream anywhere; trajectories may not depend on where."""
    whole, parts = make(), make()
    bounds = [0, *at, len(events)]

    expected = [(index, each.id) for index, each in whole.feed_many(events)]
    found = [
        (start + index, each.id)
        for start, stop in pairwise(bounds)
        for index, each in parts.feed_many(events[start:stop])
    ]

    assert expected == found
    assert ids(whole.close()) == ids(parts.close())


@given(streams)
def test_one_by_one_gives_what_a_batch_gives(make, events):
    """`feed` is `feed_many` of one event."""
    batch, single = make(), make()

    expected = [each.id for _, each in batch.feed_many(events)]

    assert expected == [each.id for event in events for each in single.feed(event)]


@given(streams, st.integers(0, 80))
def test_the_state_survives_bytes_anywhere(make, events, at):
    """A session may be stored and restored between any two events."""
    straight, restored = make(), make()
    first = make()
    expected = ids(each for _, each in straight.feed_many(events[:at] + events[at:]))

    found = ids(each for _, each in first.feed_many(events[:at]))
    restored.from_bytes(first.to_bytes())
    found += ids(each for _, each in restored.feed_many(events[at:]))

    assert expected == found
    assert straight.to_bytes() == restored.to_bytes()
    assert ids(straight.close()) == ids(restored.close())


@given(streams)
def test_time_strictly_increases_inside_a_trajectory(make, events):
    """Speeds divide by time; nothing may run backwards or stand still."""
    segmenter = make()
    found = [each for _, each in segmenter.feed_many(events)] + segmenter.close()

    for each in found:
        assert (np.diff(each.t) > 0).all()
        assert np.isfinite(each.x).all() and np.isfinite(each.y).all()
        assert each.t.shape == each.x.shape == each.y.shape


@given(st.binary(max_size=200))
def test_bytes_that_are_no_state_are_refused(make, state):
    """Nothing half-read: an error, and the segmenter is as it was."""
    segmenter = make()
    before = segmenter.to_bytes()

    try:
        segmenter.from_bytes(state)
    except ValueError:
        assert before == segmenter.to_bytes()


def test_the_state_of_one_page_is_small(make):
    """Whatever a hand does: a session is 20 kB at most, all lanes together (scale.md §2)."""
    segmenter = make()
    turns = (Kind.MOVE, Kind.DOWN, Kind.MOVE, Kind.UP, Kind.WHEEL)
    for i in range(5000):
        at = Event(turns[i % 5], 2**128 - 1, i / 1000, float(i), 0.0)
        segmenter.feed(at)

    most = 1024 if isinstance(segmenter, PauseSegmenter) else 20_000
    assert len(segmenter.to_bytes()) <= most


def test_positions_are_numbers_with_a_fraction_even_if_they_came_without(make):
    """The wire gives whole px, and whatever is summed up in whole ones is rounded on the way."""
    rows = [Event(Kind.DOWN, 0, 0.0, 0, 0)]
    rows += [Event(Kind.MOVE, 0, 0.03 * n, 9 * n, n * n) for n in range(1, 12)]
    rows += [Event(Kind.DOWN, 0, 0.4, 99, 121), Event(Kind.UP, 0, 0.5, 99, 121)]
    segmenter = make()
    found = [each for _, each in segmenter.feed_many(rows)] + segmenter.close()

    assert found
    for each in found:
        assert {np.dtype("float64")} == {column.dtype for column in (each.t, each.x, each.y)}
