"""Pictures of evidence, as SVG text: scores in, one element out, nothing else.

The picture carries classes, no colours: the style sheet gives them, so that it follows light and
dark, and the console's policy needs no inline style.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from reauth.alert import Evidence
from reauth.change_point import Change

_WIDTH, _HEIGHT = 720, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 16, 16, 40
"""px of the view box; the picture scales with the page."""
_TICKS = 5
"""Grid lines aimed at: enough to read a value, few enough to see the line."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at the score of an index; `name` is the class that draws it."""

    place: int
    name: str
    words: str


def timeline(
    evidence: Sequence[Evidence],
    threshold: float,
    marks: Sequence[Mark] = (),
    change: Change | None = None,
) -> str:
    """Draw an alert's scores in order, against the threshold that they were compared with.

    Low scores are diamonds, the others circles: the picture must tell them apart without colour.

    Parameters
    ----------
    evidence
        In order of time; may be empty.
    threshold
        nats; scores below it are low.
    marks
        What happened when: a line each, with words.
    change
        Where scores changed: a line, and the mean on either side of it.

    Returns
    -------
    str
        One `svg` element, safe to put into a page as it is.

    Examples
    --------
    >>> one = Evidence("a", 1, 0.0, -1.0, True)
    >>> timeline([one], 0.0).count("<path class=\\"low\\"")
    1
    """
    low, high = _range([item.score for item in evidence] + [threshold])
    body = [_grid(value, low, high) for value in _steps(low, high)]
    points = [
        (_x(place, len(evidence)), _y(item.score, low, high)) for place, item in enumerate(evidence)
    ]
    if len(points) > 1:
        body.append(f'<polyline class="line" points="{" ".join(map(_pair, points))}"/>')
    body.append(_threshold(threshold, low, high))
    if change is not None:
        ends = (0, change.place), (change.place, len(evidence))
        means = change.before, change.after
        body += [
            _level(at, _y(mean, low, high), len(evidence))
            for at, mean in zip(ends, means, strict=True)
        ]
        marks = (*marks, Mark(change.place, "change", "change"))
    order = sorted(marks, key=lambda one: one.place)
    body += [_event(one, row, len(evidence)) for row, one in enumerate(order)]
    body += [_mark(point, item) for point, item in zip(points, evidence, strict=True)]
    body.append(_axis(evidence))
    lows = sum(item.low for item in evidence)
    told = f"{lows} of {len(evidence)} scores lie below the threshold of {threshold:.2f} nats."
    return (
        f'<svg class="timeline" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(told)}">{"".join(body)}</svg>'
    )


def _range(values: Sequence[float]) -> tuple[float, float]:
    """Lowest and highest value to show, with room around them; never of no height."""
    low, high = min(values), max(values)
    room = max(high - low, 1.0) * 0.08
    return low - room, high + room


def _steps(low: float, high: float) -> list[float]:
    """Round values between the two, 1, 2 or 5 times a power of ten apart."""
    rough = (high - low) / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return [step * n for n in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _x(place: float, count: int) -> float:
    span = _WIDTH - _LEFT - _RIGHT
    return _LEFT + span * (place + 0.5) / count


def _y(value: float, low: float, high: float) -> float:
    return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (high - value) / (high - low)


def _pair(point: tuple[float, float]) -> str:
    return f"{point[0]:.1f},{point[1]:.1f}"


def _grid(value: float, low: float, high: float) -> str:
    y = _y(value, low, high)
    return (
        f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="tick" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'
    )


def _threshold(value: float, low: float, high: float) -> str:
    y = _y(value, low, high)
    right = _WIDTH - _RIGHT
    return (
        f'<line class="threshold" x1="{_LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="name" x="{right}" y="{y - 6:.1f}" text-anchor="end">threshold</text>'
    )


def _level(ends: tuple[int, int], y: float, count: int) -> str:
    x, to = (_x(place - 0.5, count) for place in ends)
    return f'<line class="level" x1="{x:.1f}" x2="{to:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'


def _event(mark: Mark, row: int, count: int) -> str:
    """A line at the left of its score; words below one another, to the side with more room."""
    x, y, end = _x(mark.place - 0.5, count), _TOP + 12 + 15 * row, _HEIGHT - _BOTTOM
    right = x > _WIDTH * 0.7
    return (
        f'<line class="{mark.name}" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{end}"/>'
        f'<text class="name" x="{x + (-5 if right else 5):.1f}" y="{y}"'
        f' text-anchor="{"end" if right else "start"}">{escape(mark.words)}</text>'
    )


def _mark(point: tuple[float, float], item: Evidence) -> str:
    told = f"<title>trajectory {item.number}: {item.score:.2f} nats</title>"
    x, y = point
    if item.low:
        diamond = f"M{x:.1f} {y - 5:.1f}l5 5-5 5-5-5z"
        return f'<path class="low" d="{diamond}">{told}</path>'
    return f'<circle class="high" cx="{x:.1f}" cy="{y:.1f}" r="3.5">{told}</circle>'


def _axis(evidence: Sequence[Evidence]) -> str:
    y = _HEIGHT - 14
    words = "score, nats: lower speaks against the user"
    text = f'<text class="name" x="{_LEFT}" y="{y}">{words}</text>'
    if not evidence:
        return text
    first, last = evidence[0].number, evidence[-1].number
    told = f"trajectories {first} to {last}"
    return f'{text}<text class="tick" x="{_WIDTH - _RIGHT}" y="{y}" text-anchor="end">{told}</text>'
