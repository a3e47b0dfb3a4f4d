"""Feedback in the console: two people at two browsers, numbers and a picture, and the refusals."""

from dataclasses import replace
from html import unescape

import pytest

from reauth.access import Role
from reauth.doors import doors_of
from reauth.enrol import Enroller
from reauth.feedback import Feedback
from reauth.ports import Sought
from tests.people import from_here
from tests.reauth.test_feedback import NEW_MOUSE, NOW, SETTINGS, alarmed
from tests.reauth.test_feedback import store as moved_on

API = "/api/v1/feedback"
store = moved_on
"""Alice enrolled, and everybody moved on since."""


@pytest.fixture
def served(site, store):
    """What the console needs besides: the service with the settings of these people."""
    enroller = Enroller(store, SETTINGS, lambda: NOW)
    feedback = Feedback(store, doors_of(store).lessons, SETTINGS, lambda: NOW, enroller)
    return {"subjects": replace(site.subjects, feedback=feedback), "clock": lambda: NOW}


@pytest.fixture
async def alert(store):
    """Eva has dismissed an alert."""
    return await alarmed(store, "s1", NEW_MOUSE, 31)


async def send(client, path, **came):
    """A call of the API; its answer."""
    return await client.post(API + path, json=came, headers=from_here(client))


async def elevated(client):
    """Prove anew who it is, as promotions want it."""
    from tests.people import PASSWORD  # noqa: PLC0415 - of this helper alone

    form = {"password": PASSWORD, "code": "", "next": "/feedback"}
    answer = await client.post(
        "/login/again", data=form, headers=from_here(client), allow_redirects=False
    )
    assert 303 == answer.status, await answer.text()


async def test_two_people_and_a_picture(browse, served, store, alert):
    """The page leads from candidate to active, and tells what each step rests on."""
    client = await browse([Role.APPROVER], **served)
    page = await (await client.get("/feedback")).text()
    assert "It was the user" in page
    assert "nobody yet" in page

    said = await send(client, f"/labels/{alert}/confirm", reason="asked her")
    told = await said.json()
    assert ("confirmed", "asked her") == (told["standing"], told["reason"])
    another = await alarmed(store, "s2", NEW_MOUSE, 32)
    assert 200 == (await send(client, f"/labels/{another}/confirm")).status
    made = (await (await send(client, "/compare", user="alice")).json())["shadows"]
    page = unescape(await (await client.get("/feedback")).text())
    assert 'class="det"' in page
    assert "Where 5.0 % of strangers pass" in page
    assert "neither template had seen any of them" in page

    [shadow] = made
    await elevated(client)
    done = await (await send(client, f"/shadows/{shadow['id']}/promote")).json()
    assert {"user": "alice", "version": 2} == done
    page = await (await client.get("/feedback")).text()
    assert "promoted" in page
    told = await (await client.get(API)).json()
    assert ["taught"] * 2 == [label["standing"] for label in told["labels"]]
    assert ["promoted"] == [row["state"] for row in told["shadows"]]


async def test_every_step_is_in_the_audit(browse, served, store, alert):
    """Refusals too, with who and what."""
    client = await browse([Role.APPROVER], **served)
    await send(client, f"/labels/{alert}/confirm", reason="asked her")
    await send(client, f"/labels/{alert}/confirm")
    await send(client, f"/labels/{alert}/reject", reason="no, her brother")

    entries = await doors_of(store).audit.entries(Sought(after=0), 99)
    told = [(one.deed.action, one.deed.subject, one.deed.done, one.deed.reason) for one in entries]
    assert [
        ("feedback.confirm", alert, True, "asked her"),
        ("feedback.confirm", alert, False, ""),
        ("feedback.reject", alert, True, "no, her brother"),
    ] == told


async def test_who_closed_the_alert_is_refused_and_told_why(browse, served, store):
    """The page shows no button, and the API says 403."""
    client = await browse([Role.APPROVER], **served)
    name = "boss1"
    alert = await alarmed(store, "s1", NEW_MOUSE, 31, closed_by=name)

    page = await (await client.get("/feedback")).text()
    assert "somebody else must confirm" in page
    assert "It was the user" not in page
    refused = await send(client, f"/labels/{alert}/confirm")
    assert (403, True) == (refused.status, "somebody else" in await refused.text())


@pytest.mark.parametrize("role", [one for one in Role if one is not Role.APPROVER])
async def test_only_an_approver_approves(browse, served, alert, role):
    """Whatever is asked; analysts may doubt."""
    client = await browse([role], **served)

    for path, came in (
        (f"/labels/{alert}/confirm", {}),
        ("/compare", {"user": "alice"}),
        ("/shadows/none/promote", {}),
        ("/shadows/none/reject", {}),
        ("/nudge", {"user": "alice", "share": 0.5}),
    ):
        assert 403 == (await send(client, path, **came)).status, path
    doubting = await send(client, f"/labels/{alert}/reject")
    assert (200 if role is Role.ANALYST else 403) == doubting.status


async def test_what_is_sensitive_wants_a_fresh_proof(browse, served):
    """Another template for somebody, other limits for somebody."""
    client = await browse([Role.APPROVER], **served)

    for path, came in (
        ("/shadows/none/promote", {}),
        ("/nudge", {"user": "alice", "share": 0.5}),
    ):
        refused = await send(client, path, **came)
        assert (403, True) == (refused.status, "/login/again" in await refused.text())
    await elevated(client)
    assert 409 == (await send(client, "/shadows/none/promote")).status
    assert 409 == (await send(client, "/shadows/none/reject")).status
    done = await (await send(client, "/nudge", user="alice", share=0.5)).json()
    assert {"user": "alice", "version": 2} == done
    assert 400 == (await send(client, "/nudge", user="alice", share=0.1)).status


async def test_a_comparison_without_numbers_has_no_picture(browse, served, store, alert):
    """It says what is missing."""
    client = await browse([Role.APPROVER], **served)
    await send(client, f"/labels/{alert}/confirm")

    def forget(connection):
        connection.execute("DELETE FROM session WHERE person <> 'alice' AND started > ?",
                           (NOW - 6 * 86_400,))  # fmt: skip

    await store.desk.write(forget)
    [shadow] = (await (await send(client, "/compare", user="alice")).json())["shadows"]

    assert "unknown" == shadow["comparison"]["verdict"]
    page = await (await client.get("/feedback")).text()
    assert 'class="det"' not in page
    assert "10 of each are needed" in page
