"""`reauth alerts`: what scripts read and people type, on a real store."""

import asyncio

import pytest

from reauth import app
from reauth.alert import Resemblance
from reauth.ports import Commit
from tests.rows import NOON, alarm, session

KEYS = {
    "id", "user", "client", "session", "lane", "kind", "state", "first_anomaly_at", "raised_at",
    "score", "threshold", "window", "evidence", "note", "verdict",
}  # fmt: skip
"""interfaces.md §6."""


@pytest.fixture
def alarmed(place):
    """A place with three open alerts, an hour apart."""

    async def keep():
        async with app.opened_store(app.load_settings(place.config)) as store:
            await store.commit(
                Commit(
                    sessions=[session(f"s{n}") for n in range(3)],
                    alerts=[alarm(f"a{n}", f"s{n}", raised_at=NOON + n * 3600) for n in range(3)],
                )
            )

    asyncio.run(keep())
    return place


def ids(said):
    """Of the alerts that were listed."""
    return [alert["id"] for alert in said.json]


def test_the_list_is_an_array_oldest_first(alarmed):
    """With all the keys that scripts rely on."""
    said = alarmed.type("alerts", "list", "--json")

    assert ["a0", "a1", "a2"] == ids(said)
    first = said.json[0]
    assert set(first) >= KEYS
    assert "2026-05-28T20:26:40.000Z" == first["raised_at"]
    assert ("open", "impostor", "", None) == tuple(
        first[key] for key in ("state", "kind", "note", "verdict")
    )


def test_a_script_reads_on_from_the_last_alert_it_saw(alarmed):
    """Nothing twice, nothing missed."""
    first = ids(alarmed.type("alerts", "list", "--limit", 2, "--json"))

    assert ["a2"] == ids(alarmed.type("alerts", "list", "--cursor", first[-1], "--json"))
    assert 1 == alarmed.type("alerts", "list", "--cursor", "a9", "--json").code


def test_a_list_is_narrowed_by_state_and_time(alarmed):
    """RFC 3339, with a zone: a moment without one is nobody's moment."""
    alarmed.type("alerts", "ack", "a1")

    assert ["a0", "a2"] == ids(alarmed.type("alerts", "list", "--state", "open", "--json"))
    since = ("--since", "2026-05-28T21:26:40Z")
    assert ["a1", "a2"] == ids(alarmed.type("alerts", "list", *since, "--json"))
    assert ["a1", "a2"] == ids(
        alarmed.type("alerts", "list", "--since", "2026-05-28T23:26:40+02:00", "--json")
    )
    for wrong in ("yesterday", "2026-05-28T21:26:40"):
        assert 2 == alarmed.type("alerts", "list", "--since", wrong).code
    for wrong in (0, 2**63, "²"):
        assert 2 == alarmed.type("alerts", "list", "--limit", wrong).code
    assert 2 == alarmed.type("alerts", "list", "--state", "shut").code


def test_without_a_limit_all_are_listed(place):
    """However many: a script that asks for no part must not get one."""

    async def keep():
        async with app.opened_store(app.load_settings(place.config)) as store:
            await store.commit(Commit(alerts=[alarm(f"a{n}", f"s{n}") for n in range(1001)]))

    asyncio.run(keep())
    assert 1001 == len(ids(place.type("alerts", "list", "--json")))


def test_whom_the_movement_resembles_is_told(place):
    """To people in words, to scripts with all digits."""

    async def keep():
        async with app.opened_store(app.load_settings(place.config)) as store:
            resembles = Resemblance("berta", 0.754)
            await store.commit(Commit(alerts=[alarm("a1", resembles=resembles)]))

    asyncio.run(keep())
    told = place.type("alerts", "show", "a1", "--json").json["resembles"]
    assert {"user": "berta", "posterior": 0.754} == told
    assert "berta, 75%: evidence where to look, no proof" in place.type("alerts", "show", "a1").out


def test_an_alert_is_taken_then_closed(alarmed):
    """Each step with a note; the verdict comes with the last one."""
    assert 0 == alarmed.type("alerts", "ack", "a0", "--note", "asking").code
    said = alarmed.type("alerts", "confirm", "a0", "--note", "theft")

    shown = alarmed.type("alerts", "show", "a0", "--json").json
    assert "a0 is confirmed, verdict true_positive\n" == said.out
    assert ("confirmed", "true_positive", "theft") == tuple(
        shown[key] for key in ("state", "verdict", "note")
    )
    assert ["ack", "confirm"] == [step["action"] for step in shown["history"]]


def test_a_dismissal_is_a_false_positive_unless_told_otherwise(alarmed):
    """--verdict names it."""
    for alert, words, verdict in (("a0", (), "false_positive"), ("a1", ("benign",), "benign")):
        alarmed.type("alerts", "ack", alert)
        named = ("--verdict", *words) if words else ()
        assert 0 == alarmed.type("alerts", "dismiss", alert, *named).code
        assert verdict == alarmed.type("alerts", "show", alert, "--json").json["verdict"]


def test_an_illegal_step_is_refused(alarmed):
    """An open alert is taken before it is closed; a closed one stays closed."""
    said = alarmed.type("alerts", "confirm", "a0")

    assert (1, "") == (said.code, said.out)
    assert "cannot confirm an alert that is open" in said.err
    assert "open" == alarmed.type("alerts", "show", "a0", "--json").json["state"]
    alarmed.type("alerts", "ack", "a0")
    alarmed.type("alerts", "dismiss", "a0")
    assert 1 == alarmed.type("alerts", "ack", "a0").code
    assert 2 == alarmed.type("alerts", "dismiss", "a1", "--verdict", "perhaps").code


@pytest.mark.parametrize("verb", ["show", "ack", "confirm", "dismiss"])
def test_an_unknown_alert_is_a_failure(alarmed, verb):
    """And the message says where the known ones are."""
    said = alarmed.type("alerts", verb, "a9")

    assert 1 == said.code
    assert "there is no alert 'a9'; `reauth alerts list`" in said.err


def test_a_person_reads_tables(alarmed):
    """Without --json; a table without rows says so in words."""
    alarmed.type("alerts", "ack", "a0", "--note", "asking")
    listed, shown = alarmed.type("alerts", "list").out, alarmed.type("alerts", "show", "a0").out

    assert "61 of 100" in listed
    assert "-3.25*" in shown
    assert "asking" in shown
    assert "no alerts\n" == alarmed.type("alerts", "list", "--state", "expired").out


def test_alerts_are_assigned_tagged_and_noted(alarmed):
    """Each is a step of the history, with who did it, and stands in the audit."""
    assert "a0 is anna's\n" == alarmed.type("alerts", "assign", "a0", "anna").out
    assert "a0: night vpn\n" == alarmed.type("alerts", "tag", "a0", "vpn", "night").out
    assert "a0: vpn\n" == alarmed.type("alerts", "tag", "a0", "--remove", "night").out
    assert "a0: asked her\n" == alarmed.type("alerts", "note", "a0", "asked her").out
    shown = alarmed.type("alerts", "show", "a0", "--json").json
    assert ("anna", ["vpn"], "asked her") == (shown["assignee"], shown["tags"], shown["note"])
    assert ["assign", "tag", "tag", "note"] == [step["action"] for step in shown["history"]]
    assert "a0 is nobody's\n" == alarmed.type("alerts", "assign", "a0").out

    assert 1 == alarmed.type("alerts", "tag", "a0", "two words").code
    assert 1 == alarmed.type("alerts", "note", "a9", "x").code
    told = [(one["action"], one["done"]) for one in alarmed.type("audit", "list", "--json").json]
    assert [("alert.note", False), ("alert.tag", False), ("alert.assign", True)] == told[:3]


def test_a_list_is_narrowed_by_severity(alarmed):
    """One or several."""
    low = ("--severity", "low", "--severity", "high")
    assert [] == ids(alarmed.type("alerts", "list", *low, "--json"))
    both = ("--severity", "low", "--severity", "medium", "--limit", 2)
    assert ["a0", "a1"] == ids(alarmed.type("alerts", "list", *both, "--json"))
    assert 2 == alarmed.type("alerts", "list", "--severity", "huge").code


def test_a_test_alert_is_marked_as_one(alarmed):
    """Of the kind and severity that were asked for; closed as a test; in the audit."""
    alert = alarmed.type("alerts", "test", "--kind", "bot", "--severity", "high", "--json").json
    assert (True, "bot", "high") == (alert["test"], alert["kind"], alert["severity"])
    assert alert == alarmed.type("alerts", "show", alert["id"], "--json").json
    alarmed.type("alerts", "ack", alert["id"])
    assert "verdict test" in alarmed.type("alerts", "dismiss", alert["id"]).out
    assert "is a test, told to 1 sinks" in alarmed.type("alerts", "test").out
    assert "alert.test" == alarmed.type("audit", "list", "--json").json[0]["action"]


def test_alerts_that_belong_together_are_one_group(alarmed):
    """An hour apart they are three; each names its alerts."""
    told = alarmed.type("alerts", "groups", "--json").json
    assert [["a2"], ["a1"], ["a0"]] == [group["ids"] for group in told]
    assert "anna" in alarmed.type("alerts", "groups").out
    assert "no alerts\n" == alarmed.type("alerts", "groups", "--since", "2999-01-01T00:00:00Z").out
