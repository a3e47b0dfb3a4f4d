"""Looking on while somebody moves (WIDAM's synchronous display).

Gamboa and Fred (2004, section 2) show the movement of a user in another window as it is made. Here
it is taken from what the engine has just committed, and only while somebody looks: without
onlookers it costs the engine one comparison a group. An onlooker who is slow misses movement and
is told so; the engine never waits.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from reauth.event import Kind
from reauth.group import Group
from reauth.outcome import Scored
from reauth.wire import Batch

ROOM = 32
"""Pieces of movement that may wait for an onlooker: a minute and more of what one page sends."""
POINTS = 2000
"""Points of a piece that are shown: four seconds of a mouse that tells 500 a second."""
_SHOWN = (int(Kind.MOVE), int(Kind.DOWN), int(Kind.UP))

Piece = Mapping[str, Any]
"""`kind` "moved": `page` (a number of this look's own), `points` as (ms since the piece's first, x,
y, 1 for a press, 2 for a release, else 0). `kind` "scored": `lane`, `score` in nats. `kind`
"missed": `pieces` that were left out."""


class Onlooker:
    """Somebody who looks at a user; give what they see one after the other."""

    def __init__(self, user: str) -> None:
        self.user = user
        self._waiting: asyncio.Queue[Piece | None] = asyncio.Queue(ROOM + 1)
        self._missed = 0
        self._pages: dict[bytes, int] = {}

    async def next(self, seconds: float) -> Piece | None:
        """The next piece; None when it is over.

        Raises
        ------
        TimeoutError
            If nothing moves for so long.
        """
        return await asyncio.wait_for(self._waiting.get(), seconds)

    def show(self, piece: Piece) -> None:
        """Give a piece, or leave it out where too many wait."""
        if self._waiting.qsize() >= ROOM:
            self._missed += 1
            return
        if self._missed:
            missed, self._missed = self._missed, 0
            self.show({"kind": "missed", "pieces": missed})
        if self._waiting.qsize() < ROOM:
            self._waiting.put_nowait(piece)

    def end(self) -> None:
        """It is over."""
        while self._waiting.full():
            self._waiting.get_nowait()
        self._waiting.put_nowait(None)

    def page(self, tab: bytes) -> int:
        """A number for a page, as tabs have names that nobody needs to know."""
        return self._pages.setdefault(tab, len(self._pages) + 1)


class Watching:
    """Everybody who looks on."""

    def __init__(self) -> None:
        self._onlookers: dict[str, list[Onlooker]] = {}

    @contextmanager
    def look(self, user: str) -> Iterator[Onlooker]:
        """Look at a user for as long as the context lasts."""
        onlooker = Onlooker(user)
        self._onlookers.setdefault(user, []).append(onlooker)
        try:
            yield onlooker
        finally:
            # Others may have come and gone meanwhile; after `close` nobody is on the list.
            left = [each for each in self._onlookers.get(user, []) if each is not onlooker]
            self._onlookers[user] = left
            if not left:
                del self._onlookers[user]

    def close(self) -> None:
        """Send everybody away: we are going."""
        for onlookers in self._onlookers.values():
            for onlooker in onlookers:
                onlooker.end()

    def moved(self, group: Group) -> None:
        """Show what a group has brought, once it is committed."""
        if not self._onlookers:
            return
        for tab, ready in group.ready:
            for onlooker in self._onlookers.get(tab.key[0] or "", ()):
                points = _points(ready.item.batch)
                if points:
                    page = onlooker.page(tab.tab)
                    onlooker.show({"kind": "moved", "page": page, "points": points})
        for live, outcome in group.outcomes:
            if isinstance(outcome, Scored):
                for onlooker in self._onlookers.get(live.key[0] or "", ()):
                    score = round(float(outcome.score), 3)
                    onlooker.show({"kind": "scored", "lane": outcome.lane, "score": score})


def _points(batch: Batch) -> Sequence[tuple[int, int, int, int]]:
    """The newest points of a batch: ms, px, px, and what happened there."""
    found = [
        (float(t), int(x), int(y), int(kind))
        for kind, t, x, y in zip(batch.kinds, batch.times, batch.xs, batch.ys, strict=True)
        if kind in _SHOWN
    ][-POINTS:]
    return [(round(1000 * (t - found[0][0])), x, y, kind) for t, x, y, kind in found]
