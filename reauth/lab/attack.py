"""An attack through a real browser: a program, or a recording, at an account behind the proxy."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from reauth.errors import ReauthError
from reauth.event import Event, Kind
from reauth.generate.habits import PAUSE
from reauth.lab.bot import Hand, browser_page

EDGE = 5.0
"""px from the side of the page, where movement is kept."""
LAST = 1.0
"""s in which the page may still send what it has seen, once the next one is asked for."""
_PLAYED = (Kind.MOVE, Kind.DOWN, Kind.UP)


class AttackError(ReauthError):
    """The page could not be opened, or went away; the message says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is played: a page, the proxy in front of it, the CA that the browser trusts.

    `viewport` is the page's width and height, CSS px.
    """

    url: str
    proxy: str
    ca: Path
    viewport: tuple[int, int]


def recorded_acts(events: Iterable[Event], longest: float) -> Iterator[list[Event]]:
    """Cut a recording into acts: a movement with the clicks that follow it, as it was.

    Scrolling, which moves no pointer, and clicks before any movement are left out.

    Parameters
    ----------
    longest
        s; where nothing happens for longer, only so much of it is left.

    Yields
    ------
    list of Event
        s from the first movement on.
    """
    act: list[Event] = []
    t = last = moved = 0.0  # when we are, when the last event was, and the last movement
    for event in events:
        move = event.kind == Kind.MOVE
        if event.kind not in _PLAYED or not (act or move):
            continue
        t += min(event.t - last, longest) if act else 0.0
        if act and move and event.t - moved >= PAUSE:
            yield act
            act = []
        last, moved = event.t, event.t if move else moved
        act.append(event._replace(t=t))
    if act:
        yield act


def fitted(act: Sequence[Event], viewport: tuple[int, int]) -> list[Event]:
    """Shift an act as a whole to where the page is; what is larger than the page is cut off."""
    shifted = [
        _into([getattr(event, axis) for event in act], side)
        for axis, side in zip("xy", viewport, strict=True)
    ]
    return [event._replace(x=x, y=y) for event, x, y in zip(act, *shifted, strict=True)]


def _into(values: Sequence[float], side: float) -> list[float]:
    """Shift numbers so that they lie between the edges of a side, or begin at the first one."""
    low, high = min(values), max(values)
    by = max(min(0.0, side - EDGE - high), EDGE - low)
    return [min(value + by, side - EDGE) for value in values]


async def attack(
    place: Place,
    acts: Iterable[Sequence[Event]],
    seconds: float,
    told: Callable[[float], Any],
) -> dict[str, Any]:
    """Play acts at true speed, those that end within so many seconds.

    Parameters
    ----------
    told
        Called after each act with the s that it has brought us forward.

    Returns
    -------
    dict
        `status` of the page, `movements` and `seconds` played, and how true the speed was:
        `events`, `late_ms_median`, `late_ms_p95`.

    Raises
    ------
    AttackError
        If the page cannot be opened, or goes away.
    SettingsError
        If there is no browser.
    """
    async with browser_page(place.proxy, place.viewport, place.ca) as (page, hand):
        from playwright.async_api import Error  # noqa: PLC0415 - only where there is a browser

        try:
            answer = await page.goto(place.url)
            status = None if answer is None else answer.status
            movements, end = await _play(hand, acts, seconds, place.viewport, told)
            await page.goto("about:blank")  # a page that goes sends what it has
            await asyncio.sleep(LAST)
        except Error as error:
            [first, *_] = [*error.message.splitlines(), ""]
            raise AttackError(f"{place.url} through {place.proxy}: {first}") from None
        return {
            "status": status,
            "movements": movements,
            "seconds": round(end, 1),
            **hand.timing.summary(),
        }


async def _play(
    hand: Hand,
    acts: Iterable[Sequence[Event]],
    seconds: float,
    viewport: tuple[int, int],
    told: Callable[[float], Any],
) -> tuple[int, float]:
    """Play, and give how many movements it were, and when the last one ended, s."""
    start = asyncio.get_running_loop().time()
    movements, end = 0, 0.0
    for act in takewhile(lambda act: act[-1].t <= seconds, acts):
        await hand.play(fitted(act, viewport), start)
        movements, before, end = movements + 1, end, act[-1].t
        told(end - before)
    await hand.settle()
    return movements, end
