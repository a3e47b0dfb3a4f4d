"""One alert: what it says of itself, of its session, and of what is not known."""

from dataclasses import replace

import numpy as np
import pytest

from reauth.access import Role
from reauth.alert import Evidence, Reason, Resemblance, Risk, State, Step, move
from reauth.decide import POLICIES
from reauth.ports import Commit, Sought
from tests.hands import hand, moved
from tests.reauth.console.test_views import keep, page
from tests.rows import DAY, NOON, alarm, learnt, scored, session, tabbed


async def test_an_alert_is_shown_with_its_evidence(browse, store):
    """The picture, the numbers, the facts, and what to do next."""
    await keep(store, alarm())

    text = await page(await browse(), "/alerts/a1")

    assert "<svg" in text
    assert "61 of the last 100 trajectories" in text
    assert "-3.25" in text
    assert 'action="/alerts/a1/ack"' in text and 'action="/alerts/a1/close"' in text


@pytest.mark.parametrize("rule", [name for name in POLICIES if name != "window"])
async def test_an_alert_of_any_rule_says_how_far_it_went(browse, store, rule):
    """Its level against its bound, and that low scores are only part of it."""
    await keep(store, alarm(rule=rule, level=8.125, bound=7.5, limit=0))

    text = await page(await browse(), "/alerts/a1")

    assert "was 8.12; 7.50 raises an alert" in text
    assert "of the last 100 trajectories 61 were unlike" in text


@pytest.mark.parametrize("lane, words", [("bot", "unlike a hand"), ("replay", "seen before")])
async def test_an_alert_of_a_lane_says_what_it_asked(browse, store, lane, words):
    """With what all lanes said together, and without a template that there is none of."""
    risk = Risk(91, (Reason(lane, 0.9), Reason("identity", 0.125)))
    other = {"kind": lane, "limit": 0, "template_version": 0, "risk": risk}
    await keep(store, alarm(lane=lane, rule="cusum", level=8.0, bound=7.5, **other))

    text = await page(await browse(), "/alerts/a1")

    assert words in text
    assert "91 of 100" in text
    assert "another person 12 %" in text
    assert "<dt>Template" not in text


async def test_the_populations_alert_speaks_of_many(browse, store):
    """It is nobody's, and comes from no client."""
    many = {"user": None, "client": "", "session": None, "lane": None, "evidence": ()}
    await keep(store, alarm(kind="population", rule="population", low=5, window=40, **many))
    client = await browse()

    assert "5 of 40 people who were compared" in await page(client, "/alerts/a1")
    assert "many users" in await page(client, "/alerts?days=365")


async def test_an_alert_of_refused_tokens_speaks_of_tokens(browse, store):
    """Nobody's movement was judged."""
    await keep(store, alarm(kind="tokens", rule="tokens", low=3, limit=3, evidence=()))

    text = await page(await browse(), "/alerts/a1")

    assert "3 page tokens of this sender were refused; 3 raise an alert" in text


async def test_an_alert_of_silence_says_what_was_counted(browse, store):
    """In words; nobody's movement was judged."""
    await keep(store, alarm(kind="absence", rule="silent", low=10, limit=10, evidence=()))

    text = await page(await browse(), "/alerts/a1")

    assert "none told that it was there: 10; 10 raise an alert" in text


@pytest.mark.parametrize(
    "actions, words",
    [
        (["ack"], ["acknowledged"]),
        (["ack", "confirm"], ["true_positive", "confirmed", "somebody else sat there"]),
        (["expire"], ["expired"]),
    ],
)
async def test_an_alert_says_where_it_is_in_its_life(browse, store, actions, words):
    """And what may follow."""
    await keep(store, alarm())
    for action in actions:
        alert = await store.alert("a1")
        moved = move(alert, action, Step(NOON, action, "me", "somebody else sat there"))
        await store.update_alert(moved, alert.state)

    text = await page(await browse(), "/alerts/a1")

    assert [] == [word for word in words if word not in text]
    closed = (await store.alert("a1")).state is not State.ACKNOWLEDGED
    assert closed == ("/alerts/a1/close" not in text)


async def test_whom_the_movement_resembles_is_shown_as_evidence(browse, store):
    """With how likely it is, and what that is worth; a name alone would be an accusation."""
    await keep(store, alarm(resembles=Resemblance("berta", 0.75)))

    text = await page(await browse(), "/alerts/a1")

    assert "berta (75 %): evidence where to look, no proof" in text


async def test_an_alert_of_nobody_known_is_shown_too(browse, store):
    """Refused tokens have no user, no session, no lane."""
    await keep(store, alarm(user=None, evidence=()))

    text = await page(await browse(), "/alerts/a1")

    assert "unknown user" in text


async def test_an_unknown_alert_is_404(browse):
    """It may have been deleted by age."""
    assert 404 == (await (await browse()).get("/alerts/a9")).status


def fallen(**other):
    """An alert of a session whose scores fall from number 13 on, and its movements."""
    scores = [1.0 + 0.1 * (n % 3) for n in range(1, 13)] + [-2.0 - 0.1 * (n % 3) for n in range(8)]
    rows = [scored(n, score=score, received=NOON + n) for n, score in enumerate(scores, 1)]
    evidence = tuple(
        Evidence(f"{n:032x}", n, NOON + n, score, score < -0.5)
        for n, score in enumerate(scores, 1)
        if n > 10
    )
    found = alarm(evidence=evidence, raised_at=NOON + 20, first_anomaly_at=NOON + 13, **other)
    return rows, found


async def test_the_whole_session_is_drawn_with_the_moment_of_change(browse, store):
    """More than the alert rests on; when it changed, when it began to be odd, when it was told."""
    rows, found = fallen()
    await store.commit(Commit(sessions=[session()], trajectories=rows, alerts=[found]))
    text = await page(await browse(), "/alerts/a1")

    assert 20 == text.count("<title>trajectory ")
    assert "Scores fell from 1.10 to -2.09 nats on average" in " ".join(text.split())
    assert "at number 13, 2026-05-28 20:26:53" in text
    for mark in ("first anomaly", "alert", "change"):
        assert f">{mark}</text>" in text


async def test_what_is_gone_is_said_to_be_gone(browse, store):
    """A session is deleted sooner than its alert."""
    await store.commit(Commit(sessions=[session()], alerts=[alarm(session=None, of="s7")]))
    text = await page(await browse(), "/alerts/a1")

    assert "not known: the session is gone" in text
    assert "Not known: it has no session, or that is gone" in text
    assert "not known: nobody has measured it" in text


async def test_what_makes_the_evidence_doubtful_is_told(browse, store):
    """Forks, refusals, what was not compared, other findings; new devices; who else was there."""
    rows, found = fallen()
    rows[0] = replace(rows[0], score=None, reason="unknown_device", template_version=0)
    for n in range(12, 20):
        rows[n] = replace(rows[n], trajectory=replace(rows[n].trajectory, device="sparse/?/?"))
    other = alarm("a2", None, kind="absence", rule="forks", lane=None, evidence=(), low=2, limit=1)
    await store.commit(
        Commit(
            sessions=[session(), session("s2", client="10.0.0.7", source="address_map")],
            trajectories=[*rows, scored(1, "s2", received=NOON + 15)],
            tabs=[tabbed(forked=True)],
            rejects=[(NOON, "malformed", "anna")],
            alerts=[found, replace(other, raised_at=NOON)],
        )
    )
    text = await page(await browse(), "/alerts/a1")

    for words in (
        "A tab sent two stories",
        "1 batches were refused about that time: malformed",
        "1 movements of the session were not compared: unknown device",
        "Another alert about that time: Tabs of which two senders said different things",
        "changed: ",
        "<code>sparse/?/?</code> from 13",
        "10.0.0.7 (address map)",
        "by a name and password at the proxy (confidence 0.90 of 1)",
    ):
        assert words in text


async def test_nothing_doubtful_is_said_too(browse, store):
    """So that nobody wonders whether it was looked for."""
    rows, found = fallen()
    await store.commit(Commit(sessions=[session()], trajectories=rows, alerts=[found]))

    assert "Nothing speaks against the evidence" in await page(await browse(), "/alerts/a1")


async def test_the_template_is_told_with_its_age_and_what_it_is_worth(browse, store):
    """Days between false alarms are the user's own, of the rule and window that alarmed."""
    await store.save_template(learnt(enrolled_at=NOON - 3 * DAY))
    rows, found = fallen()
    await store.commit(Commit(sessions=[session()], trajectories=rows, alerts=[found]))
    text = " ".join((await page(await browse(), "/alerts/a1")).split())

    assert "version 1, 3 days old then" in text
    assert "<dd>1.0 % of such stretches</dd>" in text and "<dd>5.0 % of such stretches</dd>" in text


async def of_two_hands(store):
    """A user's own session, and another person's in the alert's."""
    own, seen = moved(hand(1), 90, 2), moved(hand(4, tremor=3.0, period=0.02), 30, 3)
    rows = [replace(scored(n, "s0"), trajectory=one) for n, one in enumerate(own)]
    rows += [replace(scored(n, "s1", score=-3.0), trajectory=one) for n, one in enumerate(seen)]
    evidence = tuple(Evidence(one.id, n, NOON + n, -3.0, True) for n, one in enumerate(seen))
    await store.save_template(learnt())
    sessions = [session("s0", started=NOON - DAY), session()]
    found = alarm(evidence=evidence)
    await store.commit(Commit(sessions=sessions, trajectories=rows, alerts=[found]))
    return own, seen


async def test_how_it_differs_is_said_in_words_and_drawn(browse, store, site):
    """A piece for the alert's page, a page by itself; the picture holds shapes and no places."""
    _, seen = await of_two_hands(store)
    client = await browse()
    words = await page(client, "/alerts/a1/words")
    assert f"{len(seen)} anomalous movements against" in words
    assert "deviations)" in words and "<h1>" in words
    piece = await client.get("/alerts/a1/words", headers={"HX-Request": "true"})
    assert "<html" not in await piece.text()

    drawn = await page(client, "/alerts/a1/movement")
    assert 'class="overlay"' in drawn and 'class="seen"' in drawn and 'class="own"' in drawn
    places = {
        f"{value:.1f}" for one in seen for value in np.concatenate((one.x, one.y)) if value > 400
    }
    assert not [value for value in places if f" {value}," in drawn or f",{value} " in drawn]


async def test_each_look_at_movement_is_audited_and_a_viewer_has_none(browse, store, site):
    """Words are no path; a viewer's page has no picture and says why."""
    await of_two_hands(store)
    analyst, viewer = await browse(roles=[Role.ANALYST]), await browse(roles=[Role.VIEWER])
    await page(analyst, "/alerts/a1/movement")
    await page(viewer, "/alerts/a1/words")
    assert 403 == (await viewer.get("/alerts/a1/movement")).status
    shown = await page(viewer, "/alerts/a1")
    assert "You may not see movement" in shown and "/alerts/a1/movement" not in shown

    [looked, refused] = [
        entry.deed for entry in await looks(site) if entry.deed.action == "movement.look"
    ]
    assert ("boss1", "a1", True) == (looked.who, looked.subject, looked.done)
    assert ("boss2", "a1", False) == (refused.who, refused.subject, refused.done)


async def looks(site):
    """The audit, oldest first."""
    return sorted(await site.audit.entries(Sought(), 100), key=lambda entry: entry.number)
