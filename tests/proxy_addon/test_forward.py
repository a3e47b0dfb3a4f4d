"""Batches to the ingest: in groups, bounded, answered by its word or by 503."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import h11
import pytest

from proxy_addon.forward import Forward, Reply
from reauth.claim import ANSWER_SEAL, Claim, Keys, seal_answer, unseal
from reauth.settings import Ingest, Proxy, Settings, Tracing
from tests.proxy_addon.harness import KEYS, PATIENCE, House, ingest, now, until

CLAIM = Claim(None, "10.0.0.1", "site", 0.0, 0.0, "unknown", 0.0, "page", "ok")
Say = Callable[[list[tuple[Claim, bytes]]], Awaitable[tuple[int, bytes]]]


@dataclass
class Told:
    """What a peer that speaks for the ingest was sent, and how often it was connected to."""

    groups: list[list[tuple[Claim, bytes]]] = field(default_factory=list)
    counters: list[dict[str, float]] = field(default_factory=list)
    connections: int = 0


def stored(count: int) -> tuple[int, bytes]:
    return 200, json.dumps({"results": [{"status": 204}] * count, "interval_ms": None}).encode()


@asynccontextmanager
async def peer(
    path: Path, say: Say, keep: bool = True, keys: Keys | None = KEYS
) -> AsyncIterator[Told]:
    """A peer on a socket that answers what a test says, also what no real ingest would.

    `keys` seal its answers; None leaves them unsealed.
    """
    told, tasks = Told(), set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        told.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                group = await reader.readexactly(size)
                items, counters = unseal(KEYS, group, now(), 60.0)
                told.groups.append(items)
                told.counters.append(counters)
                status, body = await say(items)
                sealed = f"{ANSWER_SEAL}: {seal_answer(keys, group, body)}\r\n" if keys else ""
                size = f"Content-Length: {len(body)}\r\n\r\n"
                writer.write(f"HTTP/1.1 {status} X\r\n{sealed}{size}".encode() + body)
                await writer.drain()
                if not keep:
                    return
        except (asyncio.IncompleteReadError, asyncio.CancelledError, OSError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_unix_server(accept, path)
    try:
        yield told
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def forwarding(path: Path, counters: Counter[str] | None = None, **proxy: object):
    """A forward that runs, and ends when all is said."""
    settings = Settings(proxy=Proxy(**proxy), ingest=Ingest(listen=f"unix:{path}"))
    forward = Forward(settings, KEYS, Counter() if counters is None else counters, now)
    task = asyncio.ensure_future(forward.run())
    try:
        yield forward
    finally:
        forward.close()
        await asyncio.wait_for(task, PATIENCE)


async def answer_stored(items: list[tuple[Claim, bytes]]) -> tuple[int, bytes]:
    return stored(len(items))


async def test_what_comes_within_the_wait_is_one_group(tmp_path: Path):
    """One seal and one request for many batches, in their order."""
    async with peer(tmp_path / "s", answer_stored) as told:
        async with forwarding(tmp_path / "s") as forward:
            bodies = [b"%d" % number for number in range(50)]
            replies = await asyncio.gather(*(forward.send(CLAIM, body) for body in bodies))

    assert [Reply(204)] * 50 == replies
    assert [bodies] == [[body for _, body in group] for group in told.groups if group]


async def test_each_batch_gets_its_own_answer(tmp_path: Path):
    """A refusal of one is nothing to the others; the wish for another interval is for all."""
    results = [
        {"status": 204},
        {"status": 400, "reason": "malformed"},
        {"status": 429, "retry_after": 7.5},
    ]

    async def say(_: object) -> tuple[int, bytes]:
        return 200, json.dumps({"results": results, "interval_ms": 10000}).encode()

    async with peer(tmp_path / "s", say), forwarding(tmp_path / "s") as forward:
        replies = await asyncio.gather(*(forward.send(CLAIM, b"x") for _ in range(3)))

    assert [
        Reply(204, "", None, 10000),
        Reply(400, "malformed", None, 10000),
        Reply(429, "", 7.5, 10000),
    ] == replies


async def test_connections_are_kept_and_a_closed_one_is_not_missed(tmp_path: Path):
    """The ingest may close what lay idle; the batch goes over a new one."""
    async with peer(tmp_path / "s", answer_stored) as told, forwarding(tmp_path / "s") as forward:
        for _ in range(3):
            assert 204 == (await forward.send(CLAIM, b"x")).status
        assert 1 == told.connections
    async with peer(tmp_path / "t", answer_stored, keep=False) as told:
        async with forwarding(tmp_path / "t") as forward:
            for _ in range(3):
                assert 204 == (await forward.send(CLAIM, b"x")).status
            assert 3 == told.connections


async def test_without_an_ingest_every_waiting_batch_is_told_to_come_back(tmp_path: Path):
    """And once it is there, the next one is stored."""
    counters: Counter[str] = Counter(seen=2)
    async with forwarding(tmp_path / "s", counters, retry_after=3.0) as forward:
        replies = await asyncio.gather(*(forward.send(CLAIM, b"x") for _ in range(3)))
        assert [Reply(503, "ingest_away", 3.0)] * 3 == replies
        async with peer(tmp_path / "s", answer_stored) as told:
            assert 204 == (await forward.send(CLAIM, b"x")).status

    assert [{"seen": 2, "forward_failed_total": 1}] == told.counters


@pytest.mark.parametrize(
    "said",
    [
        (403, b'{"reason": "stale"}'),
        (503, b'{"reason": "stopping"}'),
        (200, b"no json"),
        (200, b"[]"),
        (200, b"{}"),
        (200, b'{"results": []}'),
        (200, b'{"results": [{}]}'),
        (200, b'{"results": [{"status": null}]}'),
        (200, b"x" * (2 << 20)),
        (200, b'{"results": [{"status": 1e999}]}'),
        (200, b"[" * 20000),
    ],
)
async def test_what_is_no_word_on_the_batches_is_none(tmp_path: Path, said: tuple[int, bytes]):
    """Nothing is taken for stored unless the ingest said so of this batch; the next one is sent."""
    answers = [said]

    async def say(items: list[tuple[Claim, bytes]]) -> tuple[int, bytes]:
        return answers.pop() if answers else stored(len(items))

    async with peer(tmp_path / "s", say), forwarding(tmp_path / "s") as forward:
        assert 503 == (await forward.send(CLAIM, b"x")).status
        assert 204 == (await forward.send(CLAIM, b"x")).status


async def test_a_group_that_cannot_be_sealed_costs_itself_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    """Its batches are told to come again, it is counted and logged; the next ones are sent."""
    odd = replace(CLAIM, page=object())
    counters: Counter[str] = Counter()
    async with peer(tmp_path / "s", answer_stored) as told:
        async with forwarding(tmp_path / "s", counters) as forward:
            assert 503 == (await forward.send(odd, b"x")).status
            assert 204 == (await forward.send(CLAIM, b"x")).status

    assert {"forward_failed_total": 1} == told.counters[0]
    assert ["ingest_away", "ingest_back"] == [record.message for record in caplog.records]


@pytest.mark.parametrize("keys", [None, Keys(KEYS.installation, (b"o" * 32,))])
async def test_an_answer_that_the_ingest_did_not_seal_is_not_believed(
    tmp_path: Path, keys: Keys | None
):
    """While it is down anybody on this machine may listen in its place and say 204."""
    counters: Counter[str] = Counter()
    async with forwarding(tmp_path / "s", counters) as forward:
        async with peer(tmp_path / "s", answer_stored, keys=keys):
            assert 503 == (await forward.send(CLAIM, b"x")).status
        assert {"bad_answers_total": 1, "forward_failed_total": 1} == counters


async def test_a_full_queue_refuses_at_once(tmp_path: Path):
    """Memory is bounded: what waits and what is under way count alike."""
    hold = asyncio.Event()

    async def say(items: list[tuple[Claim, bytes]]) -> tuple[int, bytes]:
        await hold.wait()
        return stored(len(items))

    counters: Counter[str] = Counter()
    async with peer(tmp_path / "s", say):
        async with forwarding(tmp_path / "s", counters, forward_queue=4) as forward:
            waiting = [asyncio.ensure_future(forward.send(CLAIM, b"x")) for _ in range(4)]
            await asyncio.sleep(0)
            assert (503, "queue_full") == (await forward.send(CLAIM, b"x"))[:2]
            assert 1 == counters['obs_refused_total{reason="queue_full"}']
            hold.set()
            assert [204] * 4 == [(await each).status for each in waiting]
            assert 204 == (await forward.send(CLAIM, b"x")).status


async def test_a_slow_group_does_not_hold_up_the_next(tmp_path: Path):
    """Several are under way at a time."""
    hold, taken = asyncio.Event(), asyncio.Event()

    async def say(items: list[tuple[Claim, bytes]]) -> tuple[int, bytes]:
        if items[0][1] == b"slow":
            taken.set()
            await hold.wait()
        return stored(len(items))

    async with peer(tmp_path / "s", say), forwarding(tmp_path / "s") as forward:
        slow = asyncio.ensure_future(forward.send(CLAIM, b"slow"))
        await taken.wait()
        assert 204 == (await forward.send(CLAIM, b"quick")).status
        assert not slow.done()
        hold.set()
        assert 204 == (await slow).status


async def test_an_ingest_that_never_answers_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A browser waits for seconds, not for ever."""
    monkeypatch.setattr("proxy_addon.forward.TIMEOUT", 0.1)

    async def say(_: object) -> tuple[int, bytes]:
        await asyncio.Event().wait()
        raise AssertionError

    async with peer(tmp_path / "s", say), forwarding(tmp_path / "s") as forward:
        assert 503 == (await forward.send(CLAIM, b"x")).status


async def test_counters_go_alone_when_there_is_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A proxy that nobody moves behind is still seen."""
    monkeypatch.setattr("proxy_addon.forward.IDLE", 0.05)
    counters: Counter[str] = Counter(pages=1)
    async with peer(tmp_path / "s", answer_stored) as told:
        async with forwarding(tmp_path / "s", counters):
            await until(lambda: told.groups)

    assert ([], {"pages": 1}) == (told.groups[0], told.counters[0])
    assert not counters


async def test_a_stop_still_sends_what_waits_and_takes_no_more(tmp_path: Path):
    """The last movements before a restart are not lost."""
    async with peer(tmp_path / "s", answer_stored):
        async with forwarding(tmp_path / "s", forward_wait=30.0) as forward:
            waiting = asyncio.ensure_future(forward.send(CLAIM, b"x"))
            await asyncio.sleep(0)
            forward.close()
            late = await forward.send(CLAIM, b"x")
        assert (503, 204) == (late.status, (await waiting).status)


async def test_a_real_ingest_understands_us(tmp_path: Path):
    """Over its Unix socket, with a group larger than one packet."""
    house = House(tmp_path)
    async with ingest(house) as people, forwarding(Path(house.ingest_socket)) as forward:
        bodies = [bytes([number]) * 60000 for number in range(20)]
        replies = await asyncio.gather(*(forward.send(CLAIM, body) for body in bodies))

    assert {204, 429} >= {reply.status for reply in replies}
    kept = [accepted.body for accepted in people.intake.accepted]
    taken = zip(bodies, replies, strict=True)
    assert [body for body, reply in taken if reply.status == 204] == kept != []


async def test_an_answer_that_breaks_http_is_none(tmp_path: Path):
    """Whatever listens there, no batch is taken for stored."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"SSH-2.0-x\r\n\r\n")
        writer.close()

    server = await asyncio.start_unix_server(accept, tmp_path / "s")
    async with forwarding(tmp_path / "s") as forward:
        assert 503 == (await forward.send(CLAIM, b"x")).status
    server.close()


@pytest.mark.parametrize(
    ("tracing", "traced"),
    [
        (Tracing(), False),
        (Tracing(endpoint="http://127.0.0.1:4318/v1/traces", share=0.0), False),
        (Tracing(endpoint="http://127.0.0.1:4318/v1/traces", share=1.0), True),
    ],
    ids=["off", "none", "all"],
)
async def test_a_share_of_the_groups_is_traced(tmp_path: Path, tracing: Tracing, traced: bool):
    """Only where somebody collects; the ingest is told in the head of the request."""
    heads = []

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    settings = Settings(ingest=Ingest(listen=f"unix:{tmp_path}/s"), tracing=tracing)
    forward = Forward(settings, KEYS, Counter(), lambda: 0.0)
    async with await asyncio.start_unix_server(say, tmp_path / "s"):
        with suppress(EOFError, OSError, h11.RemoteProtocolError):
            await forward._exchange([], {})

    form = rb"traceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-01\r\n"
    assert traced == bool(re.search(form, heads[0], re.IGNORECASE))
