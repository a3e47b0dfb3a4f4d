"""Straight to the engine of this process, in groups.

Batches that arrive while a group is being committed make up the next one, so that one commit
serves as many as have come; a short wait lets a lone batch find company.
"""

import asyncio
from collections import deque
from types import TracebackType
from typing import Self

from reauth.engine import Engine
from reauth.errors import Overloaded, ReauthError
from reauth.ports import Accepted, Receipt
from reauth.settings import Ingest

GROUP = 512
"""Batches in a group: larger ones only hold the worker thread longer (bench/ingest.py)."""
_HIGH_WATER = 0.8


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
        self._waiting: deque[tuple[Accepted, asyncio.Future[Receipt]]] = deque()
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
        return len(self._waiting)

    async def accept(self, batch: Accepted) -> Receipt:
        """Take a batch; return once it is durable.

        Raises
        ------
        Overloaded
            429 from 80 % of the queue on, 503 when it is full or we are stopping.
        StoreError
            If it cannot be kept now.
        """
        if self._closing or len(self._waiting) >= self._settings.queue:
            raise Overloaded("queue_full", 503, 5.0)
        if len(self._waiting) >= _HIGH_WATER * self._settings.queue:
            raise Overloaded("queue_high", 429, 5.0)
        done: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._waiting.append((batch, done))
        self._arrived.set()
        return await done

    async def _write(self) -> None:
        while not (self._closing and not self._waiting):
            await self._arrived.wait()
            self._arrived.clear()
            if not self._closing:
                await asyncio.sleep(self._settings.commit_wait)
            while self._waiting:
                count = min(GROUP, len(self._waiting))
                await self._write_group([self._waiting.popleft() for _ in range(count)])

    async def _write_group(
        self, group: list[tuple[Accepted, "asyncio.Future[Receipt]"]]
    ) -> None:
        try:
            receipts = await self._engine.receive([batch for batch, _ in group])
        except ReauthError as error:
            for _, done in group:
                if not done.done():
                    done.set_exception(error)
            return
        except BaseException:
            for _, done in group:
                done.cancel()
            raise
        for (_, done), receipt in zip(group, receipts, strict=True):
            if not done.done():
                done.set_result(receipt)
