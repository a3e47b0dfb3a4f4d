"""`reauth feedback`: what people type, on a real installation, under two names."""

import asyncio

import pytest

from reauth import app
from reauth.alert import Step, move
from reauth.cli import deeds
from reauth.ports import Commit, TrajectoryRow
from tests.hands import hand, moved
from tests.rows import NOON, alarm, session


def dismiss(place, name="s1", person=9, by="eva", verdict=None):
    """A session of alice's with somebody's movement, whose alert was dismissed; the alert's id."""

    async def keep():
        async with app.opened_store(app.load_settings(place.config)) as store:
            drawn = moved(hand(person), 40, 5, start=app.now())
            rows = [
                TrajectoryRow(name, "alice", "identity", number, "5e1f", NOON, one, -2.0, None, 1)
                for number, one in enumerate(drawn, 1)
            ]
            await store.commit(Commit(sessions=[session(name, "alice")], trajectories=rows))
            alert = alarm(f"alert-{name}", name, "alice")
            await store.commit(Commit(alerts=[alert]))
            for act in ("ack", "dismiss"):
                given = verdict if act == "dismiss" else None
                after = move(alert, act, Step(NOON, act, by, ""), given)
                assert await store.update_alert(after, alert.state)
                alert = after
            return alert.id

    return asyncio.run(keep())


@pytest.fixture
def eva(monkeypatch):
    """Change who sits at the keyboard."""

    def sit(name):
        monkeypatch.setattr(deeds.getpass, "getuser", lambda: name)

    return sit


def test_nothing_was_closed_yet(place):
    """An empty list says so."""
    assert "no alert of a user's session was closed yet" in place.type("feedback", "list").out
    assert {"labels": [], "shadows": []} == place.type("feedback", "list", "--json").json


def test_two_people_teach_and_one_undoes_it(town, eva):
    """From the dismissal to the new version and back, every step under a name."""
    alert = dismiss(town)
    eva("eva")
    refused = town.type("feedback", "confirm", alert)
    assert (1, True) == (refused.code, "somebody else must confirm" in refused.err)
    eva("adam")
    said = town.type("feedback", "confirm", alert, "--reason", "asked her")
    assert "it was alice, say eva and adam" in said.out

    [shadow] = town.type("feedback", "compare", "alice", "--json").json
    assert ("waiting", 1, [alert]) == (shadow["state"], shadow["base"], shadow["alerts"])
    eva("eva")
    assert 1 == town.type("feedback", "promote", "alice").code
    eva("adam")
    assert "version 2 is active" in town.type("feedback", "promote", "alice").out
    listed = town.type("feedback", "list").out
    assert "taught" in listed
    assert "promoted" in listed
    assert 0 == town.type("enrol", "rollback", "alice", "--to", 1).code
    actions = {entry["action"] for entry in town.type("audit", "list", "--json").json}
    assert {"feedback.confirm", "feedback.compare", "feedback.promote"} <= actions


def test_a_shadow_is_rejected_with_what_it_learnt_from(town, eva):
    """And comparing again finds nothing."""
    alert = dismiss(town)
    eva("adam")
    town.type("feedback", "confirm", alert)
    compared = town.type("feedback", "compare", "alice")
    assert (0, True) == (compared.code, "unknown: " in compared.out)
    assert "never trains" in town.type("feedback", "discard", "alice").out

    for words in (("compare", "alice"), ("promote", "alice"), ("discard", "alice")):
        assert 1 == town.type("feedback", *words).code
    assert 1 == town.type("feedback", "reject", alert).code


def test_a_candidate_is_rejected(town, eva):
    """By whoever doubts; with a reason."""
    alert = dismiss(town)
    eva("zoe")
    assert "never trains" in town.type("feedback", "reject", alert, "--reason", "no").out

    [label] = town.type("feedback", "list", "--json").json["labels"]
    assert ("never", "zoe", "no") == (label["standing"], label["decided_by"], label["reason"])


def test_fewer_false_alarms_within_bounds(town):
    """What lies outside is asked wrongly."""
    assert "version 2 is active" in town.type("feedback", "nudge", "alice", "--share", 0.5).out
    for share in ("0.1", "2", "half"):
        assert 2 == town.type("feedback", "nudge", "alice", "--share", share).code
