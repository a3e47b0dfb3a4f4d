"""Rows and values, one into the other without loss."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reauth.store import rows
from reauth.store.seal import Sealer
from reauth.trajectory import Trajectory
from tests.rows import claimed, held, raw, same, scored, session, tabbed

SEALER = Sealer(bytes(32))
NUMBERS = st.floats(allow_nan=False, width=64)


@given(st.integers(0, 2**128 - 1), st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=30))
def test_a_trajectory_keeps_every_bit(page, points):
    """Times and positions come back as they went in, whatever they are."""
    t, x, y = np.array(points, dtype=np.float64).reshape(-1, 3).T
    went = Trajectory(page, t, x, y, device="frame/mouse/small")
    values = rows.trajectory_values(replace(scored(4), trajectory=went), SEALER)
    came = rows.opened(("s1", "identity", 4, *values[-3:]), SEALER)

    assert len(rows.TRAJECTORY.split(",")) == len(values)
    assert same(went, came)
    assert went.device == came.device
    assert came.t.flags.writeable
    assert came.kinds is None


@given(st.lists(st.tuples(st.integers(0, 6), st.floats(0, 1e9)), max_size=30), st.floats(0, 1e6))
def test_a_movement_keeps_what_its_points_were_and_the_rest_before_it(points, rest):
    """Clicks and wheel among the movements, however many points there are."""
    kinds, t = np.array([kind for kind, _ in points], np.int8), np.array([at for _, at in points])
    went = Trajectory(7, t, t + 1, t + 2, kinds, rest)
    values = rows.trajectory_values(replace(scored(4), trajectory=went), SEALER)
    came = rows.opened(("s1", "identity", 4, *values[-3:]), SEALER)

    assert same(went, came)
    assert (kinds.tolist(), rest) == (came.kinds.tolist(), came.rest)
    assert went.id == came.id


@given(st.text(max_size=300), st.binary(max_size=300), st.none() | st.text(max_size=9))
def test_a_batch_keeps_its_claim_and_body(client, body, user):
    """Any text in a claim, any bytes in a body."""
    claim = claimed(user, client)

    assert (claim, body) == rows.batch_of(rows.batch_text(claim, body))


def test_a_claim_with_fewer_fields_is_one_of_an_older_release():
    """Fields are only ever appended, with a default."""
    text = rows.batch_text(claimed(), b"body")
    (size,) = rows._SIZE.unpack_from(text)
    head = text[2 : 2 + size].replace(b',null]', b"]")
    older = rows._SIZE.pack(len(head)) + head + b"body"

    assert (claimed(), b"body") == rows.batch_of(older)


def test_every_other_row_comes_back():
    """Tabs, sessions, batches that wait, and batches as they came."""
    tab = tabbed(forked=True, last_t=float("-inf"))
    assert tab == rows.tab_row(rows.tab_values(tab))
    for row in (session(), session(cut="stroke")):
        assert row == rows.session_row(rows.session_values(row, SEALER), SEALER)
    tab_name, seq, received, _, sealed = rows.held_values(held(5), SEALER)
    assert held(5) == rows.held_row((tab_name, seq, received, sealed), SEALER)
    day = "2026-05-28"
    assert raw(6) == rows.raw_row(rows.raw_values(raw(6), day, 9, SEALER), day, SEALER)


def test_movement_is_not_in_the_clear():
    """Neither a body, nor a session's memory, nor a position."""
    for values in (
        rows.session_values(session(state=b"tell-tale"), SEALER),
        rows.held_values(held(body=b"tell-tale"), SEALER),
        rows.raw_values(raw(body=b"tell-tale"), "2026-05-28", 1, SEALER),
    ):
        assert b"tell-tale" not in values[-1]
    position = scored(1).trajectory.x[:1].tobytes()
    assert position not in rows.trajectory_values(scored(1), SEALER)[-1]
