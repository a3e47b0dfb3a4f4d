"""Figures as they are written for people: tables, shares, ranges."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any


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


def source(made: Mapping[str, Any]) -> str:
    """Write which verifier was measured on what, from a report's `setting`.

    Examples
    --------
    >>> source({"verifier": "svm", "data": "hbrs", "only_users": 7, "seed": 1})
    'svm on hbrs (7 of its users), impostors unseen, seed 1'
    """
    some = f" ({made['only_users']} of its users)" if made["only_users"] else ""
    turned = ", the last recordings enrol" if made.get("backwards") else ""
    what = f"{made['verifier']} on {made['data']}{some}{turned}"
    return f"{what}, impostors unseen, seed {made['seed']}"


def points(value: float | None) -> str:
    """Write a difference of two shares, with its sign.

    Examples
    --------
    >>> points(0.0212), points(-0.004)
    ('+2.1', '-0.4')
    """
    return "-" if value is None else f"{100 * value:+.1f}"
