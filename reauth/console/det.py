"""DET curves as SVG text: how often a template refuses its user, for how many strangers pass.

Both axes are normal quantiles, as Martin et al. 1997 draw them ("The DET curve in assessment of
detection task performance", Eurospeech): what differs by the same factor lies equally far apart,
and a curve further down and left is better everywhere.
"""

from collections.abc import Sequence
from html import escape
from statistics import NormalDist

Curve = Sequence[tuple[float, float]]
"""(FAR, FRR), from the laxest threshold to the strictest."""

TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6)
"""Shares that are marked."""

_LEAST, _MOST = 0.005, 0.8
"""Shares at the ends of both axes; what lies beyond is drawn on the edge."""
_SIDE, _LEFT, _TOP, _BOTTOM = 300, 52, 14, 44
"""px of the view box: the square of the axes, and what is left for words around it."""
_NORMAL = NormalDist()
_LOW, _HIGH = _NORMAL.inv_cdf(_LEAST), _NORMAL.inv_cdf(_MOST)


def det(curves: Sequence[tuple[str, Curve]], far: float) -> str:
    """Draw curves, each with its name, and the FAR at which they are compared.

    The first is drawn solid, the others dashed: they must be told apart without colour.

    Parameters
    ----------
    curves
        At most three: the style sheet has a class for each.
    far
        Above 0, below 1.

    Returns
    -------
    str
        One `svg` element, safe to put into a page as it is.

    Examples
    --------
    >>> det([("active", [(1.0, 0.0), (0.0, 1.0)])], 0.05).count("<polyline")
    2
    """
    width, height = _LEFT + _SIDE + 14, _TOP + _SIDE + _BOTTOM
    names = " and ".join(escape(name) for name, _ in curves)
    told = f"Share of the user refused against share of strangers accepted: {names}"
    body = [_tick(share) for share in TICKS]
    at = _x(far)
    body.append(
        f'<line class="threshold" x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{_TOP + _SIDE}"/>'
    )
    for place, (name, curve) in enumerate(curves):
        points = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in curve)
        body.append(f'<polyline class="curve curve-{place}" points="{points}"/>')
        body.append(_key(place, name))
    body.append(_axes())
    return (
        f'<svg class="det" viewBox="0 0 {width} {height}" role="img" aria-label="{told}">'
        f"{''.join(body)}</svg>"
    )


def _along(share: float) -> float:
    """Where a share lies on an axis, 0 to 1."""
    inside = min(max(share, _LEAST), _MOST)
    return (_NORMAL.inv_cdf(inside) - _LOW) / (_HIGH - _LOW)


def _x(share: float) -> float:
    return _LEFT + _SIDE * _along(share)


def _y(share: float) -> float:
    return _TOP + _SIDE * (1 - _along(share))


def _tick(share: float) -> str:
    x, y, right, bottom = _x(share), _y(share), _LEFT + _SIDE, _TOP + _SIDE
    return (
        f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{bottom}"/>'
        f'<text class="tick" x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">'
        f"{100 * share:g} %</text>"
        f'<text class="tick" x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">'
        f"{100 * share:g} %</text>"
    )


def _key(place: int, name: str) -> str:
    y = _TOP + 16 + 18 * place
    left = _LEFT + _SIDE - 116
    return (
        f'<polyline class="curve curve-{place}" points="{left},{y} {left + 30},{y}"/>'
        f'<text class="name" x="{left + 36}" y="{y + 4}">{escape(name)}</text>'
    )


def _axes() -> str:
    middle, bottom = _LEFT + _SIDE / 2, _TOP + _SIDE
    return (
        f'<text class="name" x="{middle:.0f}" y="{bottom + 36}" text-anchor="middle">'
        "strangers accepted</text>"
        f'<text class="name" x="14" y="{_TOP + _SIDE / 2:.0f}" text-anchor="middle"'
        f' transform="rotate(-90 14 {_TOP + _SIDE / 2:.0f})">the user refused</text>'
    )
