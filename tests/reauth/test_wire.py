"""The wire format: golden frames, the mirror, and any bytes at all."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reauth.errors import WireError
from reauth.event import Event, Kind, Mark
from reauth.wire import (
    Batch,
    Header,
    Limits,
    decode,
    decode_json,
    decode_many,
    encode,
    encode_json,
    events,
    samples,
)

GOLDEN = sorted((Path(__file__).parents[1] / "golden" / "wire").glob("*.json"))
TAB = bytes(range(16))
HEAD = bytes((1, 1)) + b"t" + TAB + b"\x00" + bytes(6)  # up to the flags
NO_RECORDS = HEAD + b"\x00\x00"
REASONS = frozenset(
    "size version truncated varint flags header records kind step pause span mark json".split()
)


def batch_of(*records, held=False):
    """A batch of (kind, t, x, y, ext) rows."""
    columns = [list(column) for column in zip(*records, strict=True)] or [[] for _ in range(5)]
    return Batch(1, b"t", TAB, 0, 0, 0, held, Header(), *columns)


def varint(value):
    """Shortest form, written apart from the code under test."""
    low, high = value & 127, value >> 7
    return bytes((low | 128,)) + varint(high) if high else bytes((low,))


def reason_of(body, read=decode, /, **limits):
    with pytest.raises(WireError) as caught:
        read(body, Limits(**limits))
    return str(caught.value)


small = st.integers(0, 2**32 - 1)
size = st.none() | st.tuples(small, small)
truth = st.none() | st.booleans()
headers = st.builds(
    Header,
    screen=size,
    client=size,
    resolution=st.none() | st.integers(0, 10**6).map(lambda ticks: ticks / 10_000),
    dpr=st.none() | st.integers(0, 10**6).map(lambda parts: parts / 1000),
    rate_capped=truth,
    untrusted=st.none() | small,
    webdriver=truth,
    secure=truth,
    input=st.none() | small,
)
step = st.integers(-20_000, 20_000)
records = st.lists(
    st.tuples(
        st.sampled_from(list(Kind)[:6]),
        st.integers(0, 6_000_000),
        step,
        step,
        st.integers(-(2**26), 2**26),
    ),
    max_size=40,
)


@st.composite
def batches(draw):
    """Batches as the observer can send them: a MOVE's ext follows from what is held."""
    held = still = draw(st.booleans())
    rows, ticks, x, y = [], 0, 0, 0
    for kind, dt, dx, dy, ext in draw(records):
        ticks, x, y = ticks + dt, x + dx, y + dy
        if kind == Kind.MOVE:
            value = int(still)
        else:
            value = 1 + abs(ext) % 12 if kind == Kind.MARKER else ext
        if kind in (Kind.DOWN, Kind.UP, Kind.CANCEL):
            still = kind == Kind.DOWN
        rows.append((int(kind), ticks / 10_000, x, y, value))
    return replace(
        batch_of(*rows, held=held),
        token=draw(st.binary(max_size=255)),
        tab=draw(st.binary(min_size=16, max_size=16)),
        seq=draw(small),
        base_ms=draw(st.integers(0, 2**48 - 1)),
        dropped=draw(small),
        header=draw(headers),
    )


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_frames_hold_the_observer_and_the_ingest_together(path):
    """node --test reads the same files: neither encoder can drift."""
    frame = json.loads(path.read_text())
    body = bytes.fromhex(frame["body"])
    batch = decode_json(json.dumps(frame["batch"]).encode())

    assert batch == decode(body)
    assert body == encode(batch)
    assert frame["batch"] == json.loads(encode_json(batch))


def test_a_frame_is_laid_out_as_the_docstring_says():
    """Read by hand once, byte for byte."""
    body = b"\x01\x03tok" + TAB + b"\xac\x02" + bytes.fromhex("018bcfe56800")
    body += b"\x03" + b"\x05"  # header and held; five dropped
    body += b"\x04" + b"\x04\x02\xe8\x07"  # a header of 4 bytes: dpr is 1000 thousandths
    body += b"\x98\x02\x02\x01"  # 35 ticks, MOVE; +1, -1
    body += b"\x52\x00\x00\x04"  # 10 ticks, UP; the right button

    expected = Batch(
        1, b"tok", TAB, 300, 1_700_000_000_000, 5, True, Header(dpr=1.0),
        [Kind.MOVE, Kind.UP], [0.0035, 0.0045], [1, 1], [-1, -1], [1, 2],
    )  # fmt: skip
    assert expected == decode(body)


@given(batches())
def test_decode_gives_back_what_encode_took(batch):
    """Bots, benches and tests speak the observer's language."""
    assert batch == decode(encode(batch))
    assert batch == decode_json(encode_json(batch))


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda tail: NO_RECORDS + tail))
def test_any_bytes_are_a_batch_or_one_error(body):
    """The decoder is a total function, and what it takes it gives back."""
    try:
        batch = decode(body)
    except WireError as error:
        assert str(error) in REASONS
    else:
        assert batch == decode(encode(batch))
        assert len(batch.kinds) <= len(body) / 3


@given(batches(), st.integers(0, 400), st.integers(0, 255))
def test_a_batch_with_one_bad_byte_is_a_batch_or_one_error(batch, at, byte):
    """Mutations reach deeper than random bytes do."""
    body = bytearray(encode(batch))
    body[at % len(body)] = byte
    try:
        decode(bytes(body))
    except WireError as error:
        assert str(error) in REASONS


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)


plain = json.loads(encode_json(batch_of((Kind.WHEEL, 0.1, 5, 5, -3))))
changed = st.tuples(st.sampled_from(sorted(plain)), json_values).map(
    lambda change: {**plain, change[0]: change[1]}
)


@given(st.binary(max_size=60) | (json_values | changed).map(lambda v: json.dumps(v).encode()))
def test_any_json_is_a_batch_or_one_error(body):
    """v1j is for debugging, and no weaker for it."""
    try:
        decode_json(body)
    except WireError as error:
        assert str(error) in REASONS


def test_the_size_is_looked_at_before_anything_else():
    """Bounded memory: nothing is read of a body above the limit."""
    assert "size" == reason_of(b"\x09" * 65_537)
    assert "size" == reason_of(b"{" * 65_537, decode_json)
    assert "size" == reason_of(NO_RECORDS, body=len(NO_RECORDS) - 1)


@pytest.mark.parametrize("cut", range(len(NO_RECORDS)))
def test_a_body_cut_in_its_head_is_refused(cut):
    """Every byte of the head is needed."""
    assert reason_of(NO_RECORDS[:cut]) == "truncated"


def test_a_body_cut_in_a_record_is_refused():
    """There is no count of records: what is left over is no record."""
    whole = encode(batch_of((Kind.DOWN, 0.5, 300, 400, 0)))
    for cut in range(len(NO_RECORDS) + 1, len(whole)):
        assert reason_of(whole[:cut]) == "truncated"


@pytest.mark.parametrize("version", [0, 2, 255])
def test_another_version_is_refused(version):
    """N and N-1 only, and there is no N-1 yet."""
    assert reason_of(bytes((version,)) + NO_RECORDS[1:]) == "version"
    assert reason_of(json.dumps({**plain, "version": version}).encode(), decode_json) == "version"


@pytest.mark.parametrize(
    "value", [b"\x80\x00", b"\xff\xff\xff\xff\xff\x01", b"\xff\xff\xff\xff\x1f"]
)
def test_a_varint_of_the_head_is_short_and_below_two_to_the_32(value):
    """One number has one spelling, and none grows without bound."""
    body = NO_RECORDS[:19] + value + NO_RECORDS[20:]
    assert reason_of(body) == "varint"


@pytest.mark.parametrize("value", [b"\x80\x00", b"\xff\x80\x00", b"\xff\xff\xff\xff\x01"])
@pytest.mark.parametrize("place", range(4))
def test_a_varint_of_a_record_is_short_and_four_bytes_at_most(place, value):
    """The same in each place of a record."""
    numbers = [b"\x03", b"\x01", b"\x01", b"\x01"]
    numbers[place] = value
    assert reason_of(NO_RECORDS + b"".join(numbers)) == "varint"


def test_unknown_flags_and_kinds_and_marks_are_refused():
    """What a later version means by them is not ours to guess."""
    assert reason_of(HEAD + b"\x04\x00") == "flags"
    assert reason_of(NO_RECORDS + b"\x06\x00\x00\x00") == "kind"
    assert reason_of(NO_RECORDS + b"\x07\x00\x00\x00") == "kind"
    assert reason_of(NO_RECORDS + b"\x05\x00\x00\x00") == "mark"
    assert reason_of(NO_RECORDS + b"\x05\x00\x00" + varint(2 * (max(Mark) + 1))) == "mark"


@pytest.mark.parametrize("place", [1, 2])
def test_a_step_is_20000_px_at_most(place):
    """In either axis, in either direction (ingest.md section 2)."""
    for zz, refused in ((40_000, False), (39_999, False), (40_001, True), (40_002, True)):
        numbers = [0, 0, 0]
        numbers[place] = zz
        body = NO_RECORDS + b"".join(map(varint, numbers))
        if refused:
            assert reason_of(body) == "step"
        else:
            x, y = decode(body).xs[0], decode(body).ys[0]
            assert (zz + 1) // 2 == abs(x + y)


def test_a_pause_is_ten_minutes_at_most():
    """Each of them; a batch as a whole may be longer."""
    ten = varint(6_000_000 << 3) + b"\x00\x00"
    assert [600.0, 1200.0] == decode(NO_RECORDS + ten + ten).times
    assert reason_of(NO_RECORDS + ten + varint(6_000_001 << 3) + b"\x00\x00") == "pause"
    assert reason_of(NO_RECORDS + varint(6_000_001 << 3) + b"\x00\x00") == "pause"


@pytest.mark.parametrize("read", [decode, lambda body: decode_many([body])[0]])
def test_a_batch_spans_six_hours_at_most(read):
    """Or one would be thousands of sessions, one for each pause in it."""
    pauses = 36 * (varint(5_999_999 << 3) + b"\x00\x00") + varint(36 << 3) + b"\x00\x00"
    assert read(NO_RECORDS + pauses).times[-1] == 21_600.0
    beyond = NO_RECORDS + pauses + varint(1 << 3) + b"\x00\x00"
    assert reason_of(beyond) == "span"
    assert str(decode_many([beyond])[0]) == "span"


def test_a_batch_has_20000_records_at_most():
    """64 KiB would hold a few more."""
    assert len(decode(NO_RECORDS + bytes(3 * 20_000)).kinds) == 20_000
    assert reason_of(NO_RECORDS + bytes(3 * 20_001)) == "records"


@pytest.mark.parametrize(
    "header",
    [
        b"\x01",  # a type without a length
        b"\x01\x05\x01\x01",  # longer than the header
        b"\x03\x01\x01\x03\x01\x01",  # twice
        b"\x01\x01\x01",  # one number where there are two
        b"\x03\x00",  # none where there is one
        b"\x07\x01\x02",  # neither true nor false
    ],
)
def test_a_broken_header_is_refused(header):
    """Length, count and range of every known field are checked."""
    assert reason_of(HEAD + b"\x01\x00" + varint(len(header)) + header) == "header"


def test_a_header_that_is_cut_is_refused():
    """Its length says more than there is."""
    assert reason_of(HEAD + b"\x01\x00\x09\x03\x01\x01") == "truncated"
    assert reason_of(HEAD + b"\x01\x00\x03\x03\x01\x80") == "truncated"


def test_a_header_field_of_unknown_type_is_skipped():
    """That is what its length is for."""
    body = HEAD + b"\x01\x00" + b"\x07" + b"\x63\x02\xff\xff" + b"\x08\x01\x01"
    assert Header(secure=True) == decode(body).header


def test_a_tab_of_another_length_is_no_json_batch():
    """It would shift all that follows."""
    assert reason_of(json.dumps({**plain, "tab": "00"}).encode(), decode_json) == "json"


def test_a_move_tells_whether_a_button_is_held():
    """From the flag, and from DOWN, UP and CANCEL; the wheel changes nothing."""
    kinds = [0, 1, 0, 3, 0, 2, 0, 1, 4, 0]
    rows = [(kind, i / 10, 0, 0, 0) for i, kind in enumerate(kinds)]
    body = encode(batch_of(*rows, held=True))

    assert [1, 0, 1, 0, 1, 0, 0, 0, 0, 0] == decode(body).exts


def test_events_are_on_the_sessions_clock_and_of_the_tab():
    """`base` is the time of the batch's base_ms; the pointer's type is no part of an event."""
    batch = batch_of((Kind.DOWN, 0.5, 3, -4, 2 + 8), (Kind.MOVE, 0.75, 4, -4, 1))
    page = int.from_bytes(TAB, "big")

    expected = [Event(Kind.DOWN, page, 10.5, 3, -4, 2), Event(Kind.MOVE, page, 10.75, 4, -4, 1)]
    assert expected == events(batch, 10.0)
    assert all(type(event) is Event for event in events(batch, 10.0))
    assert [1] == samples(batch, 10.0).pointers
    assert [Event(Kind.MOVE, page, 1.5, 1, 2)] == events(batch_of((Kind.MOVE, 0.5, 1, 2, 0)), 1.0)
