"""The pages of users: found, sorted, told without amounts of work; what can be done about one."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from aiohttp import FormData
from yarl import URL

from reauth.access import Role
from reauth.lab.synth import draw_person, recording
from reauth.ports import Commit
from reauth.ports.roster import Line
from reauth.recording import write_recording
from tests.people import PASSWORD, from_here
from tests.reauth.console.test_views import page
from tests.rows import DAY, NOON, alarm, learnt, scored, session


async def post(client, path, **came):
    """Send a form, or JSON, as a browser on the console itself does."""
    return await client.post(path, headers=from_here(client), **came)


async def gather(store, user, count, name=None, **other):
    """Have trajectories of a user in a session of theirs."""
    of = name or f"s-{user}"
    rows = [scored(n, of, user, score=None, **other) for n in range(1, count + 1)]
    await store.commit(Commit(sessions=[session(of, user)], trajectories=rows))


async def test_users_are_shown_with_their_progress(browse, store, enrolled):
    """Who is learnt, who is being learnt, how far and how good."""
    await gather(store, "anna", 3)
    client = await browse()
    text = await page(client, "/users")

    assert '<a href="/users/anna">anna</a>' in text and "3 of 300" in text
    assert '<progress value="3" max="300"' in text
    assert '<a href="/users/alice">alice</a>' in text and "state-active" in text
    assert "state-gathering\">gathering 1<" in text and "state-active\">active 1<" in text


@pytest.mark.parametrize(("known", "told"), [({"spacing_h": 8.3}, "8 h"), ({}, "–")])
async def test_the_hours_between_false_alarms_are_told(browse, store, known, told):
    """Of a template of an earlier release nobody reckoned them."""
    quality = replace(learnt().quality[100], spacing_h=known.get("spacing_h"))
    await store.save_template(learnt(quality={100: quality}))

    text = await page(await browse(), "/users")

    assert '<td class="number">1.0 %</td>' in text
    assert f'<td class="number">{told}</td>\n</tr>' in text


async def test_a_list_is_paged_searched_and_of_one_state(browse, store):
    """By links and a form, so that they work without a script."""
    for number in range(51):
        await store.set_paused(f"user{number:02}", True)
    await gather(store, "Berta", 2)
    client = await browse()

    first, second = [await page(client, f"/users?page={n}") for n in (1, 2)]
    assert "1 to 50 of 52" in first and 'href="/users?page=2"' in first
    assert "51 to 52 of 52" in second and "user50" in second and "user00" not in second
    found = await page(client, "/users?search=BERT&state=gathering")
    assert "Berta" in found and "user" not in re.findall(r'href="/users/(\w+)"', found)
    turned = await (await client.get("/api/v1/users?order=user&down=1")).json()
    assert (52, "user50") == (turned["total"], turned["users"][0]["user"])
    assert {"paused": 51, "gathering": 1} == turned["states"]


@pytest.mark.parametrize(
    "query",
    ["page=0", "page=x", "page=9999999", "state=asleep", "order=work", f"search={'x' * 257}"],
)
async def test_what_is_asked_wrongly_is_refused(browse, query):
    """400, with what there is."""
    assert 400 == (await (await browse()).get(f"/users?{query}")).status


async def test_one_user_has_a_page(browse, store):
    """Quality with intervals, templates, devices, alerts, what was written down."""
    await store.save_template(learnt())
    await store.save_template(learnt(provisional=True, enrolled_at=NOON - 3 * DAY))
    await gather(store, "anna", 5)
    await store.commit(Commit(alerts=[alarm(of="s-anna")]))
    client = await browse()

    text = await page(client, "/users/anna")

    assert "2.0 % to 8.0 %" in text and "0.0 % to 3.0 %" in text
    assert "100 (in use)" in text
    assert "3 days" in text and "Roll back to 1" in text
    assert 'href="/alerts/a1"' in text and 'href="/users/anna/sessions/s-anna"' in text
    told = await (await client.get("/api/v1/users/anna")).json()
    assert [(2, True), (1, False)] == [(row["version"], row["active"]) for row in told["versions"]]
    assert 404 == (await client.get("/users/nobody")).status


async def test_no_page_tells_how_much_or_when_somebody_moves(browse, store):
    """The purpose is the takeover of an account: who has moved more than enrolment needs, in
    other sessions and on other days, looks as who has moved just enough, wherever it is asked."""
    client, told = await browse(), []
    for sessions in ([("s1", 300, NOON)], [("s2", 310, NOON - 9 * DAY), ("s3", 330, NOON - DAY)]):
        for name, count, received in sessions:
            await gather(store, "anna", count, name, received=received)
        pages = {}
        for path in ("/users", "/users/anna", "/coverage", "/enrol", "/users/anna/live"):
            pages[path] = await page(client, path)
        for path in ("/users", "/users/anna", "/coverage", "/enrol"):
            answer = await client.get(f"/api/v1{path}")
            pages[f"/api/v1{path}"] = await answer.text()
        told.append(pages)
        await store.delete_user("anna")

    assert told[0] == told[1]
    assert "300 of 300" in told[0]["/users"]


async def test_a_user_is_paused_for_a_reason_and_resumes(browse, store):
    """The reason stands on the page, and in the audit."""
    await store.save_template(learnt())
    client = await browse()

    assert 400 == (await post(client, "/api/v1/users/anna/pause", json={})).status
    answer = await post(client, "/users/anna/pause", data={"reason": "broken <arm>"})
    shown = await answer.text()
    assert "/users/anna" == answer.url.path and "Paused: broken &lt;arm&gt;" in shown
    audited = await (await client.get("/api/v1/audit?action=enrol.")).json()
    assert [("enrol.pause", "anna", "broken <arm>", True)] == [
        tuple(row[name] for name in ("action", "subject", "reason", "done"))
        for row in audited["entries"][:1]
    ]
    resumed = await post(client, "/api/v1/users/anna/resume")
    assert "active" == (await resumed.json())["state"]
    assert "Paused" not in await page(client, "/users/anna")


async def test_a_mistyped_name_does_not_pass_for_done(browse):
    """409 and the reason."""
    client = await browse()
    for act, came in (("pause", {"reason": "x"}), ("resume", {}), ("train", {})):
        answer = await post(client, f"/api/v1/users/nobody/{act}", json=came)
        assert 409 == answer.status, await answer.text()


async def test_a_template_is_rolled_back(browse, store):
    """From the page as from a program."""
    for _ in range(2):
        await store.save_template(learnt())
    client = await browse()

    assert 200 == (await post(client, "/users/anna/rollback", data={"version": "1"})).status
    assert 1 == (await store.template("anna")).version
    assert 409 == (await post(client, "/api/v1/users/anna/rollback", json={"version": 9})).status


async def test_who_has_not_proved_anew_who_they_are_deletes_nobody(browse, store):
    """It cannot be taken back."""
    await store.save_template(learnt())
    client = await browse()

    answer = await post(client, "/api/v1/users/anna/delete", json={"reason": "asked for it"})
    assert 403 == answer.status
    assert await store.person("anna") is not None


async def test_recordings_are_uploaded_whole_or_not_at_all(browse, store):
    """A form sends files, a program their texts; a bad row is named."""
    rng = np.random.default_rng(4)
    good = write_recording(recording(draw_person(rng), 6, rng))
    client = await browse()
    form = FormData()
    form.add_field("files", good.encode(), filename="C:\\home\\monday.csv", content_type="text/csv")

    assert 200 == (await post(client, "/users/anna/import", data=form)).status
    assert (await store.person("anna")).trajectories > 2
    again = await post(client, 
        "/api/v1/users/anna/import", json={"files": [{"name": "monday.csv", "text": good}]}
    )
    [told] = (await again.json())["files"]
    assert (False, "monday.csv") == (told["new"], told["file"])
    bad = good + "x,move,1,1,,\n"
    answer = await post(client, 
        "/api/v1/users/anna/import", json={"files": [{"name": "b.csv", "text": bad}]}
    )
    assert 409 == answer.status and "b.csv:" in await answer.text()
    empty = FormData()
    empty.add_field("files", b"", filename="", content_type="application/octet-stream")
    assert 400 == (await post(client, "/users/anna/import", data=empty)).status
    wrong = FormData()
    wrong.add_field("files", b"\xff\xfe", filename="x.csv", content_type="text/csv")
    assert 400 == (await post(client, "/users/anna/import", data=wrong)).status


@pytest.mark.parametrize("name", ["a/b", "ä ö?#", '"><script>', "..", "100%"])
async def test_a_name_is_text_and_one_part_of_a_path(browse, store, name):
    """Whoever chooses a name chooses neither what a page does nor where it leads."""
    await store.set_paused(name, False)
    client = await browse()
    text = await page(client, "/users")
    [link] = re.findall(r'href="(/users/[^"]+)"', text)

    if name != "..":
        assert 200 == (await client.get(_url(link))).status
        sent = {"data": {"reason": "x"}, "allow_redirects": False}
        answer = await post(client, _url(f"{link}/pause"), **sent)
        assert (303, link) == (answer.status, answer.headers["Location"])
        assert (await store.person(name)).paused
    assert "<script>" not in text


def _url(link):
    return URL(link, encoded=True)


async def test_programs_are_told_what_people_see(browse, store):
    """No key that the page would not show."""
    await gather(store, "anna", 3)
    told = json.loads(await (await (await browse()).get("/api/v1/users")).text())

    assert {
        "user", "state", "progress", "needed", "expected", "version", "template_made",
        "provisional", "quality", "unknown_device", "devices",
    } == set(told["users"][0])  # fmt: skip


@pytest.mark.parametrize(
    ("role", "shown", "hidden"),
    [
        (Role.VIEWER, ["Alerts</h2>"], ["Train now", "/live", "/delete"]),
        (Role.ANALYST, ["/live", "Replay its session"], ["Train now", "/delete", 'href="/enrol"']),
        (Role.ADMIN, ["Train now", "/pause", "Roll back"], ["/live", "/delete", "Replay"]),
        (Role.PRIVACY_OFFICER, ["/delete"], ["Train now", "/live", "Alerts</h2>"]),
    ],
)
async def test_a_page_offers_what_its_reader_may_do(browse, store, role, shown, hidden):
    """What is not offered is refused as well; the table of roles is tested where it stands."""
    for _ in range(2):
        await store.save_template(learnt())
    await gather(store, "anna", 5)
    await store.commit(Commit(alerts=[alarm(of="s-anna")]))
    text = await page(await browse([role]), "/users/anna")

    assert [] == [word for word in shown if word not in text]
    assert [] == [word for word in hidden if word in text]


async def test_who_has_just_proved_who_they_are_deletes(browse, store, site):
    """All that is known of a user; alerts stay until their own retention."""
    await store.save_template(learnt())
    await gather(store, "anna", 5)
    await site.subjects.lists.begin([Line(1, "anna")], {}, "eve")
    client = await browse([Role.PRIVACY_OFFICER])
    again = {"password": PASSWORD, "code": "", "next": "/users/anna"}
    await post(client, "/login/again", data=again)

    answer = await post(client, "/api/v1/users/anna/delete", json={"reason": "asked for it"})
    assert 200 == answer.status, await answer.text()
    assert None is await store.person("anna")
    assert 404 == (await client.get("/users/anna")).status
