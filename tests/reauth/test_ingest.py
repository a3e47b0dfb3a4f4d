"""Rules of the ingest's two paths, over real HTTP."""

import asyncio
import io
from dataclasses import replace

import pytest
from aiohttp.test_utils import TestClient, TestServer

from reauth.claim import ANSWER_SEAL, Keys, is_answer, seal, seal_control, unseal_control
from reauth.engine import Engine
from reauth.errors import StoreError
from reauth.ingest import RECEIVER, Control, application
from reauth.intake.local import LocalIntake
from reauth.settings import Ingest, Settings
from reauth.store import Options, open_store
from tests.live import EPOCH, accepted, bodies, claim, identity_lane, movement

KEYS = Keys("0123abcd", (b"k" * 32,))
QUICK = replace(Ingest(), commit_wait=0.0)


@pytest.fixture
async def store():
    async with open_store("sqlite://:memory:", None, Options(durable=False)) as store:
        yield store


@pytest.fixture
def control():
    return Control({"address_map": [], "observe": True}, version=7)


@pytest.fixture
async def client(store, control):
    async with (
        Engine(store, [identity_lane()], Settings(), lambda: EPOCH) as engine,
        LocalIntake(engine, QUICK) as intake,
        TestClient(
            TestServer(application(intake, KEYS, QUICK, control, lambda: EPOCH))
        ) as client,
    ):
        yield client


def group(seed=7, movements=3, now=EPOCH, counters=None, **who):
    items = [(claim(at=EPOCH, **who), body) for _, body in bodies(movement(seed, movements))]
    return seal(KEYS, items, counters or {}, now), len(items)


async def post(client, data):
    answer = await client.post("/v1/batches", data=data)
    return answer.status, await answer.json()


async def test_a_sealed_group_is_answered_batch_by_batch(client, store):
    """204 means stored."""
    sealed, count = group(counters={"unwatched_total": 2})

    status, said = await post(client, sealed)

    assert status == 200
    assert said == {"results": [{"status": 204}] * count, "interval_ms": None}
    assert await store.session("alice", "10.0.0.1") is not None
    assert client.app[RECEIVER].proxy_counters["unwatched_total"] == 2


async def test_an_answer_is_sealed_for_its_group(client):
    """The proxy believes no other: our port is anybody's while we are down."""
    sealed, _ = group()
    answer = await client.post("/v1/batches", data=sealed)
    seal_of_it = answer.headers[ANSWER_SEAL]

    assert is_answer(KEYS, sealed, await answer.read(), seal_of_it)


@pytest.mark.parametrize(("waiting", "interval"), [(2, None), (3, 10_000)])
async def test_clients_are_asked_to_send_less_often_when_half_the_queue_is_taken(
    store, control, waiting, interval
):
    """Before anything is refused; every answer tells it, whatever became of its batches."""
    few = replace(QUICK, queue=4)
    waiting = accepted(movement(7, 3))[:waiting]
    async with Engine(store, [identity_lane()], Settings(), lambda: EPOCH) as engine:
        slow = LocalIntake(engine, few)
        receiver = application(slow, KEYS, few, control, lambda: EPOCH)
        held = asyncio.ensure_future(slow.accept(waiting))
        async with TestClient(TestServer(receiver)) as client:
            _, stored = await post(client, seal(KEYS, [], {}, EPOCH))
            _, refused = await post(client, seal(KEYS, [(claim(), b"x" * 65537)], {}, EPOCH))
        async with slow:
            await held

    assert [interval, interval] == [said["interval_ms"] for said in (stored, refused)]


async def test_an_empty_group_carries_counters_alone(client):
    """So that they come even when nobody moves."""
    status, said = await post(client, seal(KEYS, [], {"bad_tokens_total": 1}, EPOCH))

    assert (status, said["results"]) == (200, [])
    assert client.app[RECEIVER].proxy_counters["bad_tokens_total"] == 1


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda sealed: sealed[:-1] + bytes([sealed[-1] ^ 1]), "forged"),
        (lambda sealed: b"", "truncated"),
        (lambda sealed: seal(Keys("0123abcd", (b"x" * 32,)), [], {}, EPOCH), "unknown_key"),
        (lambda sealed: seal(KEYS, [], {}, EPOCH - 61), "stale"),
    ],
)
async def test_a_group_without_a_seal_that_holds_is_refused(client, store, spoil, reason):
    """Nothing of it is believed, and it is counted."""
    status, said = await post(client, spoil(group()[0]))

    assert (status, said) == (403, {"reason": reason})
    assert client.app[RECEIVER].counters["bad_claims_total"] == 1
    assert await store.session("alice", "10.0.0.1") is None


async def test_what_is_malformed_or_too_large_is_refused_alone(client):
    """400 for what is no batch, 413 for one above our own limit."""
    items = [(claim(), b"\x01junk"), (claim(), b"\x01" * (64 * 1024 + 1))]

    _, said = await post(client, seal(KEYS, items, {}, EPOCH))

    assert said["results"] == [
        {"status": 400, "reason": "malformed"},
        {"status": 413, "reason": "too_large"},
    ]


async def test_a_group_that_is_too_large_is_not_read(client):
    """Memory is bounded before the seal is looked at."""
    status, said = await post(client, io.BytesIO(b"x" * (16 * 1024 * 1024 + 1)))

    assert (status, said) == (413, {"reason": "too_large"})


async def test_who_sends_too_much_is_slowed_down(client):
    """429 with a time to wait; somebody else is not touched."""
    items = [(claim(), body) for _, body in bodies(movement(7, 30), size=10)][:60]
    other = [(claim(user=None, client="10.9.9.9"), bodies(movement(8, 1), tab=b"o" * 16)[0][1])]

    _, said = await post(client, seal(KEYS, items + other, {}, EPOCH))

    states = [result["status"] for result in said["results"]]
    assert states.count(204) == 41 and states.count(429) == 20
    assert states[-1] == 204
    assert all(result["retry_after"] >= 1 for result in said["results"] if "reason" in result)


async def test_a_store_that_fails_means_come_again(client, store, monkeypatch, caplog):
    """503 for the batch, and the browser keeps it; the log tells once, and when it is over."""

    async def full(commit):
        raise StoreError("disk full")

    monkeypatch.setattr(store, "commit", full)
    for _ in range(2):
        _, said = await post(client, group(movements=1)[0])
        assert {result["status"] for result in said["results"]} == {503}
    monkeypatch.undo()
    _, said = await post(client, group(movements=1)[0])

    assert {result["status"] for result in said["results"]} == {204}
    told = [record.message for record in caplog.records if record.name == "reauth.ingest"]
    assert ["store_failed", "store_back"] == told


async def test_a_stopping_ingest_says_so(client):
    """The proxy keeps nothing for it, the observer does."""
    client.app[RECEIVER].stopping = True
    answer = await client.post("/v1/batches", data=group()[0])

    assert answer.status == 503
    assert answer.headers["Retry-After"] == "5"


async def listen(client):
    line = seal_control(KEYS, 0, {"ask": "control"}, EPOCH)
    return await client.get("/v1/control", headers={"Authorization": f"Reauth {line}"})


async def heard(answer, newest=0):
    line = await asyncio.wait_for(answer.content.readline(), 5)
    return unseal_control(KEYS, line.decode().strip(), newest)


async def test_the_control_stream_begins_with_a_snapshot_and_tells_changes(client, control):
    """Each with a version that never falls."""
    answer = await listen(client)
    version, said = await heard(answer)
    control.change(observe=True)
    control.change(observe=False)
    newer, change = await heard(answer, version)

    assert (version, said["kind"], said["observe"]) == (7, "snapshot", True)
    assert (newer, change["observe"]) == (8, False)


async def test_what_one_process_saw_of_refusals_comes_back_to_all(client, control, caplog):
    """Learnt of all processes together; told once in the log, and never a metric of its own."""
    answer = await listen(client)
    version, _ = await heard(answer)
    for _ in range(3):
        sealed = seal(KEYS, [], {'tls_failed{key="ab"}': 1, "others": 1}, EPOCH)
        assert (await post(client, sealed))[0] == 200
    said = {}
    while not said.get("tunnels"):
        version, said = await heard(answer, version)

    assert [["ab", EPOCH + 86400.0]] == said["tunnels"]
    assert {"others": 3} == client.app[RECEIVER].proxy_counters
    assert 1 == client.app[RECEIVER].counters["tunnels_learnt_total"]
    assert ["ab"] == [record.key for record in caplog.records if record.msg == "tunnel_learnt"]


async def test_a_quiet_control_stream_gives_signs_of_life(client, control, monkeypatch):
    """So that the proxy can tell quiet from broken."""
    monkeypatch.setattr("reauth.ingest._HEARTBEAT", 0.01)
    answer = await listen(client)
    await heard(answer)

    assert await heard(answer) == (7, {"kind": "set"})


async def test_the_control_stream_ends_when_we_stop(client, control):
    """Stopping does not wait for a heartbeat."""
    answer = await listen(client)
    await heard(answer)
    control.stop()
    await asyncio.wait_for(answer.content.read(), 5)
    again = await listen(client)

    assert await again.content.read() == b""


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Reauth nonsense",
        "Basic " + seal_control(KEYS, 0, {"ask": "control"}, EPOCH),
        "Reauth " + seal_control(KEYS, 0, {"ask": "else"}, EPOCH),
    ],
)
async def test_the_control_stream_is_for_the_proxy_alone(client, header):
    """It tells who sits at which address."""
    answer = await client.get("/v1/control", headers={"Authorization": header})

    assert answer.status == 403


async def test_refused_tokens_are_noted_and_nothing_of_them_is_stored(client, store):
    """The proxy tells of the sender; the batch stays outside. Many are an alert."""
    told = [(claim(token="bad"), b"")] * 100

    status, said = await post(client, seal(KEYS, told, {}, EPOCH))

    assert (status, {result["status"] for result in said["results"]}) == (200, {204})
    assert [alert.kind for alert in await store.alerts()] == ["tokens"]
    assert await store.session("alice", "10.0.0.1") is None


async def test_a_store_that_fails_while_tokens_are_noted_costs_nobody_a_batch(
    client, store, monkeypatch
):
    """It is told in the log; the batches of the group are tried all the same."""

    async def full(commit):
        raise StoreError("disk full")

    monkeypatch.setattr(store, "commit", full)
    told = [(claim(token="bad"), b"")] * 100

    status, _ = await post(client, seal(KEYS, told, {}, EPOCH))

    assert status == 200


async def test_what_comes_beside_batches_is_noted_and_nothing_of_it_is_stored(client, store):
    """Pages that were served, of which none says a word."""
    told = [
        (claim(at=EPOCH + 6 * number, token="page", page=str(number)), b"")
        for number in range(10)
    ]

    _, said = await post(client, seal(KEYS, told, {}, EPOCH))

    assert {result["status"] for result in said["results"]} == {204}
    assert [(alert.kind, alert.rule) for alert in await store.alerts()] == [("absence", "silent")]
    assert await store.session("alice", "10.0.0.1") is None


async def test_what_is_told_of_sites_is_counted_and_speaks_against_nobody(client, store):
    """Unwatched pages and tunnels neither tell of a silence nor hide one."""
    told = []
    for number in range(10):
        at = EPOCH + 6 * number
        told += [(claim(at=at, token="page", page=f"p{number}"), b"")]
        told += [(claim(at=at, token="unwatched", page=""), b"")]
        told += [(claim(at=at, token="tunnelled", page=""), b"")]
    _, said = await post(client, seal(KEYS, told, {}, EPOCH))

    assert {result["status"] for result in said["results"]} == {204}
    assert [(alert.kind, alert.rule) for alert in await store.alerts()] == [("absence", "silent")]
    seen = client.app[RECEIVER].coverage.take(EPOCH + 900).sites
    assert {"unwatched": 10, "tunnelled": 10, "silent": 10} == {
        what.value: amount for (_, _, what), amount in seen.items()
    }


async def test_who_listens_to_the_control_stream_is_counted(client, control):
    """A proxy process that has gone is not."""
    answer = await listen(client)
    await heard(answer)
    assert 1 == control.listeners
    control.stop()
    while await answer.content.readline():
        continue
    assert 0 == control.listeners


async def test_who_is_refused_unread_is_not_silent(client, store):
    """A batch that is too large was one all the same."""
    told = []
    for number in range(30):
        at = EPOCH + 6 * number
        told += [(claim(at=at, token="page"), b""), (claim(at=at + 1), b"x" * 65537)]
        await post(client, seal(KEYS, told[-2:], {}, EPOCH))

    assert await store.alerts() == []
