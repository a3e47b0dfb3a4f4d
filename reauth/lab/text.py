"""Figures as they are written for people: tables, shares, ranges."""

from collections.abc import Callable, Iterable, Sequence


def table(rows: Iterable[Sequence[str]]) -> str:
    """Write rows, the first of which is the head, as a Markdown table."""
    head, *body = rows
    lines = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def share(value: float | None) -> str:
    """Write a share of 1.

    Examples
    --------
    >>> share(0.125), share(None)
    ('12.5 %', '-')
    """
    return "-" if value is None else f"{value:.1%}".replace("%", " %")


def number(value: float | None, digits: int = 0) -> str:
    """Write a number with so many decimals."""
    return "-" if value is None else f"{value:.{digits}f}"


def between(ends: Sequence[float] | None, text: Callable[[float], str] = share) -> str:
    """Write an interval; nothing where there is none."""
    return "" if ends is None else f"{text(ends[0])} to {text(ends[1])}"


def points(value: float | None) -> str:
    """Write a difference of two shares, with its sign.

    Examples
    --------
    >>> points(0.0212), points(-0.004)
    ('+2.1', '-0.4')
    """
    return "-" if value is None else f"{100 * value:+.1f}"
