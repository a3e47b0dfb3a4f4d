"""What surrounds an alert: its own session's, its own time's, and nobody else's."""

from dataclasses import replace

import pytest

from reauth.alert import Evidence
from reauth.doors import doors_of
from reauth.ports import Commit
from reauth.ports.scene import Backlog
from reauth.store.scene import AFTER, MOST
from tests.rows import DAY, NOON, alarm, held, learnt, same, scored, session, tabbed


def evidence(*numbers):
    """Low scores of these numbers."""
    return tuple(Evidence(f"{n:032x}", n, NOON + n, -3.0, True) for n in numbers)


def source_of(name):
    """How an imported recording and anything else is known."""
    return "import" if name == "import" else "proxy_auth"


@pytest.fixture
def scenes(store):
    """The door."""
    return doors_of(store).scenes


async def test_scores_are_those_of_the_lane_about_the_alert(store, scenes):
    """In order, with what came a little after; of a long session no more than can be drawn."""
    count = MOST + AFTER + 60
    rows = [scored(n, received=NOON + n) for n in range(1, count + 1)]
    await store.commit(Commit(sessions=[session()], trajectories=[*rows, scored(3, lane="bot")]))
    found = await scenes.scene(alarm(evidence=evidence(count - 100)))

    last = count - 100 + AFTER
    assert list(range(last - MOST + 1, last + 1)) == [point.number for point in found.points]
    assert ("proxy_auth", 0.9, 1.5, None) == (
        found.source, found.confidence, found.points[0].score, found.points[0].reason
    )  # fmt: skip


async def test_sessions_beside_it_are_the_users_at_that_time(store, scenes):
    """Neither one's own session, nor another user's, nor what had ended or had yet to begin."""
    others = {
        "import": ("anna", "import", NOON - 5),
        "beside": ("anna", "10.0.0.2", NOON - 5),
        "before": ("anna", "10.0.0.3", NOON - DAY),
        "after": ("anna", "10.0.0.4", NOON + DAY),
        "another": ("berta", "10.0.0.5", NOON - 5),
    }
    sessions = [
        session(name, user, started=at, client=client, source=source_of(name))
        for name, (user, client, at) in others.items()
    ]
    rows = [scored(1, name, received=at) for name, (_, _, at) in others.items()]
    await store.commit(Commit(sessions=[session(), *sessions], trajectories=rows))
    found = await scenes.scene(alarm())

    assert ["10.0.0.2"] == [one.client for one in found.beside]


async def test_doubts_are_of_this_user_and_client(store, scenes):
    """A fork of somebody else's tab, and refusals of another day, are not told here."""
    await store.commit(
        Commit(
            sessions=[session()],
            tabs=[tabbed(), tabbed(b"u" * 16, "berta", forked=True)],
            rejects=[(NOON - 9 * DAY, "malformed", "anna"), (NOON, "bad_token", "berta")],
        )
    )
    clean = await scenes.scene(alarm())
    assert (False, 0, {}) == (clean.forked, clean.waiting, dict(clean.refused))

    await store.commit(
        Commit(
            tabs=[tabbed(forked=True)],
            held=[held(4), held(5)],
            rejects=[(NOON, "malformed", "anna"), (NOON - 30, "malformed", "anna")],
        )
    )
    found = await scenes.scene(alarm())
    assert (True, 2, {"malformed": 2}) == (found.forked, found.waiting, dict(found.refused))


async def test_a_session_that_is_gone_has_no_scene(store, scenes):
    """Nor has an alert without one."""
    assert await scenes.scene(alarm()) is None
    assert await scenes.scene(alarm(session=None)) is None


async def test_the_templates_age_is_that_of_the_one_that_compared(store, scenes):
    """None once it is gone."""
    await store.commit(Commit(sessions=[session()]))
    assert (await scenes.scene(alarm())).learnt is None
    await store.save_template(learnt(enrolled_at=NOON - 5))
    await store.save_template(learnt(enrolled_at=NOON - 1))
    assert NOON - 5 == (await scenes.scene(alarm(template_version=1))).learnt


async def test_footage_is_the_low_movement_that_it_rests_on_and_what_came_after(store, scenes):
    """Neither what was low before, nor what was like the user."""
    scores = {1: -3.0, 2: -3.0, 3: 1.0, 4: -2.0, 5: -3.0, 6: 1.0, 90: -3.0}
    rows = [scored(n, score=score) for n, score in scores.items()]
    await store.commit(Commit(sessions=[session()], trajectories=rows))
    footage = await scenes.footage(alarm(evidence=evidence(2, 4)), 9)

    assert [2, 4, 5] == [
        n for n, row in zip(scores, rows, strict=True) for one in footage.seen
        if same(one, row.trajectory)
    ]  # fmt: skip


async def test_the_users_own_movement_is_of_the_same_device(store, scenes):
    """From sessions that may train: this one's alert is unresolved, so nothing of it is own."""

    def of(device, row):
        return replace(row, trajectory=replace(row.trajectory, device=device))

    mouse, phone = "frame/mouse/large", "frame/touch/hand"
    own = [of(mouse if n < 4 else phone, scored(n, "s0", seed=100 + n)) for n in range(1, 7)]
    rows = [of(mouse, scored(n, score=1.5 if n % 2 else -3.0)) for n in range(1, 5)]
    found = alarm(evidence=evidence(2, 4))
    await store.commit(
        Commit(
            sessions=[session("s0", started=NOON - DAY), session()],
            trajectories=[*own, *rows],
            alerts=[found],
        )
    )
    footage = await scenes.footage(found, 2)

    assert [True, True] == [
        same(one, rows[n - 1].trajectory) for one, n in zip(footage.seen, (2, 4), strict=True)
    ]
    assert [True, True] == [
        same(one, each.trajectory) for one, each in zip(footage.own, own[1:3], strict=True)
    ]


async def test_a_backlog_is_told_by_sink_and_what_arrived_is_not(store, scenes):
    """Not yet tried, tried again, given up."""
    await store.commit(Commit(sessions=[session()], alerts=[alarm()]))
    rows = [("a", 0, "waiting"), ("b", 3, "waiting"), ("c", 9, "given_up"), ("d", 1, "delivered")]

    def fill(connection):
        for number, (sink, attempts, state) in enumerate(rows, 100):
            connection.execute(
                "INSERT INTO outbox (id, alert, sink, event, attempts, due, state)"
                " VALUES (?, 'a1', ?, 'raised', ?, 0, ?)",
                (number, sink, attempts, state),
            )

    await store.desk.on(store.desk.writer, fill)
    told = [one for one in await scenes.backlog() if len(one.sink) == 1]

    assert [Backlog("a", 1, 0, 0), Backlog("b", 0, 1, 0), Backlog("c", 0, 0, 1)] == told
