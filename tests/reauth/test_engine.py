"""Rules of live sessions, on a real store."""

import asyncio
import itertools
from collections import Counter
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reauth.alert import State, Step, move
from reauth.engine import Engine
from reauth.errors import StoreError
from reauth.event import Kind
from reauth.ports import Receipt
from reauth.settings import Ingest, Settings
from reauth.store import Options, open_store
from tests.live import EPOCH, INTRUDER, accepted, claim, identity_lane, movement, template_of
from tests.playbook import Told, asked

SINK = Options(sinks=("jsonl:stderr",), durable=False)


class Clock:
    """The wall clock as an argument."""

    def __init__(self):
        self.now = EPOCH

    def __call__(self):
        return self.now


@pytest.fixture(scope="module")
def template():
    return template_of()


@pytest.fixture
async def store():
    async with open_store("sqlite://:memory:", None, SINK) as store:
        yield store


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def engine(store, clock):
    async with Engine(store, [identity_lane()], Settings(), clock) as engine:
        yield engine


async def send(engine, clock, batches):
    """Give the engine each batch when it is received."""
    receipts = []
    for batch in batches:
        clock.now = batch.claim.received
        receipts += await engine.receive([batch])
    return receipts


async def test_movement_of_somebody_unknown_to_enrolment_is_gathered(store, clock, engine):
    """Nothing is decided about them; their trajectories count towards enrolment."""
    await send(engine, clock, accepted(movement(7, 10)))
    await engine.tick(clock.now + 20)

    person = await store.person("alice")
    assert person.trajectories == 10
    assert await store.alerts() == []


async def test_nobody_known_is_never_called_someone(store, clock, engine):
    """Without a user nothing is gathered and nobody is compared; the batch itself is kept."""
    receipts = await send(engine, clock, accepted(movement(7, 10), user=None))

    assert set(receipts) == {Receipt.STORED}
    assert await store.people() == []
    assert await store.session(None, "10.0.0.1") is not None


async def test_the_owner_raises_no_alert_and_a_takeover_does(store, clock, engine, template):
    """The main job, with the scores that it rests on, and one delivery to the sink."""
    await store.save_template(template)
    await send(engine, clock, accepted(movement(0, 15, 9)))
    assert await store.alerts() == []

    later = movement(INTRUDER, 15)
    await send(engine, clock, accepted(later, tab=b"u" * 16, start=clock.now + 5))

    [alert] = await store.alerts()
    assert (alert.user, alert.kind, alert.lane) == ("alice", "impostor", "identity")
    assert len(alert.evidence) == alert.window == 5
    assert sum(item.low for item in alert.evidence) == alert.low >= alert.limit
    assert EPOCH < alert.first_anomaly_at <= alert.raised_at
    assert [due.alert.id for due in await store.due(clock.now + 1, 9)] == [alert.id]


def unpressed(*whose):
    """Movement of a person without a press: nobody tells by what pointer."""
    return [event for event in movement(*whose) if event.kind == Kind.MOVE]


def touched(events):
    """The same, where a finger presses before each movement and is lifted behind it."""
    found, last = [], None
    for event in events:
        if last is None or event.t - last.t >= 0.5:
            found += [] if last is None else [last._replace(kind=Kind.UP, ext=0)]
            found.append(event._replace(kind=Kind.DOWN, ext=8 * TOUCH))
        found.append(event)
        last = event
    return found


TOUCH = 2


async def test_a_user_is_compared_on_the_devices_that_they_are_known_on(
    store, clock, engine, template
):
    """Page and presses tell the class, also after a restart; on another one nobody is suspected."""
    for name in ("frame/?/medium", "frame/touch/hand"):
        await store.save_template(replace(template, devices=(name,)))
    own, other = unpressed(0, 8, 9), unpressed(INTRUDER, 15)
    half = len(own) // 2
    await send(engine, clock, accepted(own[:half], screen=(1920, 1080)))
    async with Engine(store, [identity_lane()], Settings(), clock) as again:
        await send(again, clock, accepted(own[half:], first=-(-half // 80)))
        start = clock.now + 5
        hand = touched(own)
        await send(again, clock, accepted(hand, tab=b"h" * 16, start=start, screen=(390, 844)))
        start = clock.now + 5
        await send(again, clock, accepted(other, tab=b"x" * 16, start=start, screen=(3840, 2160)))
        await again.tick(clock.now + 20)

    live = await store.session("alice", "10.0.0.1")
    rows = await store.trajectories_of(live.id, "identity", 99)
    found = Counter((row.trajectory.device, row.template_version, row.reason) for row in rows)
    assert {
        ("frame/?/medium", 1, None): 8, ("frame/touch/hand", 2, None): 8,
        ("frame/?/large", 0, "unknown_device"): 15,
    } == found  # fmt: skip
    assert [] == await store.alerts()
    assert 15 == sum(row.unknown for row in (await store.person("alice")).devices)


async def test_an_alert_rests_on_the_scores_of_one_device(store, clock, engine, template):
    """Those on another between them are no evidence, and not counted."""
    await store.save_template(replace(template, devices=("frame/?/small",)))
    await store.save_template(replace(template, devices=("frame/?/large",)))
    small, large = ((1366, 768), unpressed(INTRUDER, 15)), ((2560, 1440), unpressed(0, 15, 9))
    tabs = {b"s" * 16: small, b"l" * 16: large}
    batches = [
        batch
        for tab, (screen, drawn) in tabs.items()
        for batch in accepted(drawn, tab=tab, screen=screen, size=20)
    ]
    await send(engine, clock, sorted(batches, key=lambda batch: batch.claim.received))

    [alert] = await store.alerts()
    assert 1 == alert.template_version
    assert len(alert.evidence) == alert.window == 5
    rows = await store.trajectories_of(alert.session, "identity", 99)
    of = {row.number: row.trajectory.device for row in rows}
    assert {"frame/?/small"} == {of[item.number] for item in alert.evidence}
    assert sum(item.low for item in alert.evidence) == alert.low >= alert.limit


@pytest.mark.parametrize("wanted", [False, True])
async def test_an_alert_says_which_enrolled_user_it_may_be_where_that_is_wanted(
    store, clock, template, wanted
):
    """The intruder is enrolled; their template is not at hand, and is loaded for the alert."""
    await store.save_template(template)
    await store.save_template(template_of("mallory", INTRUDER))
    naming = replace(Settings(), alerts=replace(Settings().alerts, resembles=wanted))

    async with Engine(store, [identity_lane(9)], naming, clock) as engine:
        await send(engine, clock, accepted(movement(INTRUDER, 15)))

    [alert] = await store.alerts()
    if wanted:
        assert ("alice", "mallory") == (alert.user, alert.resembles.user)
        assert 0.9 < alert.resembles.posterior <= 1
    else:
        assert alert.resembles is None
    assert not Settings().alerts.resembles


async def close(store, alert, *actions):
    """Do what an analyst does, from another process."""
    for action in actions or ("ack", "dismiss"):
        was = alert.state
        alert = move(alert, action, Step(EPOCH, action, "eva", "she said so"))
        assert await store.update_alert(alert, was)
    return alert


def stay(clock, movements, name):
    """The intruder at Alice's account, in another tab, a second from now."""
    return accepted(movement(INTRUDER, movements), tab=name * 16, start=clock.now + 1)


async def test_an_alarm_that_comes_again_is_noted_in_the_open_alert(
    store, clock, engine, template
):
    """Nobody is told twice, but who looks sees that it goes on."""
    await store.save_template(template)

    await send(engine, clock, stay(clock, 130, b"a"))

    [alert] = await store.alerts()
    [step] = alert.history
    assert (State.OPEN, "again", "reauth") == (alert.state, step.action, step.by)
    assert alert.raised_at < step.at <= clock.now
    assert 5 == alert.evidence[-1].number
    assert 1 == len(await store.due(clock.now + 1, 9))


@pytest.mark.parametrize("closing", [("ack", "dismiss"), ("ack", "confirm"), ("expire",)])
async def test_after_an_alert_was_closed_its_session_begins_anew(
    store, clock, engine, template, closing
):
    """The next one comes as soon as the first did, from what moved since, and is told."""
    await store.save_template(template)
    await send(engine, clock, stay(clock, 20, b"a"))
    [first] = await store.alerts()
    await close(store, first, *closing)
    clock.now += 2
    await send(engine, clock, stay(clock, 12, b"b"))

    [_, second] = await store.alerts()
    assert first.session == second.session
    assert [20, 21, 22, 23, 24] == [item.number for item in second.evidence]
    assert 2 == len(await store.due(clock.now + 1, 9))


async def test_an_alert_that_is_closed_while_the_service_is_down_is_closed(
    store, clock, template
):
    """The session comes back from the store as of the alarm, and begins anew."""
    await store.save_template(template)
    async with Engine(store, [identity_lane()], Settings(), clock) as engine:
        await send(engine, clock, stay(clock, 20, b"a"))
    [first] = await store.alerts()
    await close(store, first)
    async with Engine(store, [identity_lane()], Settings(), clock) as engine:
        await send(engine, clock, stay(clock, 12, b"b"))

    [_, second] = await store.alerts()
    assert first.session == second.session
    assert [20, 21, 22, 23, 24] == [item.number for item in second.evidence]


async def test_the_owner_is_left_in_peace_after_a_false_alarm(store, clock, engine, template):
    """What raised it is used up; his own movement raises no other one."""
    await store.save_template(template)
    await send(engine, clock, stay(clock, 6, b"a"))
    [alert] = await store.alerts()
    await close(store, alert)
    clock.now += 2
    await engine.tick(clock.now)

    await send(engine, clock, accepted(movement(0, 30, 9), tab=b"b" * 16, start=clock.now + 1))

    assert [alert.id] == [each.id for each in await store.alerts()]


async def test_an_alert_that_is_only_acknowledged_changes_nothing(
    store, clock, engine, template
):
    """Somebody looks at it; nobody has said who it was."""
    await store.save_template(template)
    await send(engine, clock, stay(clock, 20, b"a"))
    [alert] = await store.alerts()
    await close(store, alert, "ack")
    clock.now += 2
    await engine.tick(clock.now)
    await send(engine, clock, stay(clock, 12, b"b"))

    assert 1 == len(await store.alerts())


async def test_a_session_after_a_pause_knows_nothing_of_the_alarm_before(
    store, clock, engine, template
):
    """It is neutral: it takes a window of its own to raise an alert of its own."""
    await store.save_template(template)
    await send(engine, clock, stay(clock, 12, b"a"))
    clock.now += 600

    await send(engine, clock, stay(clock, 4, b"b"))
    assert 1 == len(await store.alerts())
    await send(engine, clock, stay(clock, 4, b"c"))

    [first, second] = await store.alerts()
    assert first.session != second.session
    assert [1, 2, 3, 4, 5] == [item.number for item in second.evidence]


async def test_many_who_drift_at_once_are_one_finding(store, clock, engine, template):
    """Each has an alert to be looked at, but the sink is told of the first few and the finding."""
    names = [f"u{number}" for number in range(8)]
    for number, name in enumerate(names):
        await store.save_template(replace(template, user=name, false_alarms=1e-5))
        who = {"user": name, "client": f"10.0.0.{number}", "tab": bytes([number + 1]) * 16}
        await send(engine, clock, accepted(movement(INTRUDER, 15), **who))

    alerts = await store.alerts()
    assert 1 == sum(alert.kind == "population" for alert in alerts)
    assert set(names) == {alert.user for alert in alerts} - {None}
    told = {due.alert.id for due in await store.due(clock.now + 1, 99)}
    assert told == {alert.id for alert in alerts if not alert.suppressed}
    assert 4 == sum(alert.suppressed for alert in alerts)


async def test_a_repeated_batch_is_acknowledged_and_changes_nothing(store, clock, engine):
    """The browser sends at least once; the person moves once."""
    batches = accepted(movement(7, 6))
    await send(engine, clock, batches)
    receipts = await engine.receive(batches)
    await engine.tick(clock.now + 20)

    assert set(receipts) == {Receipt.DUPLICATE}
    assert (await store.person("alice")).trajectories == 6


async def test_a_fork_quarantines_the_tab(store, clock, engine):
    """The same number with another content: neither sender is scored from then on."""
    mine, other = accepted(movement(7, 6)), accepted(movement(8, 6))
    await send(engine, clock, mine[:2])

    assert await engine.receive([other[1]]) == [Receipt.FORKED]
    assert await engine.receive([mine[2]]) == [Receipt.FORKED]


async def test_a_tab_belongs_to_one_user_and_client(store, clock, engine):
    """Its token is bound to both; whoever else sends in its name forks it."""
    batches = accepted(movement(7, 6))
    await engine.receive(batches[:1])

    assert await engine.receive(accepted(movement(7, 6), user="bob")[1:2]) == [Receipt.FORKED]
    assert await engine.receive(batches[1:2]) == [Receipt.STORED]


async def test_a_malformed_batch_is_refused_alone(store, clock, engine):
    """The rest of its group is stored."""
    good = accepted(movement(7, 2))[0]
    bad = type(good)(good.claim, b"\x09nonsense")

    assert await engine.receive([bad, good]) == [Receipt.MALFORMED, Receipt.STORED]
    assert engine.counters['ingest_dropped_total{cause="version"}'] == 1


@pytest.mark.parametrize("lost", [3, 5, 8, 12])
async def test_a_hole_breaks_the_movement_and_is_never_interpolated(store, clock, engine, lost):
    """No trajectory spans a lost batch: 80 ms of movement are missing in none of them."""
    batches = accepted(movement(7, 6), size=10)
    await send(engine, clock, batches[:lost] + batches[lost + 1 :])
    await engine.tick(clock.now + 5.1)
    await engine.tick(clock.now + 30)
    session = await store.session("alice", "10.0.0.1")
    rows = await store.trajectories_of(session.id, "identity", 100)

    assert engine.counters["ingest_gap_total"] == 1
    assert 4 <= len(rows) <= 6
    assert max(np.diff(row.trajectory.t).max() for row in rows) < 0.08


async def test_tabs_of_one_user_on_one_client_are_one_session(store, clock, engine):
    """The window goes on across tabs and sites; another client is another session."""
    await send(engine, clock, accepted(movement(7, 3)))
    await send(engine, clock, accepted(movement(7, 3), tab=b"v" * 16, start=clock.now + 1))
    session = await store.session("alice", "10.0.0.1")
    await send(engine, clock, accepted(movement(7, 3), tab=b"w" * 16, client="10.0.0.2"))
    await engine.tick(clock.now + 60)

    assert len(await store.trajectories_of(session.id, "identity", 100)) == 6
    assert engine.sessions == 2


async def test_a_pause_of_ten_minutes_ends_the_session(store, clock, engine):
    """The next movement begins a new one, in a neutral state."""
    await send(engine, clock, accepted(movement(7, 3)))
    first = await store.session("alice", "10.0.0.1")
    start = clock.now + 600
    await send(engine, clock, accepted(movement(7, 3), tab=b"v" * 16, start=start))
    second = await store.session("alice", "10.0.0.1")

    assert first.id != second.id
    assert len(await store.trajectories_of(first.id, "identity", 9)) == 3


async def test_a_page_clock_that_is_far_off_is_set_by_the_time_of_receipt(store, clock, engine):
    """A wrong clock neither ends sessions nor begins them in another century."""
    batches = accepted(movement(7, 3), start=EPOCH - 86_400 * 365)
    fixed = [type(b)(b.claim.__class__(**{**_fields(b.claim), "received": EPOCH + n}), b.body)
             for n, b in enumerate(batches)]
    await send(engine, clock, fixed)
    session = await store.session("alice", "10.0.0.1")

    assert abs(session.last_t - EPOCH) < 60
    assert engine.counters["ingest_skewed_total"] == 1


def _fields(claim):
    return {name: getattr(claim, name) for name in claim.__slots__}


async def test_a_template_is_taken_at_once_and_a_pause_holds_at_once(
    store, clock, engine, template
):
    """What a command changes is seen by a session that is already running."""
    events = movement(0, 12, 9)
    batches = accepted(events, size=40)
    third = len(batches) // 3
    await send(engine, clock, batches[:third])
    await store.save_template(template)
    clock.now += 2
    await engine.tick(clock.now)
    await send(engine, clock, batches[third : 2 * third])
    scored = await _scored(store)
    await store.set_paused("alice", True)
    clock.now += 2
    await engine.tick(clock.now)
    await send(engine, clock, batches[2 * third :])
    await engine.tick(clock.now + 20)

    assert scored >= 2
    assert await _scored(store) == 0
    assert (await store.person("alice")).trajectories >= 11


async def _scored(store):
    session = await store.session("alice", "10.0.0.1")
    rows = await store.trajectories_of(session.id, "identity", 100)
    return sum(row.score is not None for row in rows)


async def test_what_waited_for_a_missing_batch_survives_a_restart(store, clock):
    """It was acknowledged, so it is delivered by the process that follows."""
    batches = accepted(movement(7, 6), size=80)
    async with Engine(store, [identity_lane()], Settings(), clock) as engine:
        await engine.receive([batches[0], *batches[2:]])
    async with Engine(store, [identity_lane()], Settings(), clock) as engine:
        await engine.receive([batches[1]])
        await engine.tick(clock.now + 60)

    assert (await store.person("alice")).trajectories == 6


async def test_a_commit_that_fails_leaves_nothing_behind(store, clock, engine, monkeypatch):
    """The client comes again, and the second time is as the first would have been."""
    batches = accepted(movement(7, 6))

    async def full(commit):
        raise StoreError("disk full")

    monkeypatch.setattr(store, "commit", full)
    with pytest.raises(StoreError):
        await engine.receive(batches)
    monkeypatch.undo()
    receipts = await engine.receive(batches)
    await engine.tick(clock.now + 60)

    assert set(receipts) == {Receipt.STORED}
    assert (await store.person("alice")).trajectories == 6


async def test_idle_sessions_and_tabs_are_put_out_of_memory(store, clock, engine):
    """Memory holds who is there, the store knows who was."""
    await send(engine, clock, accepted(movement(7, 3)))
    assert engine.sessions == 1
    await engine.tick(clock.now + 3600)
    assert engine.sessions == 0


@pytest.fixture(scope="module")
def takeover():
    mine, other = movement(0, 8, 9), movement(INTRUDER, 15)
    later = mine[-1].t + 1
    return accepted(mine + [event._replace(t=event.t + later) for event in other], size=30)


@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_neither_batching_nor_restarts_change_an_outcome(takeover, template, data):
    """Groups cut anywhere, a new process between any two: the same scores, the same alert."""
    cuts = data.draw(st.lists(st.integers(1, len(takeover) - 1), max_size=5))
    groups = _cut(takeover, sorted(set(cuts)))

    whole = asyncio.run(_run([takeover], template))
    parts = asyncio.run(_run(groups, template))

    assert whole == parts
    assert len(whole[1]) == 1


def _cut(batches, cuts):
    edges = [0, *cuts, len(batches)]
    return [batches[a:b] for a, b in itertools.pairwise(edges)]


async def _run(groups, template):
    """Each group in a process of its own, the way a restart would do it."""
    clock = Clock()
    async with open_store("sqlite://:memory:", None, SINK) as store:
        await store.save_template(template)
        for group in groups:
            async with Engine(store, [identity_lane()], Settings(), clock) as engine:
                clock.now = group[-1].claim.received
                await engine.receive(group)
        async with Engine(store, [identity_lane()], Settings(), clock) as engine:
            session = await store.session("alice", "10.0.0.1")
            await engine.receive([])
            await engine.tick(clock.now + 20)
        rows = await store.trajectories_of(session.id, "identity", 100)
        alerts = await store.alerts()
        return [(row.number, row.score) for row in rows], [alert.id for alert in alerts]


async def test_a_template_of_other_code_stops_nobody(store, clock, engine, template):
    """Its user is gathered, others in the group are as ever, and time goes on."""
    await send(engine, clock, accepted(movement(0, 3)))
    await store.save_template(replace(template, feature_version=template.feature_version + 1))
    clock.now += 5
    await engine.tick(clock.now)
    mine = accepted(movement(0, 3), tab=b"u" * 16, start=clock.now)
    other = accepted(movement(3, 3), user="bob", client="10.0.0.2", tab=b"v" * 16)

    assert set(await engine.receive([*mine, *other])) == {Receipt.STORED}
    await engine.tick(clock.now + 60)
    gathered = {person.user: person.trajectories for person in await store.people()}
    assert gathered == {"alice": 6, "bob": 3}


@pytest.mark.parametrize("wait", [0.0, 2.0])
async def test_who_is_deleted_begins_anew(store, clock, engine, wait):
    """Nothing of before is written back, however soon the next batch comes."""
    first, *later = accepted(movement(7, 6), size=60)
    await send(engine, clock, [first])
    old = await store.session("alice", "10.0.0.1")
    await store.delete_user("alice")
    clock.now += wait
    again = [replace(item, claim=claim(at=clock.now)) for item in later]
    with suppress(StoreError):  # the group that was under way comes again, as clients do
        await engine.receive(again)
    await engine.receive(again)
    await engine.tick(clock.now + 10)
    await engine.tick(clock.now + 60)

    new = await store.session("alice", "10.0.0.1")
    assert new.id != old.id
    assert new.started > old.last_t
    assert await store.trajectories_of(old.id, "identity", 9) == []


async def test_a_clock_that_is_not_set_yet_is_set_after_a_restart(store, clock):
    """A first batch that was missing is judged as the first, whichever process gets it."""
    first, second, *_ = accepted(movement(7, 3), start=EPOCH - 3600)
    items = [replace(item, claim=claim(at=EPOCH + 1)) for item in (second, first)]
    clock.now = EPOCH + 1
    for item in items:
        async with Engine(store, [identity_lane()], Settings(), clock) as engine:
            await engine.receive([item])

    assert abs((await store.session("alice", "10.0.0.1")).last_t - EPOCH) < 60


async def test_after_the_clock_was_set_back_the_newer_session_goes_on(store, clock):
    """Also through a restart: the store knows which was heard of last."""
    async with Engine(store, [identity_lane()], Settings(), clock) as engine:
        await send(engine, clock, accepted(movement(7, 2)))
        clock.now = EPOCH - 7200
        later = accepted(movement(7, 4), tab=b"u" * 16, start=clock.now, size=40)
        await send(engine, clock, later[:3])
        newer = await store.session("alice", "10.0.0.1")
    async with Engine(store, [identity_lane()], Settings(), clock) as engine:
        await send(engine, clock, later[3:])

    assert newer.started < EPOCH - 7000
    assert (await store.session("alice", "10.0.0.1")).id == newer.id


async def test_time_goes_on_after_any_fault(store, clock, monkeypatch, caplog):
    """A second that fails is one second; the fault is told by its kind."""
    ticks = asyncio.Queue()

    class Faulty(Engine):
        async def tick(self, now):
            ticks.put_nowait(now)
            raise KeyError("whatever")

    async def at_once(seconds, sleep=asyncio.sleep):
        await sleep(0)

    monkeypatch.setattr("reauth.engine.asyncio.sleep", at_once)
    async with Faulty(store, [identity_lane()], Settings(), clock) as engine:
        await ticks.get()
        await ticks.get()

    assert engine.counters['ingest_dropped_total{cause="tick"}'] >= 1
    assert caplog.records[0].fault == "KeyError"


async def test_many_refused_tokens_of_one_sender_are_one_alert(store, clock):
    """It is stored and told like any other; more of the same add nothing."""
    told = []
    few = replace(Settings(), ingest=replace(Ingest(), bad_tokens=3))
    async with Engine(store, [identity_lane()], few, clock, told.extend) as engine:
        await engine.refused([claim(token="bad")] * 2)
        assert await store.alerts() == []
        await engine.refused([claim(token="bad")] * 9)

    [alert] = await store.alerts()
    assert (alert.kind, alert.user, alert.session, alert.lane) == ("tokens", "alice", None, None)
    assert [one.id for one in told] == [alert.id]
    assert [due.alert.id for due in await store.due(clock.now + 1, 9)] == [alert.id]


# What is asked of everybody


async def checked(store, clock, *recipes):
    """An engine with lanes that know nobody."""
    return Engine(store, [identity_lane(), *recipes], Settings(), clock)


@pytest.mark.parametrize("user", ["alice", None])
async def test_a_program_raises_an_alert_whoever_it_says_it_is(store, clock, user):
    """Nobody is enrolled; the scores that were low are the evidence, where a name is known."""
    asks = asked("bot", bound=3.0, detector=Told())
    asks.detector.score_many = lambda movements: [-1.0] * len(movements)
    async with await checked(store, clock, asks) as engine:
        await send(engine, clock, accepted(movement(7, 6), user=user))

    [alert] = await store.alerts()
    assert (alert.user, alert.lane, alert.kind, alert.rule) == (user, "bot", "bot", "cusum")
    assert (alert.level, alert.bound, alert.template_version) == (3.0, 3.0, 0)
    assert alert.risk is not None
    assert (100, "bot") == (alert.risk.score, alert.risk.reasons[0].lane)


async def test_movement_is_kept_once_and_again_where_it_speaks_against_somebody(store, clock):
    first = asked("bot", bound=99.0)
    first.detector.score_many = lambda movements: [1.0] * len(movements)
    second = asked("replay", bound=99.0, segmenter=first.segmenter)
    second.detector.score_many = lambda movements: [
        -1.0 if number == 0 else 1.0 for number, _ in enumerate(movements)
    ]
    async with await checked(store, clock, first, second) as engine:
        await send(engine, clock, accepted(movement(7, 6), size=4000))
        await engine.tick(clock.now + 20)

    row = await store.session("alice", "10.0.0.1")
    kept = {lane: await store.trajectories_of(row.id, lane, 99, 0) for lane in ("bot", "replay")}
    assert len(kept["bot"]) == 6
    assert {each.score for each in kept["replay"]} == {-1.0}


async def test_what_was_not_stored_has_not_been_seen(store, clock):
    """The browser sends it again; it must not be taken for a recording then."""
    asks = asked("replay", bound=99.0)
    async with await checked(store, clock, asks) as engine:
        batches = accepted(movement(7, 6), size=4000)
        commit, store.commit = store.commit, _refusing
        with pytest.raises(StoreError):
            await send(engine, clock, batches)
        assert [] == asks.detector.remembered
        store.commit = commit
        await send(engine, clock, batches)
        await engine.tick(clock.now + 20)

    assert 6 == len(asks.detector.remembered)


async def _refusing(commit):
    raise StoreError("the disk is full")


async def test_a_detector_is_reminded_at_a_start(store, clock):
    """Of the newest that it may remember, whatever session they are of."""
    asks = asked("replay", bound=99.0)
    async with await checked(store, clock, asks) as engine:
        await send(engine, clock, accepted(movement(7, 6)))
        await engine.tick(clock.now + 20)
    again = asked("replay", bound=99.0, detector=Told(remembers=4))
    async with await checked(store, clock, again):
        pass

    told = [[each.id for each in asks.detector.remembered], []]
    told[1] = [each.id for each in again.detector.remembered]
    assert told[0][-4:] == told[1]


async def test_a_detector_forgets_who_was_deleted(store, clock):
    asks = asked("replay", bound=99.0, detector=Told(remembers=99))
    async with await checked(store, clock, asks) as engine:
        for user, tab in (("alice", b"t" * 16), ("berta", b"u" * 16)):
            await send(engine, clock, accepted(movement(7, 6), user=user, tab=tab))
        await engine.tick(clock.now + 20)
        assert 12 == len(asks.detector.remembered)
        await store.delete_user("alice")
        await engine.tick(clock.now + 40)

    assert 6 == len(asks.detector.remembered)


async def test_a_detector_takes_up_what_was_learnt_while_it_runs(store, clock):
    """Once; what it cannot read is counted, and it goes on with what it has."""
    asks = asked("bot", bound=99.0)
    async with await checked(store, clock, asks) as engine:
        for model in (b"first", b"first", b"spoilt", b"second"):
            await store.save_learnt("told", EPOCH, model)
            await engine.tick(clock.now)
            clock.now += 5
            await engine.tick(clock.now)

        assert [b"first", b"second"] == asks.detector.learnt
        assert 1 == engine.counters["detectors_unusable_total"]
async def test_a_page_that_is_heard_of_is_not_silent(store, clock, engine):
    """Notes of the proxy and batches meet in one place, whatever the batch is worth."""
    for number, batch in enumerate(accepted(movement(7, 30))[:12]):
        at = clock.now = EPOCH + 6 * number
        await engine.noted([claim(at=at, token="page", page=str(number))])
        await engine.receive([replace(batch, claim=claim(at=at + 1))])
    assert await store.alerts() == []

    for number in range(20):
        at = EPOCH + 100 + 6 * number
        await engine.noted([claim(at=at, token="page", page=str(number))])
    assert ["absence"] == [alert.kind for alert in await store.alerts()]
    assert engine.counters["alerts_raised_total"] == 1


async def test_tabs_that_two_senders_say_to_be_are_an_alert(store, clock, engine):
    """Three of them, in the commit of what comes last."""
    for number in range(3):
        first, *_ = accepted(movement(7, 10), tab=bytes([number]) * 16)
        body = bytearray(first.body)
        body[-1] ^= 1
        await send(engine, clock, [first, replace(first, body=bytes(body))])

    assert [("bot", "forks")] == [(alert.kind, alert.rule) for alert in await store.alerts()]


async def test_who_looks_on_sees_what_is_stored_and_nothing_else(engine, store, clock, template):
    """Movement and scores once they are committed; of a group that is not kept, nothing."""
    await store.save_template(template)
    await engine.tick(clock.now)
    with engine.watching.look("alice") as onlooker:
        broken = store.commit

        async def fails(commit):
            raise StoreError("busy")

        store.commit = fails
        with suppress(StoreError):
            await send(engine, clock, accepted(movement(0, 1)))
        assert onlooker._waiting.empty()
        store.commit = broken
        await send(engine, clock, accepted(movement(0, 4)))
        seen = [onlooker._waiting.get_nowait() for _ in range(onlooker._waiting.qsize())]

    assert {"moved", "scored"} == {piece["kind"] for piece in seen}
