"""What no hand does with a pointer: presses where it never went, and intervals without a tremble.

Screen coordinates run on across pages: one `Pointer` follows a person on a client from tab to tab.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reauth.event import Kind

NEAR = 2.0
"""px: as far a hand that rests may slip, and what rounding adds."""
JUMP = 100.0
"""px without a sample in between, right before a press. Where moves are told once a frame (60 Hz,
no coalesced events) that is 6,000 px/s with no braking after it: hands slow down before they press
(Fitts 1954; the sigma-lognormal profiles of biometrics.md section 4 end at rest)."""
PACE = 1.0
"""s between such presses: a switch that scans a screen and a dwelling eye need longer for each, as
their dwell alone is most of a second. They set the pointer like a program does."""
STILL = 0.01
"""Share of intervals that may differ and the rest still count as constant."""
COARSE = 0.001
"""s: where a page's clock is told to be no finer, even a hand's intervals are all alike."""
LONGEST = 500
"""Ticks of 0.1 ms between moves that belong together: a mouse reports at 20 Hz at least."""
_TAIL = 8
_MOVE, _DOWN, _WHEEL, _CANCEL = map(int, (Kind.MOVE, Kind.DOWN, Kind.WHEEL, Kind.CANCEL))

Column = Sequence[Any] | NDArray[Any]


@dataclass(frozen=True, slots=True)
class Told:
    """What one batch told, as the wire has it: see `reauth.wire.Batch`.

    `at` is when it was received (s since 1970), `base` the page's clock (s since 1970) at which
    `times` begin; `exts` of a press are its button + 8 x its pointer's type. `missing` batches
    before it never came. `resolution` is the grid of the page's clock, in s.
    """

    at: float
    tab: bytes
    page: str
    site: str
    base: float
    kinds: Column
    times: Column
    xs: Column
    ys: Column
    exts: Column
    confidence: float = 1.0
    input: bool = False
    untrusted: int | None = None
    webdriver: bool = False
    resolution: float | None = None
    missing: int = 0

    @property
    def end(self) -> float:
        """The page's clock at its last event."""
        return self.base + (float(self.times[-1]) if len(self.times) else 0.0)


class Pointer:
    """One pointer's presses and intervals.

    `jumps` counts presses in a row where it never went, since `since` (s, the page's clock);
    `alike` the intervals that were the same to a tick.
    """

    __slots__ = ("_odd", "_pressed", "_step", "_tail", "_touching", "alike", "jumps", "since")

    def __init__(self) -> None:
        self._tail: NDArray[np.float64] = np.empty((2, 0))
        self._touching = False
        self._pressed = float("-inf")
        self._step = self._odd = 0
        self.jumps = self.alike = 0
        self.since = 0.0

    def feed(self, told: Told, resolution: float | None, slow: bool) -> None:
        """Follow it through a batch.

        Parameters
        ----------
        resolution
            The grid of the page's clock (s), None where it was not told.
        slow
            Whether presses further apart than `PACE` count too.
        """
        kinds = np.asarray(told.kinds)
        if told.missing:
            self._tail = np.empty((2, 0))
        pointer = kinds <= _CANCEL
        if not pointer.any():
            return
        times = told.base + np.asarray(told.times, np.float64)[pointer]
        places = np.array([told.xs, told.ys], np.float64)[:, pointer]
        self._press(kinds[pointer], times, places, np.asarray(told.exts)[pointer], slow)
        if resolution is not None and resolution < COARSE:
            self._intervals(times[kinds[pointer] == _MOVE])

    def _press(
        self,
        kinds: NDArray[Any],
        times: NDArray[np.float64],
        places: NDArray[np.float64],
        exts: NDArray[Any],
        slow: bool,
    ) -> None:
        lead = self._tail.shape[1]
        way = np.concatenate([self._tail, places], axis=1)
        start = 0
        for at in np.flatnonzero((kinds != _MOVE) & (kinds != _WHEEL)):
            if kinds[at] != _DOWN:
                start = lead + int(at) + 1 if self._touching else start
                self._touching = False
            elif exts[at] >> 3:  # touch and pens come down anywhere
                self._touching = True
            else:
                self._judge(way[:, start : lead + at + 1], float(times[at]), slow)
        ended = way.shape[1] if self._touching else start
        self._tail = way[:, max(ended, way.shape[1] - _TAIL) :]

    def _judge(self, way: NDArray[np.float64], at: float, slow: bool) -> None:
        """Was there a way to this press? The last place on it that is another one tells."""
        far = np.hypot(*(way[:, :-1] - way[:, -1:]))
        other = far[far > NEAR]
        if not len(other):
            return  # pressed again where it is, or nobody knows where it came from
        if other[-1] < JUMP:
            self.jumps = 0
        elif slow or 0 <= at - self._pressed < PACE:
            self.since = self.since if self.jumps else at
            self.jumps += 1
        self._pressed = at

    def _intervals(self, times: NDArray[np.float64]) -> None:
        steps = np.rint((times[1:] - times[:-1]) * 1e4).astype(int)
        steps = steps[(steps > 0) & (steps <= LONGEST)]
        if not len(steps):
            return
        step = int(np.sort(steps)[len(steps) // 2])
        same = int((steps == step).sum())
        if step != self._step:
            self._step, self.alike, self._odd = step, 0, 0
        self.alike += same
        self._odd += len(steps) - same
        if self._odd > STILL * self.alike:
            self.alike = self._odd = 0
