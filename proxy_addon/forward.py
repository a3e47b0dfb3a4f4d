"""Batches of bodies with their claims to the ingest: bounded, collected, sealed, acknowledged.

What comes within a few tens of milliseconds is one group, one seal and one request; several
requests are under way at a time over kept connections. Every batch waits for the ingest's word,
which comes after its commit, so that a 204 to the browser means stored. Whatever goes wrong here
is a 503 for the batches that wait, and for nobody else; an answer that is not sealed is none, as
while the ingest is down any local user may listen in its place. The proxy's counters ride along.
"""

import asyncio
import json
import logging
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import h11

from reauth.claim import ANSWER_SEAL, Claim, Keys, is_answer, seal
from reauth.settings import Settings, address

log = logging.getLogger(__name__)

TIMEOUT = 5.0
"""s for a group, connecting included; a commit takes tens of ms (ingest.md, 6)."""
IDLE = 5.0
"""s after which counters go alone; what changed is to be seen within 5 s (interfaces.md)."""
_AT_ONCE = 4
"""Groups under way: with one, a slow commit would delay the batches of everybody else."""
_GROUP_BATCHES = 512
_GROUP_BYTES = 8 << 20
"""Half of what the ingest takes at a time, so that heads and claims have room."""
_ANSWER_BYTES = 1 << 20
_SEAL = ANSWER_SEAL.lower().encode()


class Reply(NamedTuple):
    """What the ingest says of one batch; 503 where it says nothing."""

    status: int
    reason: str = ""
    retry_after: float | None = None
    interval_ms: int | None = None


@dataclass(slots=True)
class _Waiting:
    claim: Claim
    body: bytes
    answer: asyncio.Future[Reply]


class Forward:
    """The way of a batch to the ingest.

    Parameters
    ----------
    counters
        Of this process; taken from here with each group, and put back where it was lost.
    clock
        Seconds since 1970, the time of a seal.
    """

    def __init__(
        self,
        settings: Settings,
        keys: Keys,
        counters: Counter[str],
        clock: Callable[[], float],
    ) -> None:
        self._keys = keys
        self._counters = counters
        self._clock = clock
        self._collect = settings.proxy.forward_wait
        self._limit = settings.proxy.forward_queue
        self._retry_after = settings.proxy.retry_after
        self._pool = _Pool(address(settings.ingest.listen))
        self._queue: deque[_Waiting] = deque()
        self._pending = 0
        self._work = asyncio.Event()
        self._closed = False
        self._fault = ""

    @property
    def depth(self) -> int:
        """Batches that wait for the ingest's word."""
        return self._pending

    async def send(self, claim: Claim, body: bytes) -> Reply:
        """Send one batch and wait until it is stored, refused or given up."""
        if self._closed or self._pending >= self._limit:
            self._counters['obs_refused_total{reason="queue_full"}'] += 1
            return Reply(503, "queue_full", self._retry_after)
        waiting = _Waiting(claim, body, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._pending += 1
        self._work.set()
        try:
            return await waiting.answer
        finally:
            self._pending -= 1

    def report(self, claim: Claim) -> None:
        """Tell of a sender, as of one whose token was refused; nobody waits for the answer.

        Where too much waits already it is left untold: its counter has it.
        """
        if not self._closed and self._pending < self._limit:
            told = _Waiting(claim, b"", asyncio.get_running_loop().create_future())
            told.answer.add_done_callback(self._is_told)
            self._queue.append(told)
            self._pending += 1
            self._work.set()

    def note(self, claim: Claim) -> None:
        """Tell of what came without a batch; left out where half of the room is taken."""
        if self._pending < self._limit // 2:
            self.report(claim)

    def _is_told(self, _: object) -> None:
        self._pending -= 1

    async def run(self) -> None:
        """Send groups until `close` was called and all is said."""
        slots = asyncio.Semaphore(_AT_ONCE)
        async with asyncio.TaskGroup() as tasks:
            while not self._closed or self._queue:
                await self._gather()
                await slots.acquire()
                task = tasks.create_task(self._deliver(self._take()))
                task.add_done_callback(lambda _: slots.release())
        await self._pool.close()

    def close(self) -> None:
        """Take no more; `run` ends when all that waits has its answer."""
        self._closed = True
        self._work.set()

    async def _gather(self) -> None:
        try:
            async with asyncio.timeout(IDLE):
                await self._work.wait()
        except TimeoutError:
            return
        if not self._closed:
            await asyncio.sleep(self._collect)

    def _take(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        size = 0
        while self._queue and len(group) < _GROUP_BATCHES and size < _GROUP_BYTES:
            group.append(self._queue.popleft())
            size += len(group[-1].body)
        if not self._queue and not self._closed:
            self._work.clear()
        return group

    async def _deliver(self, group: Sequence[_Waiting]) -> None:
        counters = dict(self._counters)
        self._counters.clear()
        items = [(waiting.claim, waiting.body) for waiting in group]
        try:
            replies = await self._exchange(items, counters)
        except Exception as error:  # whatever it is, it may cost this group alone
            self._lost(counters, error)
            replies = [Reply(503, "ingest_away", self._retry_after)] * len(group)
        else:
            self._returned()
        for waiting, reply in zip(group, replies, strict=True):
            if not waiting.answer.done():
                waiting.answer.set_result(reply)

    async def _exchange(
        self, items: Sequence[tuple[Claim, bytes]], counters: dict[str, int]
    ) -> list[Reply]:
        sealed = seal(self._keys, items, counters, self._clock())
        async with asyncio.timeout(TIMEOUT):
            answer = await self._pool.post("/v1/batches", sealed)
        if answer.status != 200:
            raise _Refused(answer.status)
        if not is_answer(self._keys, sealed, answer.body, answer.seal):
            self._counters["bad_answers_total"] += 1
            raise _Unsealed
        return _replies(answer.body, len(items))

    def _lost(self, counters: dict[str, int], error: Exception) -> None:
        """Count it, and log it where it is not the fault that was logged last."""
        self._counters.update(counters)
        self._counters["forward_failed_total"] += 1
        fault = type(error).__name__
        if fault != self._fault:
            log.warning("ingest_away", extra={"fields": {"error": fault}})
        self._fault = fault

    def _returned(self) -> None:
        if self._fault:
            log.warning("ingest_back")
        self._fault = ""


class _Refused(ValueError):
    """The ingest's answer is no word on our batches."""


class _Unsealed(_Refused):
    """Who answered does not hold our keys."""


class _Answer(NamedTuple):
    status: int
    body: bytes
    seal: str


def _replies(answer: bytes, count: int) -> list[Reply]:
    """One reply a batch.

    A group that is refused as a whole (a key that was changed on one side, a clock that is off, a
    store that is full) has none: it is nobody's fault in a browser, and all of it is to be tried
    again.
    """
    told: Any = json.loads(answer)
    interval = told.get("interval_ms")
    replies = [
        Reply(
            int(result["status"]), result.get("reason", ""), result.get("retry_after"), interval
        )
        for result in told["results"]
    ]
    if len(replies) != count:
        raise _Refused("count")
    return replies


class _Connection:
    """One connection to the ingest, for one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.CLIENT)
        self.fresh = True

    async def post(self, path: str, body: bytes) -> _Answer:
        headers = [
            ("Host", "ingest"),
            ("Content-Type", "application/octet-stream"),
            ("Content-Length", str(len(body))),
        ]
        head = h11.Request(method="POST", target=path, headers=headers)
        for part in (head, h11.Data(body), h11.EndOfMessage()):
            self._writer.write(self._http.send(part) or b"")
        await self._writer.drain()
        return await self._answer()

    async def _answer(self) -> _Answer:
        status, answer, seals = 0, b"", ""
        while len(answer) <= _ANSWER_BYTES:
            event = self._http.next_event()
            match event:
                case h11.NEED_DATA:
                    self._http.receive_data(await self._reader.read(65536))
                case h11.Response():
                    status = event.status_code
                    seals = dict(event.headers).get(_SEAL, b"").decode("latin-1")
                case h11.Data():
                    answer += event.data
                case h11.EndOfMessage():
                    return _Answer(status, answer, seals)
                case h11.ConnectionClosed():
                    raise EOFError
        raise _Refused("size")

    def renew(self) -> bool:
        """Whether another request may follow."""
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        self.fresh = False
        return True

    def close(self) -> None:
        self._writer.close()


class _Pool:
    """Kept connections to one address."""

    def __init__(self, where: tuple[str, int] | str) -> None:
        self._where = where
        self._idle: list[_Connection] = []

    async def post(self, path: str, body: bytes) -> _Answer:
        """POST over a kept connection, or a new one where that turns out to be closed.

        Repeating is safe: a batch that was taken already is known by its number.
        """
        while True:
            connection = self._idle.pop() if self._idle else await self._open()
            kept = False
            try:
                answer = await connection.post(path, body)
                kept = connection.renew()
                return answer
            except (OSError, EOFError, h11.RemoteProtocolError):
                if connection.fresh:
                    raise
            finally:
                if kept:
                    self._idle.append(connection)
                else:
                    connection.close()

    async def _open(self) -> _Connection:
        if isinstance(self._where, str):
            return _Connection(*await asyncio.open_unix_connection(self._where))
        return _Connection(*await asyncio.open_connection(*self._where))

    async def close(self) -> None:
        while self._idle:
            self._idle.pop().close()
