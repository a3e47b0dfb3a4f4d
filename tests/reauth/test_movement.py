"""Whole movements, and what else belongs to them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reauth.event import Event, Kind, Mark, Samples
from reauth.lab.datasets import open_dataset
from reauth.movement import LONGEST, OTHERS, SPACING, MovementSegmenter


def segmenter(**kw):
    return MovementSegmenter(pause=0.5, **kw)


def run(*ts, page=0, start=0.0):
    """Movements at these times, each at a place of its own, 100 px/s."""
    return [Event(Kind.MOVE, page, t, start + 100.0 * t, 0.0) for t in ts]


def times(found):
    return [each.t.tolist() for _, each in found]


def test_a_movement_is_whole_from_pause_to_pause():
    """Not its last ten points; the event after the pause completes it."""
    found = segmenter().feed_many(run(*(i / 20 for i in range(30)), 2.0))

    assert [(30, 30)] == [(index, each.t.size) for index, each in found]
    assert found[0][1].kinds is None


def test_a_pause_is_half_a_second_to_the_tick():
    """Binary fractions do not decide: 0.7 - 0.2 is a pause, a tick less is none."""
    assert 1 == len(segmenter().feed_many(run(0.0, 0.1, 0.2, 0.7)))
    assert [] == segmenter().feed_many(run(0.0, 0.1, 0.2, 0.6999))


def test_the_rest_before_is_told():
    """Nobody knows it of the first; then it is the time without a new place, whatever came of
    the movement before."""
    events = run(0.0, 0.1, 0.2, 1.0, 3.0, 3.1, 3.2)
    events.insert(3, Event(Kind.MOVE, 0, 0.9, 20.0, 0.0))
    cut = segmenter()

    found = [each for _, each in cut.feed_many(events)] + cut.close()

    assert [[0.0, 0.1, 0.2], [3.0, 3.1, 3.2]] == [each.t.tolist() for each in found]
    assert math.isnan(found[0].rest)
    assert 2.0 == found[1].rest


def test_twitches_are_no_movements():
    """Less than 0.1 s, or less than 5 px of path: neither says anything of a hand."""
    cut = segmenter()
    tiny = [Event(Kind.MOVE, 0, 4.0 + i / 10, i / 2.0, 0.0) for i in range(10)]

    assert [] == cut.feed_many([*run(0.0, 0.0999), *run(2.0), *tiny])
    assert [] == cut.close()


def test_the_least_movement_counts():
    """The limits belong to it, to the tick."""
    cut = segmenter()
    cut.feed_many([Event(Kind.MOVE, 0, 0.2, 0.0, 0.0), Event(Kind.MOVE, 0, 0.3, 3.0, 4.0)])

    assert 1 == len(cut.close())


def test_buttons_and_wheel_belong_to_the_movement():
    """Where the pointer is, whatever position they tell: a press moves nothing."""
    cut = segmenter()
    events = [
        *run(0.0, 0.1, 0.2),
        Event(Kind.WHEEL, 0, 0.25, 7.0, 7.0, -3),
        Event(Kind.DOWN, 0, 0.3, float("nan"), 0.0),
        Event(Kind.UP, 0, 0.4, 9.0, 9.0),
    ]
    cut.feed_many(events)

    [found] = cut.close()

    assert [0, 0, 0, Kind.WHEEL, Kind.DOWN, Kind.UP] == found.kinds.tolist()
    assert [0.0, 10.0, 20.0, 20.0, 20.0, 20.0] == found.x.tolist()
    assert [0.0, 0.1, 0.2, 0.25, 0.3, 0.4] == found.t.tolist()
    assert np.int8 == found.kinds.dtype


def test_a_press_does_not_prolong_a_movement():
    """The pause is one of the pointer; a press after it belongs to no movement."""
    presses = [Event(Kind.DOWN, 0, t, 20.0, 0.0) for t in (0.3, 0.65, 0.7)]

    found = segmenter().feed_many([*run(0.0, 0.1, 0.2), *presses, *run(0.71)])

    assert [[0.0, 0.1, 0.2, 0.3, 0.65]] == times(found)


def test_a_press_without_a_movement_is_nothing():
    """Nor one whose clock has stepped back, nor a touch that was cancelled."""
    cut = segmenter()
    strange = [Event(Kind.DOWN, 0, 0.15, 0.0, 0.0), Event(Kind.CANCEL, 0, 0.21, 0.0, 0.0)]

    assert [] == cut.feed_many([Event(Kind.DOWN, 0, 0.0, 0.0, 0.0), *run(0.0, 0.1, 0.2), *strange])
    assert [0.0, 0.1, 0.2] == cut.close()[0].t.tolist()


def test_what_happens_at_one_time_is_put_a_tick_apart():
    """Time strictly increases: browsers stamp a move and the press in it alike."""
    cut = segmenter()
    cut.feed_many([*run(0.0, 0.1, 0.2), *(Event(kind, 0, 0.2, 0.0, 0.0) for kind in (1, 2))])

    [found] = cut.close()

    assert np.allclose([0.0, 0.1, 0.2, 0.2001, 0.2002], found.t, atol=1e-9)


steps = st.sampled_from((0.0, 0.004, 0.03, 0.03, 0.03, 0.6, -0.1))
kinds = st.sampled_from((Kind.MOVE,) * 8 + tuple(Kind))
exts = st.sampled_from((0, int(Mark.FOCUS), int(Mark.PAGEHIDE)))
batches = st.lists(
    st.lists(st.tuples(kinds, steps, st.integers(0, 40), exts), min_size=1, max_size=40),
    max_size=3,
)


@given(batches)
def test_columns_give_what_their_events_give(found):
    """A batch as columns and event by event: the same movements, and the same state."""
    alone, columns = segmenter(), segmenter()
    t = 0.0
    for rows in found:
        ts = [t := t + step for _, step, _, _ in rows]
        events = [
            Event(kind, 5, at, float(x), 0.0, ext)
            for at, (kind, _, x, ext) in zip(ts, rows, strict=True)
        ]
        what, _, *others = zip(*events, strict=True)
        one_by_one = [(at, cut.id) for at, each in enumerate(events) for cut in alone.feed(each)]

        assert one_by_one == [
            (at, cut.id) for at, cut in columns.feed_many(Samples(5, what, *others))
        ]
    assert alone.to_bytes() == columns.to_bytes()


def test_movements_are_kept_at_125_hz_at_most():
    """Greedily: the first is kept, then each that is far enough from the last kept."""
    cut = segmenter()
    cut.feed_many(run(*(i / 1000 for i in range(200))))

    [found] = cut.close()

    assert np.allclose(SPACING, np.diff(found.t))


def test_a_click_costs_no_movement():
    """Where both come at once, whichever is told first, the movement is in time and the click a
    tick later."""
    cut = segmenter()
    wheel = Event(Kind.WHEEL, 0, 0.2, 0.0, 0.0)
    cut.feed_many([*run(0.0, 0.1), Event(Kind.DOWN, 0, 0.104, 0.0, 0.0), wheel, *run(0.2)])

    [found] = cut.close()

    assert np.allclose([0.0, 0.1, 0.104, 0.2, 0.2001], found.t, atol=1e-9)
    assert [0, 0, Kind.DOWN, 0, Kind.WHEEL] == found.kinds.tolist()


def test_who_never_rests_is_cut():
    """After `LONGEST`; the next piece goes on at once, and tells that nothing rested."""
    found = segmenter().feed_many(run(*(i / 50 for i in range(600))))

    assert [251, 502] == [index for index, _ in found]
    assert [5.0, 5.0] == [each.t[-1] - each.t[0] for _, each in found]
    assert pytest.approx(0.02) == found[1][1].rest


def test_memory_is_bounded_whatever_the_hand_does():
    """Clicks beyond `OTHERS` are let go, movements are spaced."""
    cut = segmenter()
    events = [
        Event(Kind.DOWN if i % 2 else Kind.MOVE, 0, i / 1000, float(i), 0.0)
        for i in range(int(LONGEST * 1000))
    ]
    cut.feed_many(events)

    [found] = cut.close()

    assert OTHERS == np.count_nonzero(found.kinds)
    assert found.t.size <= LONGEST / SPACING + OTHERS + 1


def test_places_that_are_none_are_passed_over():
    """Recorders write 65535 where there was no position; NaN is none either."""
    bad = [Event(Kind.MOVE, 0, 0.15, 65535.0, 0.0), Event(Kind.MOVE, 0, 0.16, 0.0, float("nan"))]
    cut = segmenter()
    events = run(0.0, 0.1, 0.2)
    cut.feed_many([*events[:2], *bad, *events[2:]])

    assert [0.0, 10.0, 20.0] == cut.close()[0].x.tolist()


def test_pages_interleave_and_never_mix():
    """A movement never spans two tabs, though the tabs' events alternate."""
    one, two = run(0.0, 0.2, 0.4, page=1), run(0.1, 0.3, 0.5, page=2, start=900.0)
    cut = segmenter()
    cut.feed_many([event for pair in zip(one, two, strict=True) for event in pair])

    found = cut.close()

    assert [(1, [0.0, 0.2, 0.4]), (2, [0.1, 0.3, 0.5])] == [
        (each.page, each.t.tolist()) for each in found
    ]


@pytest.mark.parametrize("mark", [Mark.HIDDEN, Mark.PAGEHIDE, Mark.SCREEN])
def test_the_end_of_a_page_ends_its_movement(mark):
    """What was drawn until then counts; what comes after begins without a known rest, at the
    same place too."""
    cut = segmenter()
    again = [Event(Kind.MOVE, 0, 0.3 + i / 10, 20.0 + 30 * i, 0.0) for i in range(3)]
    end = Event(Kind.MARKER, 0, 0.25, 0.0, 0.0, mark)

    found = cut.feed_many([*run(0.0, 0.1, 0.2), end, *again])
    [after] = cut.close()

    assert [3] == [index for index, _ in found]
    assert [0.3, 0.4, 0.5] == pytest.approx(after.t.tolist())
    assert math.isnan(after.rest)


def test_a_lost_focus_does_not_cut():
    """Blur, focus and resize happen in the middle of a movement."""
    cut = segmenter()
    cut.feed_many([*run(0.0, 0.1), Event(Kind.MARKER, 0, 0.15, 0.0, 0.0, Mark.BLUR), *run(0.2)])

    assert [0.0, 0.1, 0.2] == cut.close()[0].t.tolist()


def test_missing_samples_drop_what_lay_before():
    """Nobody knows whether a pause followed; what comes after the hole begins anew."""
    gap = Event(Kind.GAP, 0, 0.25, 0.0, 0.0, 7)
    found = segmenter().feed_many([*run(0.0, 0.1, 0.2), gap, *run(0.3, 0.4, 0.5, 1.5)])

    assert [[0.3, 0.4, 0.5]] == times(found)
    assert math.isnan(found[0][1].rest)


def test_a_clock_that_steps_back_breaks_the_movement():
    """Never a negative interval: what lay before is dropped, as at missing samples."""
    found = segmenter().feed_many(run(5.0, 5.1, 5.2, 1.0, 1.1, 1.2, 2.0))

    assert [[1.0, 1.1, 1.2]] == times(found)
    assert math.isnan(found[0][1].rest)


def test_closing_by_time_gives_what_the_next_event_would_have_given():
    """A timer may be earlier than the next movement; it may not change the movement."""
    timed, waited = segmenter(), segmenter()
    events = run(0.0, 0.1, 0.2)
    timed.feed_many(events)
    waited.feed_many(events)

    assert [] == timed.close(before=0.6999)
    early = timed.close(before=0.7)
    late = [each for _, each in waited.feed_many(run(1.0))]

    assert [each.id for each in early] == [each.id for each in late]
    timed.feed_many(run(1.0))
    assert waited.to_bytes() == timed.to_bytes()


def test_closing_all_forgets_the_pages():
    """The session is over: the next one begins with nothing."""
    cut = segmenter()
    cut.feed_many(run(0.0, 0.1))

    assert 1 == len(cut.close())
    assert segmenter().to_bytes() == cut.to_bytes()


def test_one_page_too_many_ends_the_one_that_rested_longest():
    """Memory is bounded, and what was drawn still counts."""
    cut = segmenter(max_pages=2)
    cut.feed_many(run(0.0, 0.1, 0.2, page=1) + run(0.3, page=2))

    found = cut.feed_many(run(0.4, page=3))

    assert [[0.0, 0.1, 0.2]] == times(found)
    assert 3 + 2 * (50 + 25) == len(cut.to_bytes())


def test_a_restored_segmenter_goes_on_where_it_was():
    """Points, clicks and the rest before them: a session is stored in mid-movement."""
    first, second = segmenter(), segmenter()
    page = 2**128 - 1
    click = Event(Kind.DOWN, page, 2.15, 0.0, 0.0)
    first.feed_many([*run(0.0, 0.1, 2.0, 2.1, page=page), click])

    second.from_bytes(first.to_bytes())
    second.feed_many([*run(2.2, page=page), click._replace(t=2.3)])

    [found] = second.close()
    assert [2.0, 2.1, 2.15, 2.2, 2.3] == found.t.tolist()
    assert [0, 0, 1, 0, 1] == found.kinds.tolist()
    assert (page, 1.9) == (found.page, found.rest)


def test_a_state_of_another_version_or_length_is_refused():
    """An old or damaged state is named as such; the segmenter keeps its own."""
    cut = segmenter()
    cut.feed_many(run(0.0, 0.1))
    state = cut.to_bytes()

    for wrong in (b"\x09" + state[1:], state[:-1], state + b"\x00", b""):
        with pytest.raises(ValueError, match="state"):
            cut.from_bytes(wrong)
    assert state == cut.to_bytes()


@pytest.mark.parametrize("wrong", [{"pause": 0.0}, {"max_pages": 0}])
def test_settings_that_cannot_work_are_refused(wrong):
    """At the start, not at the first movement."""
    with pytest.raises(ValueError, match="needed"):
        MovementSegmenter(**{"pause": 0.5, **wrong})


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "count"), [("hbrs", 25_869), ("balabit_train", 71_710), ("sapimouse", 4_299)]
)
def test_public_sets_give_the_counts_found_for_them(data, name, count):
    """Counted once from the tables of each session, in numpy, without this code."""
    found = 0
    for _, _, events in open_dataset(data, name):
        cut = segmenter()
        found += len(cut.feed_many(events)) + len(cut.close())

    assert count == found
