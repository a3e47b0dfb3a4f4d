"""The recording format: rows in, events out, or the file and line of the first bad row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reauth.errors import RecordingError
from reauth.event import Event, Kind
from reauth.recording import Recording, read_recording, write_recording

HEADER = "t_ms,ev,x,y,button,wheel"


def read(*rows, header=HEADER):
    return read_recording([header, *rows], "a.csv")


def refusal(*rows, header=HEADER):
    with pytest.raises(RecordingError) as caught:
        read(*rows, header=header)
    return str(caught.value)


def test_each_row_is_an_event():
    """drag is a move with a button held; a press may go without its release."""
    recording = read(
        "1000,move,10,20,,",
        "1000.5,press,10,20,right,",
        "1010,drag,-11,20.5,,",
        "1020,release,11,21,middle,",
        "1030,scroll,11,21,,-3",
        "1040,press,1,2,,",
    )

    expected = [
        Event(Kind.MOVE, 0, 1.0, 10.0, 20.0),
        Event(Kind.DOWN, 0, 1.0005, 10.0, 20.0, 2),
        Event(Kind.MOVE, 0, 1.01, -11.0, 20.5, 1),
        Event(Kind.UP, 0, 1.02, 11.0, 21.0, 1),
        Event(Kind.WHEEL, 0, 1.03, 11.0, 21.0, -3),
        Event(Kind.DOWN, 0, 1.04, 1.0, 2.0, 0),
    ]
    assert Recording(expected, 6, {}) == recording


def test_a_scroll_without_a_position_is_where_the_pointer_was():
    """Some recorders do not know it; nothing else may leave it out."""
    recording = read("5,scroll,,,,1", "6,move,7,8,,", "7,scroll,,,,")

    assert [(0.0, 0.0, 1), (7.0, 8.0, 0), (7.0, 8.0, 0)] == [e[3:] for e in recording.events]
    assert refusal("7,scroll,,8,,1") == "a.csv:2: x is not a decimal number"
    assert refusal("7,move,,,,") == "a.csv:2: x is not a decimal number"


def test_positions_from_65000_on_are_dropped_and_counted():
    """They are a recorder's way to say that it does not know."""
    recording = read("1,move,65000,0,,", "2,move,1,65535,,", "3,move,64999.5,-70000,,")

    assert Recording([Event(0, 0, 0.003, 64999.5, -70000.0)], 3, {"out_of_range": 2}) == recording
    assert refusal("2,move,65535,1,,", "1,move,1,1,,") == "a.csv:3: t_ms goes back"


def test_columns_are_found_by_name_and_two_may_be_missing():
    """button and wheel are optional; the order is the file's."""
    expected = [Event(Kind.DOWN, 0, 1.0, 2.0, 3.0)]

    assert expected == read("press,3,2,1000", header="ev,y,x,t_ms").events
    assert Recording([], 0, {}) == read()
    assert Recording([], 0, {}) == read("", "")


@pytest.mark.parametrize(
    "header", ["", "1,move,2,3", "t_ms,ev,x", "t_ms,ev,x,y,x", "t_ms,ev,x,y,key", "T_MS,ev,x,y"]
)
def test_a_wrong_header_is_refused(header):
    """Columns that we do not know are not skipped: they may hold what must not be kept."""
    assert refusal(header=header) == "a.csv:1: the header must be t_ms,ev,x,y[,button][,wheel]"


def test_an_empty_file_has_no_header():
    """It is named like any other."""
    with pytest.raises(RecordingError, match=r"a\.csv:1: the header"):
        read_recording([], "a.csv")


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("nan,move,1,1,,", "t_ms is not a decimal number"),
        ("inf,move,1,1,,", "t_ms is not a decimal number"),
        ("1e3,move,1,1,,", "t_ms is not a decimal number"),
        ("1_0,move,1,1,,", "t_ms is not a decimal number"),
        ("١,move,1,1,,", "t_ms is not a decimal number"),
        ("9" * 400 + ",move,1,1,,", "t_ms is not a decimal number"),
        ("1,move,NaN,1,,", "x is not a decimal number"),
        ("1,move,1,-inf,,", "y is not a decimal number"),
        ("1,move,1,,,", "y is not a decimal number"),
        ("1,scroll,1,1,,up", "wheel is not a decimal number"),
        ("1,click,1,1,,", "ev is not one of move, drag, press, release, scroll"),
        ("1,press,1,1,4,", "button is not one of left, middle, right"),
        ("1,move,1,1", "not as many values as the header has columns"),
        ("1,move,1,1,,,", "not as many values as the header has columns"),
        ('1,move,"1"2,1,,', "',' expected after '\"'"),
        ("-1,move,1,1,,", "t_ms goes back"),
    ],
)
def test_the_first_bad_row_is_named_and_nothing_else_is_told(row, why):
    """File, line and reason, never a value: a recording is personal."""
    assert refusal("0,move,1,1,,", row, "x,x,x") == f"a.csv:3: {why}"


number = st.floats(-64_000, 64_000, allow_nan=False)
rows = st.lists(
    st.tuples(
        st.floats(-1e9, 1e12, allow_nan=False),
        st.sampled_from([(0, 0), (0, 1), (1, 0), (1, 2), (2, 1), (3, -120), (3, 0)]),
        number,
        number,
    )
)


@given(rows)
def test_reading_gives_back_what_was_written(rows):
    """To the last bit of time and place, so that exporting and importing changes no score."""
    events = [Event(kind, 0, t, x, y, ext) for t, (kind, ext), x, y in sorted(rows)]

    assert Recording(events, len(events), {}) == read_recording(
        write_recording(events).splitlines(), "a.csv"
    )


def test_what_has_no_row_is_left_out():
    """Markers, gaps, cancels, and the buttons beyond the first three."""
    kinds = [Kind.CANCEL, Kind.MARKER, Kind.GAP]
    events = [Event(kind, 0, 1.0, 0, 0, 1) for kind in kinds] + [Event(Kind.UP, 0, 1.0, 0, 0, 4)]

    assert HEADER + "\n" == write_recording(events)


@given(st.lists(st.text(max_size=30)) | rows.map(str).map(str.splitlines))
def test_any_lines_are_a_recording_or_one_error(lines):
    """The reader is a total function."""
    for start in ([], [HEADER]):
        try:
            recording = read_recording(start + lines, "a.csv")
        except RecordingError as error:
            assert str(error).startswith("a.csv:")
        else:
            assert recording.rows <= len(lines)
