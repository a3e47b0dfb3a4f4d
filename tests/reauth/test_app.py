"""The house as a whole, without a proxy: it opens, takes data, tells, reloads and closes."""

import asyncio
import json
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from reauth import app
from reauth.alert import Severity
from reauth.claim import seal, seal_control, unseal_control
from reauth.errors import ReauthError, SettingsError
from reauth.families import FAMILIES
from reauth.histogram import BOUNDS
from reauth.ports import Commit
from reauth.settings import (
    Alerts,
    Console,
    Enrolment,
    Identity,
    IdentityLane,
    Ingest,
    Metrics,
    Proxy,
    Settings,
    Sinks,
)
from reauth.settings import (
    State as Folder,
)
from reauth.suppression import RULE, Rule, Scope
from tests.live import accepted, movement, template_of
from tests.rows import alarm, learnt, session

ANY = "127.0.0.1:0"


@pytest.fixture
def settings(tmp_path):
    """Everything on any free port."""
    return Settings(
        state=Folder(path=str(tmp_path / "state")),
        proxy=Proxy(listen=ANY, exclude=("bank.example",)),
        ingest=Ingest(listen=ANY, burst=1000.0, bytes_per_second=1e9),
        console=Console(listen=ANY),
        metrics=Metrics(listen=ANY),
        sinks=Sinks(urls=(f"jsonl:{tmp_path}/alerts.jsonl",)),
        identity_lane=IdentityLane(window=20),
        enrolment=Enrolment(min_trajectories=60),
    )


@asynccontextmanager
async def browser():
    """Something that asks."""
    async with aiohttp.ClientSession() as session:
        yield session


async def sent(house, batches):
    """Batches as the proxy would send them; what became of each."""
    now = app.now()
    items = [(replace(one.claim, issued=now, received=now), one.body) for one in batches]
    group = seal(house.keys, items, {'inject_total{result="injected"}': 2}, now)
    async with browser() as session:
        url = f"{house.urls['ingest']}/v1/batches"
        async with session.post(url, data=group) as answer:
            return [result["status"] for result in (await answer.json())["results"]]


async def got(url):
    """Status and text."""
    async with browser() as session, session.get(url) as answer:
        return answer.status, await answer.text()


# The store


async def test_the_store_is_made_with_its_key_and_opened_with_it(settings):
    """0600, and the same key ever after."""
    async with app.opened_store(settings) as store:
        await store.save_template(learnt())
    key = Path(settings.store_key_path)
    assert 0o600 == key.stat().st_mode & 0o777  # noqa: ASYNC240 - a test
    async with app.opened_store(settings) as store:
        assert "anna" == (await store.template("anna")).user

    key.chmod(0o644)  # noqa: ASYNC240 - a test
    with pytest.raises(SettingsError, match="chmod 600"):
        async with app.opened_store(settings):
            pass


# The house


async def test_everything_listens_once_it_is_open(settings):
    """And nothing afterwards."""
    async with app.house(settings) as house:
        assert 200 == (await got(f"{house.urls['console']}/readyz"))[0]
        status, told = await got(f"{house.urls['metrics']}/metrics")
        assert 200 == status
        assert 'reauth_build_info{version="0.1.0"} 1' in told
        assert "reauth_ingest_queue_depth 0" in told
        assert house.urls["ingest"] == f"http://{house.listens['ingest']}"
        urls = house.urls

    for url in urls.values():
        with pytest.raises(aiohttp.ClientError):
            await got(url)


async def test_a_batch_that_was_answered_is_kept(settings):
    """From the proxy's seal to the store, and counted on the way."""
    batches = accepted(movement(0, 8))
    async with app.house(settings) as house:
        assert {204} == set(await sent(house, batches))
        _, told = await got(f"{house.urls['metrics']}/metrics")
        assert f'reauth_ingest_batches_total{{format="v1",ver="1"}} {len(batches)}' in told
        assert 'reauth_inject_total{result="injected"} 2' in told
        assert 'reauth_users{state="gathering"} 1' in told

    async with app.opened_store(settings) as store:
        assert 5 < (await store.person("alice")).trajectories


def told_by(text):
    """Samples of a scrape, by name, summed over their labels."""
    found = Counter()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if not sample.name.endswith("_bucket"):
                found[sample.name.removeprefix("reauth_")] += sample.value
    return found


async def test_what_came_through_is_in_the_metrics(settings):
    """A takeover goes the whole way: everything that it passes has counted and timed it."""
    async with app.opened_store(settings) as store:
        await store.save_template(template_of())
    async with app.house(settings) as house:
        owner, other = movement(0, 30, 9), movement(5, 60, 9)
        later = [event._replace(t=event.t + owner[-1].t + 2) for event in other]
        batches = accepted(owner + later)
        assert {204} == set(await sent(house, batches))
        for _ in range(100):
            _, text = await got(f"{house.urls['metrics']}/metrics")
            told = told_by(text)
            if told["delivery_total"] and told["event_loop_lag_seconds_count"]:
                break
            await asyncio.sleep(0.05)

    known = {f"reauth_{name}" for name in FAMILIES}
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert set() == {name for name in families if {name, f"{name}_total"}.isdisjoint(known)}
    assert set(BOUNDS) == {
        name.removeprefix("reauth_") for name, one in families.items() if one.type == "histogram"
    }
    assert len(batches) == told["ingest_batches_total"] == told["ingest_batch_events_count"]
    assert told["ingest_events_total"] == told["ingest_batch_events_sum"] > 500
    scored = [name for name in settings_lanes(text) if name == "identity"]
    assert scored and told["score_total"] == told["event_to_score_seconds_count"] > 30
    for name in ("score", "ingest_commit", "delivery_lag", "event_loop_lag"):
        assert told[f"{name}_seconds_count"] > 0, name
        assert 0 <= told[f"{name}_seconds_sum"] < 60, name
    assert told["ingest_commit_rows_sum"] > len(batches)
    assert 1 == told["alerts_raised_total"] == told["alerts_open"]
    assert told["model_cache_misses_total"] >= 1
    assert told["model_age_seconds"] > 0
    assert 0 == told["retention_overdue_rows"]
    assert "alice" not in text and "10.0.0.1" not in text


def settings_lanes(text):
    """The lanes whose scores were counted."""
    for family in text_string_to_metric_families(text):
        if family.name == "reauth_score":
            yield from (sample.labels["lane"] for sample in family.samples)


async def test_a_takeover_is_told_to_the_sink(settings):
    """The whole way: batches in, an alert in the store, a line in the file."""
    told = Path(settings.sinks.urls[0].removeprefix("jsonl:"))
    async with app.opened_store(settings) as store:
        await store.save_template(template_of())
    async with app.house(settings) as house:
        owner, other = movement(0, 30, 9), movement(5, 60, 9)
        later = [event._replace(t=event.t + owner[-1].t + 2) for event in other]
        assert {204} == set(await sent(house, accepted(owner + later)))
        [alert] = await house.store.alerts()
        for _ in range(100):
            if told.exists():  # noqa: ASYNC240 - a test
                break
            await asyncio.sleep(0.05)

    line = json.loads(told.read_text("utf-8"))  # noqa: ASYNC240 - a test
    assert (alert.id, "alice", 20) == (line["id"], line["user"], line["window"])


async def test_the_proxies_are_told_what_changes(settings, tmp_path):
    """The address map and the lists, by the control stream; a mistake changes nothing."""
    table = tmp_path / "map.csv"
    table.write_text("192.0.2.7,bert\n", "utf-8")
    async with app.house(settings) as house, browser() as session:
        asked = seal_control(house.keys, 0, {"ask": "control"}, app.now())
        headers = {"Authorization": f"Reauth {asked}"}
        async with session.get(f"{house.urls['ingest']}/v1/control", headers=headers) as stream:
            line = (await stream.content.readline()).decode().strip()
            version, first = unseal_control(house.keys, line, 0)
            assert ["bank.example"] == first["exclude"]
            identity = Identity(address_map=str(table), default_user="me")
            house.reload(replace(settings, identity=identity))
            line = (await stream.content.readline()).decode().strip()
            _, then = unseal_control(house.keys, line, version)
            assert [["192.0.2.7/32", "bert"]] == then["address_map"]
            assert "me" == then["default_user"]
            table.write_text("nonsense\n", "utf-8")
            with pytest.raises(SettingsError):
                house.reload(replace(settings, identity=identity))
            assert [["192.0.2.7/32", "bert"]] == house.control.snapshot()["address_map"]


async def test_who_is_about_to_go_says_so(settings):
    """/readyz first, so that nobody new comes; what is under way still ends."""
    async with app.house(settings) as house:
        house.stop()

        assert 503 == (await got(f"{house.urls['console']}/readyz"))[0]
        assert 200 == (await got(f"{house.urls['console']}/livez"))[0]


@pytest.mark.parametrize("listen, local", [("127.0.0.1:0", True), ("localhost:0", True)])
async def test_loopback_is_known_as_such(settings, listen, local):
    """People's pages are shown there."""
    async with app.house(replace(settings, console=Console(listen=listen))) as house:
        assert local == house.site.local


async def test_a_unix_socket_is_local(settings, tmp_path):
    """Whoever reaches it is on this machine."""
    listen = f"unix:{tmp_path}/console.sock"
    async with app.house(replace(settings, console=Console(listen=listen))) as house:
        assert house.site.local
        assert listen == house.urls["console"]


@pytest.mark.parametrize("listen, known", [("127.0.0.1:8080", "127.0.0.1:8080"), (ANY, None)])
async def test_the_proxys_place_is_known_unless_any_will_do(settings, listen, known):
    """`reauth serve` does not start it, and tells devices all the same."""
    async with app.house(replace(settings, proxy=Proxy(listen=listen))) as house:
        assert known == house.site.proxy


async def test_two_houses_on_one_state_are_one_too_many(settings):
    """The second says which one is there; the first goes on."""
    async with app.house(settings) as house:
        with pytest.raises(ReauthError, match="another reauth works on"):
            async with app.house(settings):
                pass
        assert 200 == (await got(f"{house.urls['console']}/livez"))[0]


async def test_a_port_that_is_taken_opens_nothing(settings):
    """What was open is closed again: the state can be used at once."""
    async with app.house(settings) as house:
        taken = house.listens["metrics"]
        state = Folder(path=settings.state.path + "2")
        other = replace(settings, state=state, console=Console(listen=taken))
        with pytest.raises(ReauthError, match=r"console\.listen: cannot listen on"):
            async with app.house(other):
                pass
    async with app.house(replace(other, console=Console(listen=ANY))):
        pass


async def test_the_audit_is_looked_after(settings):
    """Its figure is there soon after the start."""
    async with app.house(settings) as house:
        for _ in range(100):
            _, told = await got(f"{house.urls['metrics']}/metrics")
            if "reauth_audit_chain_ok" in told:
                break
            await asyncio.sleep(0.05)
        assert "reauth_audit_chain_ok 1" in told


async def lines_of(path):
    """What was written to a file, once there is something."""
    for _ in range(200):
        if path.exists() and (text := path.read_text("utf-8")).endswith("\n"):
            return [json.loads(line) for line in text.splitlines()]
        await asyncio.sleep(0.05)
    return []


async def test_what_nobody_takes_reaches_the_pager_once(settings, tmp_path):
    """A sink that is told only then; a restart tells it nothing again."""
    pager = tmp_path / "pager.jsonl"
    alerts = Alerts(escalate_after=60.0, escalate_to=(f"jsonl:{pager}",))
    late = replace(settings, alerts=alerts)
    async with app.opened_store(late) as store:
        now = app.now()
        sessions = [session("s1"), session("s2")]
        old, new = alarm("a1", "s1", raised_at=now - 90), alarm("a2", "s2", raised_at=now)
        await store.commit(Commit(sessions=sessions, alerts=[old, new]))
    for _ in range(2):
        async with app.house(late):
            told = await lines_of(pager)
            await asyncio.sleep(0.2)

    assert ["a1"] == [line["id"] for line in told]
    assert told[0]["escalated_at"] is not None
    assert told == await lines_of(pager)


async def test_a_test_alert_goes_the_whole_way(settings):
    """Through the store to the sink, marked, and in no figure."""
    sink = Path(settings.sinks.urls[0].removeprefix("jsonl:"))
    async with app.house(settings) as house:
        raised = await house.site.triage.drill("bot", Severity.HIGH)
        [told] = await lines_of(sink)
        _, figures = await got(f"{house.urls['metrics']}/metrics")

    assert (raised.id, True) == (told["id"], told["test"])
    assert 'reauth_alerts_open{severity="high"} 0' in figures


async def test_alerts_are_weighed_and_held_back_where_they_are_raised(settings, tmp_path):
    """Through the engine: what depends on the user, and the rule that somebody made."""
    (tmp_path / "assets.csv").write_text("user,alice,critical\n", "utf-8")
    weighed = replace(settings, alerts=Alerts(assets=str(tmp_path / "assets.csv")))
    async with app.opened_store(weighed) as store:
        await store.save_template(template_of())
    async with app.house(weighed) as house:
        now = app.now()
        rule = await house.site.triage.suppress(
            Rule("", RULE, "bert", "wrist", now, now + 3600, Scope(user="alice"))
        )
        owner, other = movement(0, 30, 9), movement(5, 60, 9)
        later = [event._replace(t=event.t + owner[-1].t + 2) for event in other]
        assert {204} == set(await sent(house, accepted(owner + later)))
        [alert] = await house.store.alerts()

    assert (True, rule.id, "critical") == (alert.suppressed, alert.held, alert.severity)
