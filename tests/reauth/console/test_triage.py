"""Work on alerts by page and by API: the same service and refusals, all of it in the audit."""

import pytest

from reauth.access import Role
from reauth.alert import POPULATION, Severity, hold
from reauth.console.triage import BULK, MOST
from reauth.doors import doors_of
from reauth.ports import Commit, Sought
from tests.people import from_here
from tests.rows import DAY, NOON, alarm, session

API = "/api/v1"


@pytest.fixture
async def client(browse, store):
    """Of a console with three open alerts, a minute apart."""
    alerts = [alarm(f"a{n}", f"s{n}", raised_at=NOON + n * 60) for n in range(2)]
    alerts.append(hold(alarm("a2", "s2", None, "bot", NOON + 120, kind="bot"), POPULATION))
    sessions = [session(f"s{n}") for n in range(3)]
    await store.commit(Commit(sessions=sessions, alerts=alerts))
    return await browse()


def post(client, path, **came):
    """Send as a page of ours does."""
    return client.post(path, headers=from_here(client), **came)


async def done(client, path, **came):
    """What an action answers, by the API."""
    answer = await post(client, API + path, json=came)
    text = await answer.text()
    assert 200 == answer.status, text
    return await answer.json()


async def audited(store):
    """What the audit was told, oldest first."""
    entries = await doors_of(store).audit.entries(Sought(after=0), 99)
    return [(one.deed.action, one.deed.subject, one.deed.done) for one in entries]


async def test_an_alert_is_taken_and_closed_by_the_api(client, store):
    """A verdict is required to close; every step is in the audit."""
    assert "acknowledged" == (await done(client, "/alerts/a0/ack", note="asking"))["state"]
    refused = await post(client, f"{API}/alerts/a0/confirm", json={"note": "x"})
    assert (400, True) == (refused.status, "verdict" in await refused.text())
    closed = await done(client, "/alerts/a0/confirm", verdict="security_risk", note="called her")

    assert ("confirmed", "security_risk") == (closed["state"], closed["verdict"])
    assert closed == await (await client.get(f"{API}/alerts/a0")).json()
    again = await post(client, f"{API}/alerts/a0/ack", json={})
    assert 409 == again.status
    assert [
        ("alert.ack", "a0", True), ("alert.confirm", "a0", True), ("alert.ack", "a0", False)
    ] == await audited(store)  # fmt: skip


async def test_what_somebody_writes_about_an_alert_is_not_in_the_audit(client, store):
    """The note stays with the alert, and goes with it."""
    await done(client, "/alerts/a0/note", note="her sister was there")

    [entry] = await doors_of(store).audit.entries(Sought(), 9)
    assert "sister" not in repr(entry)
    assert ("boss1", "127.0.0.1") == (entry.deed.who, entry.deed.address)


async def test_a_form_does_the_same_and_goes_back_to_its_page(client, store):
    """By 303."""
    form = {"note": "by form"}
    answer = await post(client, "/alerts/a0/ack", data=form, allow_redirects=False)

    assert (303, "/alerts/a0") == (answer.status, answer.headers["Location"])
    assert "by form" == (await store.alert("a0")).note


async def test_alerts_are_assigned_and_tagged(client):
    """Tags that are no words are refused with the reason."""
    assert "bert" == (await done(client, "/alerts/a0/assign", to="bert"))["assignee"]
    assert ["night", "vpn"] == (await done(client, "/alerts/a0/tag", add=["vpn", "night"]))["tags"]
    assert ["vpn"] == (await done(client, "/alerts/a0/tag", remove=["night"]))["tags"]
    assert (await done(client, "/alerts/a0/assign"))["assignee"] is None
    wrong = await post(client, f"{API}/alerts/a0/tag", json={"add": ["two words"]})
    assert (409, True) == (wrong.status, "a tag is" in await wrong.text())


async def test_many_alerts_are_done_each_for_itself(client, store):
    """What is refused is told with the reason; each is named in the audit."""
    await done(client, "/alerts/a1/ack")

    told = await done(client, "/alerts/bulk/ack", ids=["a0", "a1", "a9"])
    assert ["a0"] == told["done"]
    assert {"a1", "a9"} == set(told["refused"])
    closed = await done(client, "/alerts/bulk/dismiss", ids=["a0", "a1"], verdict="benign")
    assert ["a0", "a1"] == closed["done"]
    assert ("alerts.dismiss", "a0 a1", True) == (await audited(store))[-1]

    for wrong in ([], ["x"] * (BULK + 1)):
        answer = await post(client, f"{API}/alerts/bulk/ack", json={"ids": wrong})
        assert 400 == answer.status


@pytest.mark.parametrize("path", ["/alerts/a9", "/alerts/a9/ack"])
async def test_an_alert_that_is_not_there_is_404(client, path):
    """Read or worked on."""
    verb = post if path.endswith("ack") else type(client).get
    assert 404 == (await verb(client, API + path)).status


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", ["a2", "a1", "a0"]),
        ("?state=open&state=acknowledged&severity=medium", ["a2", "a1", "a0"]),
        ("?severity=critical", []),
        ("?user=anna&lane=identity", ["a1", "a0"]),
        ("?user=", ["a2"]),
        ("?suppressed=true", ["a2"]),
        ("?held=population&test=false", ["a2"]),
        ("?since=2026-05-28T20:27:40Z&until=2026-05-28T20:28:40Z", ["a1"]),
        ("?before=a1", ["a0"]),
        ("?limit=1", ["a2"]),
    ],
)
async def test_a_list_is_narrowed_by_its_query(client, query, ids):
    """Newest first; `next` goes on where there may be more."""
    told = await (await client.get(f"{API}/alerts{query}")).json()

    assert ids == [one["id"] for one in told["alerts"]]
    assert ("a2" if query == "?limit=1" else None) == told["next"]


@pytest.mark.parametrize(
    "query",
    ["state=shut", "limit=0", f"limit={MOST + 1}", "limit=x", "test=maybe", "since=yesterday",
     "since=2026-05-28T20:27:40", "before=a9", "colour=red", "severity=huge"],
)  # fmt: skip
async def test_a_query_that_does_not_fit_is_refused(client, query):
    """Not answered with everything."""
    assert 400 == (await client.get(f"{API}/alerts?{query}")).status


async def test_groups_are_a_view_of_the_same_list(client):
    """By user and lane, with a count."""
    told = (await (await client.get(f"{API}/alerts/groups")).json())["groups"]

    assert [(None, "bot", 1), ("anna", "identity", 2)] == [
        (one["user"], one["lane"], one["count"]) for one in told
    ]
    assert ["a0", "a1"] == told[1]["ids"]


@pytest.mark.parametrize("path", ["/suppressions", "/maintenance"])
async def test_what_holds_alerts_back_is_made_shown_and_ended(client, store, path):
    """With owner, reason and end; the reason is in the audit, as the law wants it."""
    made = await done(client, path, user="anna", hours=24, reason="broken <wrist>")
    assert ("boss1", "2026-05-29T20:26:40.000Z") == (made["owner"], made["ends"])
    [listed] = (await (await client.get(API + path)).json())["rules"]
    assert made == listed

    page = await (await client.get("/suppressions")).text()
    assert "user anna" in page
    assert "broken &lt;wrist&gt;" in page
    assert f'action="{path}/{made["id"]}/end"' in page
    assert "2026-05-28T20:26:40.000Z" == (await done(client, f"{path}/{made['id']}/end"))["ends"]
    entries = await doors_of(store).audit.entries(Sought(), 9)
    assert ("broken <wrist>", "anna") == (entries[-1].deed.reason, entries[-1].deed.subject)


async def test_a_form_of_empty_fields_asks_for_nothing(client):
    """As a browser sends it."""
    empty = dict.fromkeys(("user", "lane", "kind", "site", "network", "begins", "owner"), "")
    form = {**empty, "hours": "2", "reason": "new browsers"}

    answer = await post(client, "/maintenance", data=form, allow_redirects=False)
    assert (303, "/suppressions") == (answer.status, answer.headers["Location"])
    refused = await post(client, "/suppressions", data=form, allow_redirects=False)
    assert (409, True) == (refused.status, "only maintenance" in await refused.text())


@pytest.mark.parametrize(
    ("came", "status"),
    [
        ({"user": "a", "reason": "x"}, 400),
        ({"user": "a", "reason": "", "hours": 1}, 400),
        ({"user": "a", "reason": "x", "hours": 0}, 400),
        ({"user": "a", "reason": "x", "hours": 1, "begins": "soon"}, 400),
        ({"user": "a", "reason": "x", "hours": 1, "begins": "2020-01-01T00:00:00Z"}, 409),
        ({"network": "ten", "reason": "x", "hours": 1}, 409),
    ],
)
async def test_what_may_be_no_rule_is_refused(client, came, status):
    """And nothing is kept."""
    assert status == (await post(client, f"{API}/suppressions", json=came)).status
    assert [] == (await (await client.get(f"{API}/suppressions")).json())["rules"]
    assert 409 == (await post(client, f"{API}/suppressions/rule-0/end", json={})).status


async def test_a_test_alert_is_one_on_every_page(client, store):
    """Marked; raised by a button or the API."""
    told = await done(client, "/alerts/test", kind="replay", severity="high")

    assert (True, "replay", "high") == (told["test"], told["kind"], told["severity"])
    page = await (await client.get(f"/alerts/{told['id']}")).text()
    assert "A test: somebody wanted to see where alerts go" in page
    assert ">test</span>" in await (await client.get("/alerts")).text()


async def test_the_overview_counts_what_is_held_back(client):
    """By what; nothing is held in secret."""
    page = await (await client.get("/")).text()

    assert "<b>1</b> open alert is held back" in page
    assert "many at once 1" in page


async def test_pages_show_what_people_made_of_an_alert(client, store):
    """Severity, owner, tags, what holds it back."""
    more = {"severity": Severity.CRITICAL, "assignee": "bert", "tags": ("vpn",), "held": "rule-7"}
    more |= {"suppressed": True, "escalated_at": NOON}
    other = alarm("a3", None, None, "identity", NOON + DAY, **more)
    await store.commit(Commit(alerts=[other]))

    page = await (await client.get("/alerts/a3")).text()
    for shown in ("severity-critical", "bert", "vpn", "rule-7", "Told further"):
        assert shown in page
    assert 'href="/help/alerts?alert=a3"' in page


@pytest.mark.parametrize(
    ("role", "path", "came", "status"),
    [
        (Role.VIEWER, "/alerts/a0/ack", {}, 403),
        (Role.ANALYST, "/alerts/a0/ack", {}, 200),
        (Role.ADMIN, "/alerts/a0/ack", {}, 403),
        (Role.ANALYST, "/alerts/test", {}, 403),
        (Role.ADMIN, "/alerts/test", {}, 200),
        (Role.ANALYST, "/suppressions", {"user": "a", "hours": 1, "reason": "x"}, 200),
        (Role.ANALYST, "/maintenance", {"user": "a", "hours": 1, "reason": "x"}, 403),
        (Role.ADMIN, "/maintenance", {"user": "a", "hours": 1, "reason": "x"}, 200),
    ],
)
async def test_who_may_not_is_refused_and_noted(client, browse, store, role, path, came, status):
    """Each role does what the table of access says; that somebody tried stands in the audit."""
    other = await browse([role])

    assert status == (await post(other, API + path, json=came)).status
    assert (status == 200) is (await audited(store))[-1][2]
