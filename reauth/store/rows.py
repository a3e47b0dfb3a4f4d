"""Rows of the tables and the values of `reauth.ports`, one into the other.

What tells of movement (trajectories, bodies, session state) goes through the sealer here and
nowhere else, each bound to the key of its row.
"""

import json
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

from reauth.claim import Claim, claim_values
from reauth.device import class_of
from reauth.ports import HeldRow, RawRow, SessionRow, TabRow, TrajectoryRow
from reauth.store.seal import Sealer
from reauth.trajectory import Floats, Trajectory

TAB = "tab, person, client, next_seq, clock_offset, last_t, last_seen, recent, forked, screen"
SESSION = "id, person, client, started, last_t, seen, site, source, confidence, cut, sealed"
TRAJECTORY = (
    "session, lane, number, site, received, score, reason, template_version, device, form, sealed"
)
POINTS = "session, lane, number, device, form, sealed"
"""What of a row of `trajectory` the trajectory itself is made of."""

CHANGED = "UPDATE meta SET value = value + 1 WHERE name = 'people'"
"""What changes `Store.version`."""

_encode = json.JSONEncoder(separators=(",", ":")).encode
_SIZE = struct.Struct(">H")
_PAGE_BYTES = 16
_KINDS = struct.Struct("<dI")
"""`rest` of a trajectory whose points are not all movements, and how many bytes of kinds follow."""


def tab_values(row: TabRow) -> tuple[Any, ...]:
    """A row of `tab`, in the order of `TAB`."""
    return (
        row.tab,
        row.user,
        row.client,
        row.next_seq,
        row.offset,
        row.last_t,
        row.last_seen,
        row.recent,
        int(row.forked),
        row.screen,
    )


def tab_row(values: Sequence[Any]) -> TabRow:
    """A tab from its values."""
    *plain, forked, screen = values
    return TabRow(*[*plain, bool(forked), screen])


def session_values(row: SessionRow, sealer: Sealer) -> tuple[Any, ...]:
    """A row of `session`, in the order of `SESSION`."""
    return (
        row.id,
        row.user,
        row.client,
        row.started,
        row.last_t,
        row.seen,
        row.site,
        row.source,
        row.confidence,
        row.cut,
        sealer.seal("session", row.id.encode(), row.state),
    )


def session_row(values: Sequence[Any], sealer: Sealer) -> SessionRow:
    """A session from its values."""
    *plain, cut, sealed = values
    return SessionRow(*[*plain, sealer.open("session", plain[0].encode(), sealed), cut])


def batch_text(claim: Claim, body: bytes) -> bytes:
    """A batch and its claim as one text, to be sealed."""
    head = _encode(claim_values(claim)).encode()
    return _SIZE.pack(len(head)) + head + body


def batch_of(text: bytes) -> tuple[Claim, bytes]:
    """The claim and the body in such a text."""
    (size,) = _SIZE.unpack_from(text)
    at = _SIZE.size + size
    values = json.loads(text[_SIZE.size : at])
    return Claim(*values), text[at:]


def held_values(row: HeldRow, sealer: Sealer) -> tuple[Any, ...]:
    """A row of `held`: tab, seq, received, person, sealed."""
    text = batch_text(row.claim, row.body)
    sealed = sealer.seal("held", row.tab + row.seq.to_bytes(8, "big"), text)
    return row.tab, row.seq, row.received, row.claim.user, sealed


def held_row(values: Sequence[Any], sealer: Sealer) -> HeldRow:
    """A held batch from (tab, seq, received, sealed)."""
    tab, seq, received, sealed = values
    text = sealer.open("held", tab + seq.to_bytes(8, "big"), sealed)
    return HeldRow(tab, seq, received, *batch_of(text))


def raw_values(row: RawRow, day: str, number: int, sealer: Sealer) -> tuple[Any, ...]:
    """A row of a day file: number, tab, seq, received, person, late, sealed."""
    text = batch_text(row.claim, row.body)
    sealed = sealer.seal(f"raw {day}", b"%d" % number, text)
    return number, row.tab, row.seq, row.received, row.claim.user, int(row.late), sealed


def raw_row(values: Sequence[Any], day: str, sealer: Sealer) -> RawRow:
    """A raw batch from such a row."""
    number, tab, seq, received, _, late, sealed = values
    claim, body = batch_of(sealer.open(f"raw {day}", b"%d" % number, sealed))
    return RawRow(tab, seq, received, claim, body, bool(late))


def trajectory_values(row: TrajectoryRow, sealer: Sealer) -> tuple[Any, ...]:
    """A row of `trajectory`, in the order of `TRAJECTORY`."""
    return (
        row.session,
        row.lane,
        row.number,
        row.site,
        row.received,
        row.score,
        row.reason,
        row.template_version,
        class_of(row.trajectory),
        int(row.trajectory.kinds is not None),
        sealer.seal(
            "trajectory", _name(row.session, row.lane, row.number), _points(row.trajectory)
        ),
    )


def trajectory_row(user: str | None, values: Sequence[Any], sealer: Sealer) -> TrajectoryRow:
    """A scored trajectory from its values."""
    session, lane, number, site, received, score, reason, version, *points = values
    trajectory = opened((session, lane, number, *points), sealer)
    return TrajectoryRow(
        session, user, lane, number, site, received, trajectory, score, reason, version
    )


def opened(values: Sequence[Any], sealer: Sealer) -> Trajectory:
    """The trajectory itself, from the values of `POINTS`."""
    session, lane, number, device, form, sealed = values
    text = sealer.open("trajectory", _name(session, lane, number), sealed)
    page = int.from_bytes(text[:_PAGE_BYTES], "little")
    if not form:
        t, x, y = _columns(text[_PAGE_BYTES:])
        return Trajectory(page, t, x, y, device=device)
    rest, count = _KINDS.unpack_from(text, _PAGE_BYTES)
    at = _PAGE_BYTES + _KINDS.size
    kinds = np.frombuffer(text, np.int8, count, at).copy()
    t, x, y = _columns(text[at + count :])
    return Trajectory(page, t, x, y, kinds, rest, device)


def _columns(text: bytes) -> Floats:
    """(3, n): t, x, y. A copy, as an array over bytes cannot be written and keeps them alive."""
    return np.frombuffer(text, "<f8").reshape(3, -1).astype(np.float64)


def _name(session: str, lane: str, number: int) -> bytes:
    return f"{session}\0{lane}\0{number}".encode()


def _points(trajectory: Trajectory) -> bytes:
    head = trajectory.page.to_bytes(_PAGE_BYTES, "little")
    if trajectory.kinds is not None:
        kinds = trajectory.kinds.astype(np.int8, copy=False).tobytes()
        head += _KINDS.pack(trajectory.rest, len(kinds)) + kinds
    columns = (trajectory.t, trajectory.x, trajectory.y)
    return head + b"".join(column.astype("<f8", copy=False).tobytes() for column in columns)
