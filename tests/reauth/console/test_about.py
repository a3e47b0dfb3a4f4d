"""What may be concluded from an alert: with the user's own figures, and nobody else's."""

from dataclasses import replace

import pytest

from reauth.ports import Commit
from reauth.template import Quality
from tests.rows import alarm, learnt, session


@pytest.fixture
async def client(browse, store):
    """Of a console with an alert of a user whose template has been measured."""
    await store.save_template(learnt())
    alerts = [alarm("a0"), replace(alarm("a1", "s2"), window=50), alarm("a2", "s3", user="bert")]
    sessions = [session("s1"), session("s2"), session("s3", "bert")]
    await store.commit(Commit(sessions=sessions, alerts=alerts))
    return await browse()


async def text(client, path):
    """A page's words, whatever lines they are broken into."""
    answer = await client.get(path)
    assert 200 == answer.status
    return " ".join((await answer.text()).split())


async def test_an_alerts_page_gives_the_figures_of_its_own_template(client):
    """Both errors with their intervals."""
    page = await text(client, "/help/alerts?alert=a0")

    assert "How often it is wrong about anna" in page
    assert "1.0 % of anna's own stretches of 100 trajectories (95 %: 0.0 % to 3.0 %)" in page
    assert "5.0 % of other people's (95 %: 2.0 % to 8.0 %)" in page


@pytest.mark.parametrize("alert", ["a1", "a2"])
async def test_what_nobody_measured_is_said_to_be_so(client, alert):
    """Of another window, or of somebody without a template: no figure stands in for it."""
    page = await text(client, f"/help/alerts?alert={alert}")

    assert "Nobody has measured it" in page
    assert "5.0 %" not in page


async def test_figures_of_another_rule_are_not_this_alerts(client, store):
    """What the count promises the sum does not."""
    quality = {100: Quality(100, 60, 0.05, 0.01, None, None, policy="cusum")}
    await store.save_template(learnt("bert", quality=quality))

    assert "Nobody has measured it" in await text(client, "/help/alerts?alert=a2")


async def test_the_page_alone_says_what_holds_for_every_alert(client):
    """No proof, no measure of work; and whoever asks for an alert that is not there is told."""
    page = await text(client, "/help/alerts")

    assert "It is no proof of anything, and says nothing about how anybody works" in page
    assert "How often it is wrong" not in page
    assert 404 == (await client.get("/help/alerts?alert=a9")).status
