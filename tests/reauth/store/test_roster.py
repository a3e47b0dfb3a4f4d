"""The list of users in SQL: what it finds is what `people` says, in order, page by page."""

from dataclasses import replace

import pytest

from reauth.alert import State
from reauth.doors import doors_of
from reauth.person import Enrolled
from reauth.ports import Commit
from reauth.ports.roster import Asked, Line, LineState, Order, Run
from reauth.store import roster
from tests.rows import DAY, NOON, alarm, learnt, scored, session


@pytest.fixture
def doors(store):
    """The groups of tables."""
    return doors_of(store)


async def town(store):
    """Somebody in every state, and one whose only session was somebody else's."""
    counts = {"anna": 3, "Bert": 9, "carl": 5, "evil": 2}
    rows = [scored(n, f"s-{u}", u, score=None) for u, c in counts.items() for n in range(1, c + 1)]
    await store.commit(
        Commit(sessions=[session(f"s-{user}", user) for user in counts], trajectories=rows)
    )
    await store.commit(Commit(alerts=[alarm(of="s-evil", user="evil")]))
    alert = await store.alert("a1")
    await store.update_alert(replace(alert, state=State.CONFIRMED), State.OPEN)
    await store.save_template(learnt("carl"))
    await store.save_template(learnt("dora", provisional=True, enrolled_at=NOON + DAY))
    await store.set_paused("Bert", True)


def names(listing):
    """Who, in order."""
    return [row.user for row in listing.people]


async def test_states_are_those_of_enrolment(store, doors):
    """Whoever's every session was somebody else's has gathered nothing."""
    await town(store)
    found = await doors.roster.listing(Asked())

    assert {"paused": 1, "gathering": 1, "active": 1, "provisional": 1, "none": 1} == found.states
    assert 5 == found.total
    assert sorted(await store.people(), key=lambda row: row.user) == list(found.people)
    for state, who in (
        (Enrolled.PAUSED, "Bert"), (Enrolled.GATHERING, "anna"), (Enrolled.ACTIVE, "carl"),
        (Enrolled.PROVISIONAL, "dora"), (Enrolled.NONE, "evil"),
    ):  # fmt: skip
        one = await doors.roster.listing(Asked(state=state))
        assert ([who], 1) == (names(one), one.total)


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        (Asked(search="AN"), ["anna"]),
        (Asked(search="%"), []),
        (Asked(order=Order.USER, descending=True), ["evil", "dora", "carl", "anna", "Bert"]),
        (Asked(order=Order.PROGRESS, needed=9), ["evil", "anna", "Bert", "carl", "dora"]),
        (Asked(order=Order.PROGRESS, needed=2), ["evil", "Bert", "anna", "carl", "dora"]),
        (Asked(order=Order.TEMPLATE, descending=True, most=2), ["dora", "carl"]),
        (Asked(order=Order.STATE), ["carl", "anna", "evil", "Bert", "dora"]),
        (Asked(first=3, most=1), ["dora"]),
        (Asked(first=9), []),
    ],
)
async def test_a_list_is_in_order(store, doors, asked, wanted):
    """Names decide between equals; progress ends at what is needed."""
    await town(store)

    assert wanted == names(await doors.roster.listing(asked))


async def test_nobody_is_a_list_too(doors):
    """Of an empty store."""
    found = await doors.roster.listing(Asked())

    assert ([], 0, {}) == (list(found.people), found.total, found.states)


async def test_what_is_known_of_one(store, doors):
    """Templates newest first, alerts newest first, remarks."""
    await town(store)
    await store.save_template(learnt("carl"))
    later = alarm("a3", "s-x", "carl", raised_at=NOON + 1)
    await store.commit(Commit(alerts=[alarm("a2", "s-carl", "carl"), later]))
    assert [(2, True), (1, False)] == [
        (row.version, row.active) for row in await doors.roster.versions("carl")
    ]
    assert 0.05 == (await doors.roster.versions("carl"))[0].quality["100"]["far"]
    assert ["a3", "a2"] == [alert.id for alert in await doors.roster.alerts_of("carl", 9)]
    await doors.roster.expect("fred", "desk 4")
    await doors.roster.expect("fred", "")
    await doors.roster.pause("fred", "broken arm")
    told = await doors.roster.remarks("fred")
    assert ("desk 4", "broken arm") == (told.note, told.paused_why)
    assert (await store.person("fred")).paused
    await doors.roster.resume("fred")
    assert ("desk 4", "") == (
        (await doors.roster.remarks("fred")).note,
        (await doors.roster.remarks("fred")).paused_why,
    )
    assert not (await store.person("fred")).paused


async def test_lists_are_kept_until_their_lines_are_done(doors):
    """The oldest line first, none twice."""
    lines = (Line(1, "anna", "x"), Line(2, "bert", file="b.csv"))
    await doors.runs.begin(Run("r1", NOON, "eve", lines))
    assert ("r1", lines[0]) == await doors.runs.waiting()
    done = replace(lines[0], state=LineState.DONE, told="trained")
    await doors.runs.told("r1", done)
    assert ("r1", lines[1]) == await doors.runs.waiting()
    await doors.runs.told("r1", replace(lines[1], state=LineState.FAILED))
    assert None is await doors.runs.waiting()
    kept = await doors.runs.run("r1")
    assert (done, "eve") == (kept.lines[0], kept.begun_by)
    assert ["r1"] == [run.id for run in await doors.runs.runs()]
    assert None is await doors.runs.run("r2")


async def test_who_is_deleted_is_on_no_list(store, doors):
    """And lists go with the movement that they are of."""
    await doors.runs.begin(Run("r1", NOON, "eve", (Line(1, "anna"), Line(2, "bert"))))
    await store.delete_user("anna")
    assert ["bert"] == [line.user for line in (await doors.runs.run("r1")).lines]
    await store.expire(NOON + 31 * DAY)
    assert None is await doors.runs.run("r1")


async def test_a_page_is_read_from_indices_alone(store, doors):
    """Ten thousand users have millions of rows: no step may go through sessions or templates."""
    sql = roster._LISTING.format(key="name", turn="ASC")
    values = {"cut": "pause", "search": "", "needed": 300, "state": None, "first": 0, "most": 50}

    def plan(connection):
        return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]

    steps = await store.desk.read(plan)
    assert [] == [
        step
        for step in steps
        if ("SCAN session" in step or "SCAN template" in step) and "COVERING" not in step
    ]
    touched = [step for step in steps if " session " in step and "SEARCH" in step]
    assert touched and all("session_gathered" in step for step in touched)
