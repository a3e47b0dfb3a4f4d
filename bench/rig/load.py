"""The load generator: a process of its own that sends what was made beforehand, as fast as told.

Raw asyncio protocols on uvloop: a request is one `write` of ready bytes, an answer is looked at
for its length and its 204s. A client that cost as much as the server would measure itself.

It reads a job a line from standard input, as JSON, and writes a result a line.
"""

import asyncio
import gc
import json
import sys
import time
from collections import deque
from pathlib import Path

import uvloop

from reauth.claim import keys_from_text
from rig.report import percentile
from rig.traffic import Traffic

_STORED = b'"status": 204'


class Connection(asyncio.Protocol):
    """Sends the next request when the last one is answered."""

    def __init__(self, run: "Run") -> None:
        self.run = run
        self.sent = 0.0
        self.head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def next(self) -> None:
        """Send what is next, if anything is left."""
        if self.run.left:
            self.sent = time.perf_counter()
            self.transport.write(self.run.left.popleft())

    def data_received(self, data: bytes) -> None:
        if self.head:
            data = self.head + data
        body = data.find(b"\r\n\r\n") + 4
        if data[9:12] != b"204":
            at = data.find(b"Content-Length: ", 0, body) + 16
            if body < 4 or at < 16 or len(data) < body + int(data[at : data.find(b"\r", at)]):
                self.head = data
                return
        self.head = b""
        self.run.answered(self.sent, data)
        self.next()

    def connection_lost(self, error: Exception | None) -> None:
        self.run.fail(ConnectionError(f"the server hung up: {error}"))


class Run:
    """One round: so many requests over so many connections."""

    def __init__(self, requests: list[bytes]) -> None:
        self.left = deque(requests)
        self.expected = len(requests)
        self.latencies: list[float] = []
        self.times: list[float] = []
        self.stored = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def answered(self, sent: float, answer: bytes) -> None:
        """Note an answer."""
        now = time.perf_counter()
        self.times.append(now)
        self.latencies.append(now - sent)
        self.stored += answer.count(_STORED) if answer[9:12] == b"200" else answer[9:12] == b"204"
        if len(self.times) == self.expected:
            self.done.set_result(None)

    def fail(self, error: Exception) -> None:
        """End the round, unless it has ended."""
        if not self.done.done():
            self.done.set_exception(error)


async def play(port: int, connections: int, requests: list[bytes], rate: float) -> dict[str, float]:
    """Send all requests; with a `rate` (requests/s) not faster than that.

    The rate is taken from the middle nine tenths of the answers, when all connections are busy.
    """
    loop = asyncio.get_running_loop()
    run = Run(requests)
    opened = [
        (await loop.create_connection(lambda: Connection(run), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    gc.collect()
    gc.disable()
    used = time.process_time()
    if rate:
        await _paced(run, deque(opened), rate)
    else:
        for connection in opened:
            connection.next()
    await run.done
    used = time.process_time() - used
    gc.enable()
    for connection in opened:
        connection.transport.abort()
    first, last = run.times[len(requests) // 20], run.times[-1 - len(requests) // 20]
    middle = len(requests) - 2 * (len(requests) // 20) - 1
    return {
        "requests_per_s": middle / max(1e-9, last - first),
        "stored": run.stored,
        "p50_ms": 1000 * percentile(run.latencies, 0.5),
        "p99_ms": 1000 * percentile(run.latencies, 0.99),
        "client_busy": used / (run.times[-1] - run.times[0] + 1e-9),
    }


async def _paced(run: Run, idle: deque[Connection], rate: float) -> None:
    """Send at even times, whether or not answers have come: an open loop."""
    began, sent = time.perf_counter(), 0
    for connection in idle:
        connection.next = lambda connection=connection: idle.append(connection)
    while run.left:
        due = int((time.perf_counter() - began) * rate)
        while sent < due and run.left and idle:
            Connection.next(idle.popleft())
            sent += 1
        await asyncio.sleep(0.001)


def main() -> None:
    """Work off jobs until standard input ends."""
    traffic: dict[str, Traffic] = {}
    for line in sys.stdin:
        job = json.loads(line)
        if job["keys"] not in traffic:
            keys = keys_from_text(Path(job["keys"]).read_text("ascii"))
            traffic[job["keys"]] = Traffic(keys, job["users"], job["known"])
        requests = traffic[job["keys"]].requests(job["batches"], job["each"])
        size = sum(map(len, requests)) / len(requests)
        result = uvloop.run(play(job["port"], job["connections"], requests, job["rate"]))
        print(json.dumps({**result, "request_bytes": size}), flush=True)


main()
