"""The anomalous movements drawn over the user's own: shapes, never places.

Each path begins in the middle of the picture. Where on a page it was, what it went to and when is
not in it: neither coordinates nor times leave here.
"""

from collections.abc import Sequence

import numpy as np

from reauth.event import Kind
from reauth.trajectory import Floats, Trajectory

OWN, SEEN = 40, 20
"""Paths drawn at most: more cover each other."""

POINTS = 48
"""Points of a path at most; a hand's path bends a few times, and each is drawn as a line."""

FITS = 90
"""% of the paths that fit into the picture; of few that go far only the beginning is seen."""

_HALF, _ROOM, _KEY = 180, 8, 34
"""px of the view box: half its side, what is left free around, and the height of the key."""


def paths(trajectories: Sequence[Trajectory], most: int) -> list[Floats]:
    """Give at most `most` of them, evenly taken, as (n, 2) px from their own beginnings.

    Clicks and the wheel are left out, and who does not move at all.
    """
    found = [path for path in map(_path, trajectories) if len(path) > 1 and path.any()]
    if len(found) <= most:
        return found
    return [found[place] for place in np.linspace(0, len(found) - 1, most).round().astype(int)]


def normalised(
    own: Sequence[Floats], seen: Sequence[Floats]
) -> tuple[list[Floats], list[Floats]]:
    """Scale paths by one number, so that most lie within -1 and 1; sizes stay comparable."""
    far = [float(np.abs(path).max()) for path in (*own, *seen)]
    size = max(float(np.percentile(far, FITS)), 1.0) if far else 1.0
    return [path / size for path in own], [path / size for path in seen]


def overlay(own: Sequence[Trajectory], seen: Sequence[Trajectory]) -> str:
    """Draw anomalous movements over the user's own ones, all from one beginning.

    The user's are thin and end in nothing, the anomalous are thick and end in a diamond: the
    picture must tell them apart without colour.

    Parameters
    ----------
    own, seen
        In any order; of many some are drawn.

    Returns
    -------
    str
        One `svg` element with a title for who cannot see it, safe to put into a page as it is.

    Examples
    --------
    >>> line = Trajectory(1, np.arange(3.0), 900 + np.arange(3.0), np.full(3, 700.0))
    >>> "900" in overlay([line], [line]) or "700" in overlay([line], [line])
    False
    """
    usual, odd = normalised(paths(own, OWN), paths(seen, SEEN))
    side = 2 * _HALF
    told = f"{len(odd)} anomalous movements over {len(usual)} of the user's own, from one beginning"
    body = [_axes(), *(_line(path, "own") for path in usual)]
    for path in odd:
        body += [_line(path, "seen"), _end(path)]
    body.append(f'<circle class="start" cx="{_HALF}" cy="{_HALF}" r="4"/>')
    return (
        f'<svg class="overlay" viewBox="0 0 {side} {side + _KEY}" role="img" '
        f'aria-label="{told}">{"".join(body)}{_key(side)}</svg>'
    )


def _path(trajectory: Trajectory) -> Floats:
    """(n, 2) px from the first point, thinned."""
    at = np.stack((trajectory.x, trajectory.y), axis=1)
    if trajectory.kinds is not None:
        at = at[trajectory.kinds == Kind.MOVE]
    if not len(at):
        return at
    picks = np.linspace(0, len(at) - 1, min(POINTS, len(at))).round().astype(int)
    return np.asarray(at[picks] - at[0])


def _place(point: Floats) -> tuple[float, float]:
    x, y = (_HALF + (_HALF - _ROOM) * float(value) for value in point)
    return x, y


def _line(path: Floats, name: str) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(_place, path))
    return f'<polyline class="{name}" points="{points}"/>'


def _end(path: Floats) -> str:
    x, y = _place(path[-1])
    return f'<path class="seen-end" d="M{x:.1f} {y - 4:.1f}l4 4-4 4-4-4z"/>'


def _axes() -> str:
    side = 2 * _HALF
    return (
        f'<line class="grid" x1="0" x2="{side}" y1="{_HALF}" y2="{_HALF}"/>'
        f'<line class="grid" x1="{_HALF}" x2="{_HALF}" y1="0" y2="{side}"/>'
    )


def _key(y: int) -> str:
    middle = y + _KEY // 2
    ends = f'<path class="seen-end" d="M{_HALF + 44} {middle - 4}l4 4-4 4-4-4z"/>'
    return (
        f'<rect class="key" x="0" y="{y}" width="{y}" height="{_KEY}"/>'
        f'<polyline class="own" points="12,{middle} 44,{middle}"/>'
        f'<text class="name" x="52" y="{middle + 4}">the user</text>'
        f'<polyline class="seen" points="{_HALF + 12},{middle} {_HALF + 44},{middle}"/>{ends}'
        f'<text class="name" x="{_HALF + 56}" y="{middle + 4}">anomalous</text>'
    )
