"""Recordings: a person's pointer events as CSV, `t_ms,ev,x,y[,button][,wheel]`.

A file is good as a whole or not at all: the first bad row is the answer. Only rows that recorders
are known to write without meaning, positions from 65000 px on, are dropped, and they are counted.
"""

import csv
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from reauth.errors import RecordingError
from reauth.event import Event, Kind

_COLUMNS = ("t_ms", "ev", "x", "y", "button", "wheel")
_ROWS = {
    "move": Kind.MOVE,
    "drag": Kind.MOVE,
    "press": Kind.DOWN,
    "release": Kind.UP,
    "scroll": Kind.WHEEL,
}
_BUTTONS = ("left", "middle", "right")  # in the order of the DOM's MouseEvent.button
_PRESSES = (Kind.DOWN, Kind.UP)
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)
_OUT_OF_RANGE = 65_000  # recorders write 65535 where they lost the pointer (interfaces.md 3)


@dataclass(frozen=True, slots=True)
class Recording:
    """What a file holds: `t` in s as in the file, page 0.

    `rows` counts the rows under the header; `skipped` says why how many of them gave no event.
    """

    events: list[Event]
    rows: int
    skipped: dict[str, int]


def read_recording(lines: Iterable[str], name: str) -> Recording:
    """Read CSV `t_ms,ev,x,y[,button][,wheel]`, columns in any order.

    A row of 65000 px or more is dropped and counted as out_of_range. A scroll without a position
    takes place where the pointer was last, a press without a button is of the left one. Decimal
    means digits, a sign and a point: no exponent, NaN or infinity.

    Raises
    ------
    RecordingError
        At the first bad row, or for a wrong header; the message names file and line, not values.
    """
    reader = csv.reader(lines, strict=True)
    found: list[Event] = []
    rows, skipped, last = 0, 0, Event(Kind.MOVE, 0, -math.inf, 0.0, 0.0)
    try:
        header = next(reader, [])
        if len(set(header)) < len(header) or not set(_COLUMNS[:4]) <= set(header) <= set(_COLUMNS):
            raise ValueError("the header must be t_ms,ev,x,y[,button][,wheel]")
        for values in filter(None, reader):
            rows += 1
            if len(values) != len(header):
                raise ValueError("not as many values as the header has columns")
            event = _row(dict(zip(header, values, strict=True)), last)
            if max(event.x, event.y) >= _OUT_OF_RANGE:
                skipped += 1
                last = last._replace(t=event.t)
            else:
                found.append(last := event)
    except (ValueError, csv.Error) as error:
        raise RecordingError(f"{name}:{max(reader.line_num, 1)}: {error}") from None
    return Recording(found, rows, {"out_of_range": skipped} if skipped else {})


def decode_recording(content: bytes, name: str) -> Recording:
    """Read a file's content; see `read_recording`.

    Raises
    ------
    RecordingError
        If it is no UTF-8 text, or a row is bad.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise RecordingError(f"{name}:{line}: not UTF-8 text") from None
    return read_recording(text.splitlines(keepends=True), name)


def write_recording(found: Iterable[Event]) -> str:
    """Write events as a recording, `read_recording`'s inverse.

    Markers, gaps, cancels and other buttons than the first three have no row and are left out.
    """
    lines = [",".join(_COLUMNS)]
    for kind, _, t, x, y, ext in found:
        if kind > Kind.WHEEL or (kind in _PRESSES and ext >= len(_BUTTONS)):
            continue
        name = ("drag" if ext else "move", "press", "release", "scroll")[kind]
        button = _BUTTONS[ext] if kind in _PRESSES else ""
        wheel = str(ext) if kind == Kind.WHEEL else ""
        lines.append(",".join((_text(t, 3), name, _text(x), _text(y), button, wheel)))
    return "\n".join(lines) + "\n"


def _text(value: float, shift: int = 0) -> str:
    """Write a number times 10**shift exactly, so that reading gives the same float."""
    return f"{Decimal(repr(float(value))).scaleb(shift):f}"


def _decimal(text: str, column: str, unit: str = "") -> float:
    value = float(text + unit) if _DECIMAL.fullmatch(text) else math.inf
    if math.isinf(value):
        raise ValueError(f"{column} is not a decimal number")
    return value


def _row(row: dict[str, str], last: Event) -> Event:
    t = _decimal(row["t_ms"], "t_ms", "e-3")
    if t < last.t:
        raise ValueError("t_ms goes back")
    kind = _ROWS.get(row["ev"])
    if kind is None:
        raise ValueError("ev is not one of " + ", ".join(_ROWS))
    button, wheel = row.get("button") or "left", row.get("wheel") or "0"
    if button not in _BUTTONS:
        raise ValueError("button is not one of " + ", ".join(_BUTTONS))
    ext = round(_decimal(wheel, "wheel"))
    if kind != Kind.WHEEL:
        ext = _BUTTONS.index(button) if kind != Kind.MOVE else int(row["ev"] == "drag")
    elif not row["x"] and not row["y"]:
        return Event(kind, 0, t, last.x, last.y, ext)
    return Event(kind, 0, t, _decimal(row["x"], "x"), _decimal(row["y"], "y"), ext)
