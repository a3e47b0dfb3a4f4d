"""Straight to the engine of this process, in groups.

Batches that arrive while a group is being committed make up the next one, so that one commit
serves as many as have come; a short wait lets a lone batch find company.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from itertools import islice
from types import TracebackType
from typing import Any, Self

from reauth.claim import Claim
from reauth.engine import Engine
from reauth.errors import Overloaded, ReauthError, StoreError
from reauth.ports import Accepted, Receipt
from reauth.settings import Ingest

log = logging.getLogger(__name__)

GROUP = 128
"""Batches in a group. At 512 senders 128 are a fifth faster than 512: more of them do not fit the
cache, and wait longer for their commit; fewer share its cost among too few (bench/ingest.py)."""
_HIGH_WATER = 0.8

_Waiting = tuple[Sequence[Accepted], "asyncio.Future[list[Receipt]]", Any]
"""Batches, their answer, and the trace that they belong to."""


class LocalIntake:
    """The default `Intake`.

    Parameters
    ----------
    settings
        `commit_wait` (s) and `queue`: from 80 % of it on, clients are told to slow down.
    """

    def __init__(self, engine: Engine, settings: Ingest) -> None:
        self._engine = engine
        self._settings = settings
        self._waiting: deque[_Waiting] = deque()
        self._depth = 0
        self._arrived = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None
        self._closing = False

    async def __aenter__(self) -> Self:
        """Begin to write."""
        self._writer = asyncio.ensure_future(self._write())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write what waits, then stop."""
        self._closing = True
        self._arrived.set()
        if self._writer:
            await self._writer

    @property
    def depth(self) -> int:
        """Batches that wait."""
        return self._depth

    async def refused(self, claims: Sequence[Claim]) -> None:
        """Take note of senders whose page tokens the proxy has refused.

        Raises
        ------
        StoreError
            If an alert cannot be kept now.
        """
        await self._engine.refused(claims)

    async def noted(self, claims: Sequence[Claim]) -> None:
        """Take what the proxy tells beside batches: pages that it served, changes they made.

        Raises
        ------
        StoreError
            If an alert cannot be kept now.
        """
        await self._engine.noted(claims)

    async def accept(self, batches: Sequence[Accepted]) -> list[Receipt]:
        """Take the batches of one group; return once all of them are durable.

        Raises
        ------
        Overloaded
            429 from 80 % of the queue on, 503 when it is full or we are stopping.
        StoreError
            If they cannot be kept now.
        """
        if self._closing or self._depth >= self._settings.queue:
            raise Overloaded("queue_full", 503, 5.0)
        if self._depth >= _HIGH_WATER * self._settings.queue:
            raise Overloaded("queue_high", 429, 5.0)
        done: asyncio.Future[list[Receipt]] = asyncio.get_running_loop().create_future()
        self._waiting.append((batches, done, self._engine.tracer.current()))
        self._depth += len(batches)
        self._arrived.set()
        return await done

    async def _write(self) -> None:
        while not (self._closing and not self._waiting):
            await self._arrived.wait()
            self._arrived.clear()
            if not self._closing:
                await asyncio.sleep(self._settings.commit_wait)
            while self._waiting:
                await self._write_group(self._take())

    def _take(self) -> list[_Waiting]:
        """What has waited longest, as much as makes up a group; groups of senders stay whole."""
        taken: list[_Waiting] = []
        count = 0
        while self._waiting and (not taken or count + len(self._waiting[0][0]) <= GROUP):
            taken.append(self._waiting.popleft())
            count += len(taken[-1][0])
        self._depth -= count
        return taken

    async def _write_group(self, group: list[_Waiting]) -> None:
        """Commit a group and tell its senders; a fault of ours costs the one that has it."""
        try:
            await self._commit(group)
        except ReauthError as error:
            _fail(group, error)
        except Exception:
            log.exception("group_failed", extra={"senders": len(group)})
            if len(group) == 1:
                _fail(group, StoreError("a fault of ours"))
                return
            for alone in group:
                await self._write_group([alone])
        except BaseException:
            for _, done, _ in group:
                done.cancel()
            raise

    async def _commit(self, group: list[_Waiting]) -> None:
        traced = next((trace for *_, trace in group if trace is not None), None)
        with self._engine.tracer.under(traced):
            told = iter(
                await self._engine.receive([batch for batches, *_ in group for batch in batches])
            )
        for batches, done, _ in group:
            own = list(islice(told, len(batches)))
            if not done.done():
                done.set_result(own)


def _fail(group: list[_Waiting], error: ReauthError) -> None:
    for _, done, _ in group:
        if not done.done():
            done.set_exception(error)
