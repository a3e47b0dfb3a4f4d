"""Gamboa's rule for cutting strokes, and what costs one."""

import math

import numpy as np
import pytest

from reauth.event import Event, Kind, Mark, Samples
from reauth.stroke import IDLE, LEAST, MOST, StrokeSegmenter


def run(*ts, page=0):
    """Movements at these times, each at a place of its own."""
    return [Event(Kind.MOVE, page, t, 100.0 * t, 5.0) for t in ts]


def click(t, page=0, x=7.0, y=5.0):
    return [Event(Kind.DOWN, page, t, x, y), Event(Kind.UP, page, t + 0.05, x, y)]


def marker(t, mark, page=0):
    return [Event(Kind.MARKER, page, t, 0.0, 0.0, mark)]


def gap(t, page=0):
    return [Event(Kind.GAP, page, t, 0.0, 0.0, 3)]


def times(found):
    return [stroke.t.tolist() for _, stroke in found]


def cut(events, **settings):
    return StrokeSegmenter(**settings).feed_many(events)


def test_what_moves_between_two_clicks_is_a_stroke():
    """The click is its last point and completes it; the next movement begins the next one."""
    first, second = run(0.0, 0.1, 0.2), run(2.0, 2.1, 2.2, 2.3)

    found = cut([*first, *click(0.5), *second, *click(2.4)])

    assert [3, 9] == [index for index, _ in found]
    assert [[0.0, 0.1, 0.2, 0.5], [2.0, 2.1, 2.2, 2.3, 2.4]] == times(found)
    assert [0.0, 10.0, 20.0, 7.0] == found[0][1].x.tolist()


def test_a_stroke_knows_its_points_and_the_rest_before_it():
    """Nobody knows what was before the first."""
    found = cut([*run(0.0, 0.1, 0.2), *click(0.5), *run(2.0, 2.1, 2.2), *click(2.4)])

    assert [[0, 0, 0, 1]] * 2 == [stroke.kinds.tolist() for _, stroke in found]
    assert math.isnan(found[0][1].rest)
    assert found[1][1].rest == pytest.approx(1.8)


def test_a_release_a_scroll_and_a_focus_end_nothing():
    """Only a press does; a drag belongs to the stroke after it."""
    others = [
        Event(Kind.UP, 0, 0.15, 0.0, 0.0),
        Event(Kind.WHEEL, 0, 0.16, 0.0, 0.0, 120),
        Event(Kind.CANCEL, 0, 0.17, 0.0, 0.0),
        *marker(0.18, Mark.FOCUS),
    ]

    found = cut([*run(0.0, 0.1), *others, *run(0.2), *click(0.5)])

    assert [[0.0, 0.1, 0.2, 0.5]] == times(found)


def test_points_are_thinned_but_for_the_last_before_the_click():
    """Fifty a second are the paper's; the time from the last movement to the click is a feature."""
    found = cut([*run(0.0, 0.005, 0.02, 0.03, 0.04, 0.05), *click(0.1)])

    assert [[0.0, 0.02, 0.04, 0.05, 0.1]] == times(found)


def test_a_click_in_the_tick_of_the_last_movement_takes_its_place():
    """Some recorders stamp both alike; time strictly increases in a stroke."""
    found = cut([*run(0.0, 0.1, 0.2, 0.3), *click(0.3, x=9.0)])

    assert [[0.0, 0.1, 0.2, 0.3]] == times(found)
    assert 9.0 == found[0][1].x[-1]


def test_a_click_without_a_position_is_where_the_pointer_was():
    """Remote desktops lose it; the time is right all the same."""
    found = cut([*run(0.0, 0.1, 0.2), *click(0.5, x=65535.0, y=65535.0)])

    assert [20.0, 5.0] == [found[0][1].x[-1], found[0][1].y[-1]]


def test_positions_that_are_none_and_repetitions_are_passed_over():
    """They are no movement."""
    nowhere = [Event(Kind.MOVE, 0, 0.15, 65535.0, 65535.0), Event(Kind.MOVE, 0, 0.16, math.nan, 0)]
    again = [Event(Kind.MOVE, 0, 0.3, 20.0, 5.0)]

    found = cut([*run(0.0, 0.1), *nowhere, *run(0.2), *again, *click(0.5)])

    assert [[0.0, 0.1, 0.2, 0.5]] == times(found)


def test_too_few_points_are_no_stroke():
    """A double click moves nothing, and a click on a page nobody moved on ends nothing."""
    few = run(*(0.1 * i for i in range(LEAST - 2)))

    assert [] == cut([*few, *click(0.5), *click(0.6)])
    assert [] == cut(click(0.5))


def test_of_a_long_stroke_the_last_points_count():
    """Memory is bounded, and who moves for minutes before a click is still known by its end."""
    ts = [0.025 * i for i in range(MOST + 50)]

    [(_, stroke)] = cut([*run(*ts), *click(ts[-1] + 0.1)])

    assert MOST == stroke.t.size
    assert [*ts[1 - MOST :], ts[-1] + 0.1] == stroke.t.tolist()


def test_a_long_rest_begins_a_stroke_anew():
    """What lay before it belongs to something that no click ended."""
    later = IDLE + 0.2
    after = [later, later + 0.1, later + 0.2]

    found = cut([*run(0.0, 0.1, 0.2, *after), *click(later + 0.3)])

    assert [[*after, later + 0.3]] == times(found)
    assert IDLE == pytest.approx(found[0][1].rest)


def test_a_click_after_a_long_rest_ends_nothing():
    """The movement was not made for it."""
    assert [] == cut([*run(0.0, 0.1, 0.2), *click(0.2 + IDLE)])


@pytest.mark.parametrize("mark", [Mark.HIDDEN, Mark.PAGEHIDE, Mark.RESET])
def test_a_page_that_goes_takes_its_stroke_along(mark):
    """No click came; what comes after begins anew."""
    found = cut([*run(0.0, 0.1, 0.2), *marker(0.3, mark), *click(0.4), *run(1.0, 1.1, 1.2),
                 *click(1.5)])  # fmt: skip

    assert [[1.0, 1.1, 1.2, 1.5]] == times(found)


def test_missing_samples_cost_the_stroke_that_they_are_part_of():
    """Its beginning is not known, so the next click ends nothing; the one after that does."""
    found = cut([*run(0.0, 0.1, 0.2), *gap(0.3), *run(1.0, 1.1, 1.2), *click(1.5),
                 *run(2.0, 2.1, 2.2), *click(2.5)])  # fmt: skip

    assert [[2.0, 2.1, 2.2, 2.5]] == times(found)


def test_a_clock_that_steps_back_costs_the_stroke():
    """At a movement as at a click."""
    moved = cut([*run(5.0, 5.1, 5.2, 1.0, 1.1, 1.2), *click(1.5), *run(2.0, 2.1, 2.2),
                 *click(2.5)])  # fmt: skip

    assert [[2.0, 2.1, 2.2, 2.5]] == times(moved)
    assert [] == cut([*run(5.0, 5.1, 5.2), *click(1.0)])


def test_every_page_has_its_own_stroke():
    """Tabs interleave; a click ends the stroke of its own page."""
    found = cut([*run(0.0, 0.1, page=1), *run(0.15, 0.18, 0.21, page=2), *run(0.2, page=1),
                 *click(0.3, page=1), *click(0.4, page=2)])  # fmt: skip

    assert [(1, 0.3), (2, 0.4)] == [(stroke.page, stroke.t[-1]) for _, stroke in found]


def test_the_page_that_rested_longest_makes_room():
    """A bound on memory; its stroke is lost."""
    found = cut([*run(0.0, 0.1, 0.2, page=1), *run(1.0, 1.1, 1.2, page=2), *run(2.0, page=3),
                 *click(2.5, page=1), *click(2.6, page=2)], max_pages=2)  # fmt: skip

    assert [2] == [stroke.page for _, stroke in found]


def test_closing_gives_nothing_and_all_forgets_the_pages():
    """What rests without a click is no stroke."""
    segmenter, empty = StrokeSegmenter(), StrokeSegmenter().to_bytes()
    segmenter.feed_many(run(0.0, 0.1, 0.2))

    assert [] == segmenter.close(before=100.0)
    assert empty != segmenter.to_bytes()
    assert [] == segmenter.close()
    assert empty == segmenter.to_bytes()


def test_columns_give_what_their_events_give():
    """A batch as columns, with all pages' events as they come."""
    events = [*run(0.0, 0.1, 0.2), *click(0.5)]
    kinds, _, *columns = zip(*events, strict=True)

    [(index, stroke)] = cut(Samples(0, kinds, *columns))
    segmenter = StrokeSegmenter()
    one_by_one = [each.id for event in events for each in segmenter.feed(event)]

    assert (3, cut(events)[0][1].id) == (index, stroke.id)
    assert [stroke.id] == one_by_one


def test_the_state_of_a_page_is_bounded():
    """51 bytes and 24 a point."""
    segmenter = StrokeSegmenter()
    segmenter.feed_many(run(*(0.025 * i for i in range(3 * MOST))))

    assert 3 + 51 + 24 * MOST == len(segmenter.to_bytes())


def test_a_state_between_two_strokes_is_one_too():
    """A page without a point, that of the click's."""
    one, other = StrokeSegmenter(), StrokeSegmenter()
    one.feed_many([*run(0.0, 0.1, 0.2), *click(0.3)])

    other.from_bytes(one.to_bytes())

    assert 3 + 51 == len(one.to_bytes())
    assert one.to_bytes() == other.to_bytes()


def test_the_state_holds_the_rest_before_the_stroke():
    """Between any two events."""
    one, other = StrokeSegmenter(), StrokeSegmenter()
    one.feed_many([*run(0.0, 0.1), *run(2.0, 2.1)])
    other.from_bytes(one.to_bytes())

    found = [each.feed_many([*run(2.2), *click(2.5)])[0][1] for each in (one, other)]

    assert found[0].id == found[1].id
    assert np.array_equal(found[0].rest, found[1].rest, equal_nan=True)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda state: state[:-1],
        lambda state: state[:10],
        lambda state: state + b"x",
        lambda state: b"\x09" + state[1:],
    ],
)
def test_a_state_that_is_not_whole_is_refused(spoil):
    """Cut short, with more behind it, of another version: the own state stays."""
    segmenter, other = StrokeSegmenter(), StrokeSegmenter()
    segmenter.feed_many(run(0.0, 0.1))
    before = other.to_bytes()

    with pytest.raises(ValueError, match="state"):
        other.from_bytes(spoil(segmenter.to_bytes()))

    assert before == other.to_bytes()


@pytest.mark.parametrize("settings", [{"grid": -1.0}, {"max_pages": 0}])
def test_settings_that_make_no_sense_are_refused(settings):
    """At once, not at the first event."""
    with pytest.raises(ValueError, match="needed"):
        StrokeSegmenter(**settings)
