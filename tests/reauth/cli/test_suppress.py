"""`reauth suppress` and `reauth maintenance`: made, listed with what they held, ended, audited."""

import asyncio

import pytest

from reauth import app
from reauth.ports import Commit
from reauth.raising import Raising
from reauth.settings import Alerts
from reauth.severity import Assets
from tests.rows import alarm, session


def raised(place, user):
    """An alert of a user, through what an engine would ask."""

    async def keep():
        async with app.opened_doors(app.load_settings(place.config)) as doors:
            now = app.now()
            raising = Raising(doors.cases, doors.suppressions, Alerts(), Assets())
            alerts = await raising.dress([alarm(user, user, user, raised_at=now)], now)
            await doors.store.commit(Commit(sessions=[session(user, user)], alerts=alerts))

    asyncio.run(keep())


@pytest.mark.parametrize("name", ["suppress", "maintenance"])
def test_what_is_held_back_is_kept_and_counted(place, name):
    """Shown as suppressed, with what holds it back; the next one after the end is told."""
    made = place.type(name, "add", "--user", "anna", "--hours", 1, "--reason", "wrist", "--json")
    rule = made.json
    raised(place, "anna")
    raised(place, "bert")

    alerts = place.type("alerts", "list", "--json").json
    assert [("anna", rule["id"]), ("bert", None)] == [(one["user"], one["held"]) for one in alerts]
    [listed] = place.type(name, "list", "--json").json
    assert (1, "wrist", "anna") == (listed["held"], listed["reason"], listed["scope"]["user"])
    assert rule["id"] in place.type(name, "list").out
    assert "it held back 1 alerts" in place.type(name, "end", rule["id"]).out

    actions = [one["action"] for one in place.type("audit", "list", "--json").json]
    word = "suppression" if name == "suppress" else name
    assert [f"{word}.end", f"{word}.add"] == actions
    assert "wrist" == place.type("audit", "list", "--json").json[-1]["reason"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("suppress", "add", "--hours", 1, "--reason", "x"), 1),
        (("suppress", "add", "--user", "a", "--hours", 1), 2),
        (("suppress", "add", "--user", "a", "--reason", "x"), 2),
        (("suppress", "add", "--user", "a", "--reason", "x", "--hours", 0), 2),
        (("suppress", "add", "--user", "a", "--reason", "x", "--hours", "many"), 2),
        (("suppress", "add", "--network", "ten", "--reason", "x", "--hours", 1), 1),
        (("suppress", "end", "rule-0"), 1),
        (("maintenance", "add", "--hours", 9000, "--reason", "x"), 1),
    ],
)
def test_what_may_be_no_rule_is_refused(place, words, code):
    """With the reason, and nothing is kept."""
    assert code == place.type(*words).code
    assert "none\n" == place.type(words[0], "list").out


def test_a_window_may_begin_later_and_be_of_everything(place):
    """It says who answers for it."""
    begins = ("--from", "2999-01-01T00:00:00Z", "--owner", "the desk")
    place.type("maintenance", "add", *begins, "--hours", 2, "--reason", "new browsers")

    [listed] = place.type("maintenance", "list", "--json").json
    assert ("2999-01-01T02:00:00.000Z", "the desk") == (listed["ends"], listed["owner"])
    assert "everything" in place.type("maintenance", "list").out
