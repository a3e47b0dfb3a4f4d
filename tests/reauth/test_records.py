"""Reading many batches at once equals reading them one by one."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reauth.errors import WireError
from reauth.event import Kind, Mark
from reauth.records import LARGEST, unpack
from reauth.wire import Batch, Header, Limits, decode, decode_many, encode
from tests.live import bodies, movement

LIMITS = Limits()


def body_of(*records, held=False):
    """A batch of (kind, t, x, y, ext) rows, as bytes."""
    columns = [list(column) for column in zip(*records, strict=True)] or [[] for _ in range(5)]
    return encode(Batch(1, b"t", bytes(16), 0, 0, 0, held, Header(), *columns))


def one_by_one(found, limits):
    """What the decoder of one says of each; an error is what it is called."""
    told = []
    for body in found:
        try:
            told.append(decode(body, limits))
        except WireError as error:
            told.append(str(error))
    return told


COLUMNS = ("kinds", "times", "xs", "ys", "exts")


def together(found, limits=LIMITS):
    """The same of the decoder of many, its arrays as lists."""
    told = []
    for each in decode_many(found, limits):
        if isinstance(each, WireError):
            told.append(str(each))
        else:
            lists = {name: list(getattr(each, name)) for name in COLUMNS}
            told.append(replace(each, **lists))
    return told


numbers = st.integers(-(2**18), 2**18) | st.integers(-30, 30)
kinds = st.sampled_from([Kind.MOVE] * 6 + list(Kind)[:6])
records = st.lists(st.tuples(kinds, st.integers(0, 70_000), numbers, numbers, numbers), max_size=9)


@st.composite
def nearly(draw):
    """A batch, often whole, sometimes with a byte changed or its end cut off."""
    t, rows = 0, []
    for kind, ticks, x, y, ext in draw(records):
        t += ticks * (100 if ticks > 69_000 else 1)
        rows.append((kind, t / 10_000, x, y, Mark.FOCUS if kind == Kind.MARKER else ext))
    body = bytearray(body_of(*rows, held=draw(st.booleans())))
    if draw(st.integers(0, 3)) == 0:
        body[draw(st.integers(0, len(body) - 1))] = draw(st.integers(0, 255))
    return bytes(body[: draw(st.integers(0, 12)) * len(body) // 3])


@given(st.lists(nearly(), max_size=6), st.integers(1, 9))
def test_many_at_once_are_read_as_one_by_one(found, most):
    """Whatever they hold: a neighbour that is broken changes nothing."""
    limits = Limits(records=most)

    assert one_by_one(found, limits) == together(found, limits)


def test_movements_of_real_length_are_read_in_arrays():
    """Not left to the slow way, which would give the same."""
    found = [body for _, body in bodies(movement(3, 12))]
    alone = one_by_one(found, Limits())
    parts = [body[len(body_of()) - 1 :] for body in found]

    assert alone == together(found)
    assert all(columns is not None for columns in unpack(parts, [False] * len(parts)))


def test_a_button_is_held_from_its_down_to_its_up_or_cancel():
    """And from the beginning where the batch says so; the next batch begins anew."""
    down, up = (Kind.DOWN, 0.0, 0, 0, 8), (Kind.UP, 0.0, 0, 0, 0)
    cancel, wheel = (Kind.CANCEL, 0.0, 0, 0, 0), (Kind.WHEEL, 0.0, 0, 0, 5)
    move = (Kind.MOVE, 0.0, 0, 0, 0)
    rows = [[move, up, move, down, wheel, move], [move, down, move, cancel, move], [move, move]]
    held = [True, False, False]
    found = [body_of(*each, held=own) for each, own in zip(rows, held, strict=True)]

    exts = [batch.exts for batch in together(found)]
    assert [[1, 0, 0, 8, 5, 1], [0, 8, 1, 0, 0], [0, 0]] == exts


@pytest.mark.parametrize(
    "part",
    [
        b"",
        b"\x00\x02",
        b"\x00\x02\x80",
        b"\x00\x02\x80\x00",
        b"\x06\x02\x02\x02",
        b"\x00\x02\x02" * (LARGEST // 3 + 1),
        b"\x00\x81\x80\x80\x80\x01\x02",
    ],
    ids=["nothing", "short", "open", "long form", "kind", "large", "five bytes"],
)
def test_what_is_not_ordinary_is_left_to_the_decoder_of_one(part):
    """It alone says what is wrong; the others of the group are read all the same."""
    plain = b"\x08\x02\x04"

    nothing, columns = unpack([part, plain], [False, False])

    assert nothing is None
    assert [[0], [0.0001], [1], [2], [0]] == [column.tolist() for column in columns]


def test_columns_are_of_their_own_memory():
    """A batch that waits for an earlier one must not hold on to all that came with it."""
    first, _ = unpack([b"\x08\x02\x04"] * 2, [False, False])

    assert all(column.base is None or column.base.size == 4 for column in first)
