"""Movement as SVG: paths with their times beside them, for a script to play; a picture without one.

Only numbers are written. Colours are the style sheet's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reauth.event import Kind
from reauth.trajectory import Trajectory

PAUSE = 1.0
"""s that a pause between movements is played for at most: how long somebody rested is nobody's
business, and nobody wants to wait for it."""
_NOTHING = '<svg class="film" viewBox="0 0 640 360" role="img" aria-label="No movement"/>'
_MARGIN = 24
"""px around what was moved over."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """An `svg` element, and how long it plays (s)."""

    svg: str
    length: float


def drawing(movements: Sequence[Trajectory]) -> Drawing:
    """Draw movements in order, each with the times of its points in ms since the film began.

    Parameters
    ----------
    movements
        In order of time; `t` in s, `x` and `y` in px.

    Examples
    --------
    >>> import numpy as np
    >>> t = np.array([5.0, 5.1])
    >>> drawing([Trajectory(0, t, t * 10, t * 10)]).length
    0.1
    """
    if not movements:
        return Drawing(_NOTHING, 0.0)
    xs = np.concatenate([each.x for each in movements])
    ys = np.concatenate([each.y for each in movements])
    left, top = int(xs.min()) - _MARGIN, int(ys.min()) - _MARGIN
    width, height = int(np.ptp(xs)) + 2 * _MARGIN, int(np.ptp(ys)) + 2 * _MARGIN
    body, now = [], 0.0
    last: float | None = None
    for each in movements:
        first = float(each.t[0])
        now += 0.0 if last is None else min(max(first - last, 0.0), PAUSE)
        body.append(_path(each, now))
        now += float(each.t[-1]) - first
        last = float(each.t[-1])
    told = f"The ways of {len(movements)} movements"
    svg = (
        f'<svg class="film" viewBox="{left} {top} {width} {height}" role="img" '
        f'aria-label="{told}" data-length="{1000 * now:.0f}">{"".join(body)}'
        f'<circle class="pointer" r="{max(width, height) / 90:.0f}" cx="{left}" cy="{top}"/></svg>'
    )
    return Drawing(svg, round(now, 3))


def _path(movement: Trajectory, start: float) -> str:
    points = " ".join(f"{x:.0f},{y:.0f}" for x, y in zip(movement.x, movement.y, strict=True))
    times = " ".join(f"{1000 * (start + t - movement.t[0]):.0f}" for t in movement.t)
    return f'<polyline class="way" points="{points}" data-t="{times}"/>{_presses(movement)}'


def _presses(movement: Trajectory) -> str:
    if movement.kinds is None:
        return ""
    pressed = movement.kinds == int(Kind.DOWN)
    return "".join(
        f'<circle class="press" cx="{x:.0f}" cy="{y:.0f}" r="6"/>'
        for x, y in zip(movement.x[pressed], movement.y[pressed], strict=True)
    )
