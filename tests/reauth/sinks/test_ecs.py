"""The Elastic Common Schema. Its field reference comes in no package: each field and each value was
read against `ecs_flat.yml` of 9.4.0 once, and the golden file holds what was read."""

import pytest

from reauth.news import Event, Letterhead, News
from reauth.sinks.ecs import VERSION, ecs
from tests.contracts.test_sink import ALERTS, HEAD
from tests.rows import alarm

CATEGORIES = {"authentication", "iam", "intrusion_detection", "session"}
"""Of `event.category`, those that an alert of ours may be in; all three know the type `info`."""
FIELDS = {
    "@timestamp", "ecs.version", "message", "event.kind", "event.category", "event.type",
    "event.action", "event.id", "event.code", "event.provider", "event.module", "event.dataset",
    "event.created", "event.start", "event.severity", "event.reason", "event.risk_score",
    "event.risk_score_norm", "event.url", "rule.id", "rule.name", "rule.category", "rule.version",
    "observer.vendor", "observer.product", "observer.type", "observer.version", "source.ip",
    "related.ip", "related.user", "user.name", "user.risk.calculated_level",
    "user.risk.calculated_score", "user.risk.calculated_score_norm",
}  # fmt: skip
"""Of ECS 9.4.0, those that are used."""


def flat(document, before=""):
    """Names of fields with full stops, as ECS writes them; ours are left out."""
    for name, value in document.items():
        if isinstance(value, dict) and before + name != "reauth":
            yield from flat(value, f"{before}{name}.")
        elif before + name != "reauth":
            yield before + name


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("alert", ALERTS)
def test_every_field_is_one_of_the_schema(alert, event):
    """What it has none for stands below `reauth`, as its guidelines want."""
    document = ecs(News(ALERTS[alert], event), HEAD)

    assert set(flat(document)) <= FIELDS
    assert (VERSION, "alert", event.value) == (
        document["ecs"]["version"], document["event"]["kind"], document["event"]["action"],
    )  # fmt: skip
    assert set(document["event"]["category"]) <= CATEGORIES
    assert ["info"] == document["event"]["type"]


def test_who_is_not_known_is_no_user():
    """And no link where there is no console."""
    document = ecs(News(alarm(user=None)), Letterhead())

    assert "user" not in document
    assert "user" not in document["related"]
    assert "url" not in document["event"]
