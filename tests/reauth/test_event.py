"""The event: numbers that the wire, the store and the golden frames have agreed on."""

from hypothesis import given
from hypothesis import strategies as st

from reauth.event import ENDING_MARKS, Event, Kind, Mark, Samples

NUMBERS = st.floats(-1e6, 1e6)
ROWS = st.lists(st.tuples(st.sampled_from(Kind), NUMBERS, NUMBERS, NUMBERS, st.integers(-9, 9)))


def test_the_kinds_keep_the_numbers_of_the_wire():
    """A number that moved would turn stored batches into other movements."""
    names = ["MOVE", "DOWN", "UP", "WHEEL", "CANCEL", "MARKER", "GAP"]

    assert list(enumerate(names)) == [(kind.value, kind.name) for kind in Kind]


def test_the_marks_keep_the_numbers_of_the_wire():
    """As for the kinds; 0 stays free, so that a marker without a meaning is none of these."""
    names = (
        "HIDDEN VISIBLE PAGEHIDE PAGESHOW RESIZE FOCUS BLUR FRAME RESET SCREEN "
        "DRAG_START DRAG_END"
    )

    assert list(enumerate(names.split(), start=1)) == [(mark.value, mark.name) for mark in Mark]


def test_focus_and_size_do_not_end_a_movement():
    """A hand goes on moving while a field takes the focus; it stops when the page is gone."""
    assert not ENDING_MARKS & {Mark.RESIZE, Mark.FOCUS, Mark.BLUR, Mark.DRAG_START, Mark.DRAG_END}
    assert {Mark.PAGEHIDE, Mark.HIDDEN, Mark.SCREEN} <= ENDING_MARKS


def test_an_event_is_a_plain_value_without_a_button_by_default():
    """A bare movement is the common case, and equal events are equal."""
    event = Event(Kind.MOVE, 7, 1.5, 10.0, -20.0)

    assert 0 == event.ext
    assert (0, 7, 1.5, 10.0, -20.0, 0) == event


def columns(rows, page=7):
    """The same events twice: one by one, and as columns."""
    kinds, times, xs, ys, exts = ([row[place] for row in rows] for place in range(5))
    events = [Event(kind, page, t, x, y, ext) for kind, t, x, y, ext in rows]
    return events, Samples(page, kinds, times, xs, ys, exts)


@given(ROWS, st.integers(-3, 9), st.integers(-3, 9))
def test_columns_are_the_events_that_they_hold(rows, start, end):
    """Whoever goes through them, counts them, takes one or a part meets the same events."""
    events, samples = columns(rows)

    assert events == list(samples)
    assert len(events) == len(samples)
    assert events == [samples[at] for at in range(len(samples))]
    assert events[start:end] == list(samples[start:end])
    assert isinstance(samples[start:end], Samples)


def test_a_part_of_columns_tells_of_its_own_presses():
    """The pointer of each, and the screen; without types there are none."""
    rows = [(kind, float(t), 0, 0, 0) for t, kind in enumerate((0, 1, 2, 1, 0, 1))]
    samples = columns(rows)[1]

    assert ((), None) == (tuple(samples[1:].pointers), samples.screen)
    told = samples.telling([0, 2, 1], "small")
    assert told is samples
    assert [[0, 2, 1], [2, 1], [0], []] == [
        list(part.pointers) for part in (told[:], told[2:], told[:2], told[4:5])
    ]
    assert "small" == told[2:].screen
