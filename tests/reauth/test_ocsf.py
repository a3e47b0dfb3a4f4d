"""The canonical document, read by the schema of OCSF itself (PyPI's `ocsf-json-schema`)."""

import json
from dataclasses import replace
from functools import cache

import jsonschema
import pytest
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from reauth.alert import VERDICTS, Severity, State
from reauth.drill import drill
from reauth.news import Event, Letterhead, News
from reauth.ocsf import SCORES, VERSION, finding
from tests.contracts.test_sink import ALERTS, HEAD
from tests.rows import NOON, alarm


@cache
def schema():
    """Class 2004 with the two profiles; it allows no key that it does not know."""
    known = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=VERSION))
    made = known.get_class_schema("detection_finding", profiles=["incident", "security_control"])
    assert made["additionalProperties"] is False
    return jsonschema.Draft202012Validator(made)


def faults(document):
    return [f"{list(fault.path)}: {fault.message}" for fault in schema().iter_errors(document)]


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("alert", ALERTS)
def test_it_is_what_the_schema_says(alert, event):
    """Every key, every type, every enumeration, in 1.8.0."""
    document = json.loads(json.dumps(finding(News(ALERTS[alert], event), HEAD)))

    assert [] == faults(document)
    assert VERSION == document["metadata"]["version"]


def test_the_schema_would_notice():
    """A key that is not OCSF's, and a status that is none."""
    document = finding(News(alarm()), HEAD)

    assert 1 == len(faults({**document, "mouse": 1}))
    assert 1 == len(faults({**document, "status_id": 77}))


@pytest.mark.parametrize(
    ("event", "uid"), [(Event.RAISED, 200401), (Event.ACKNOWLEDGED, 200402), (Event.CLOSED, 200403)]
)
def test_what_happened_is_the_activity(event, uid):
    """Create, update, close."""
    document = finding(News(alarm(), event), HEAD)

    assert uid == document["type_uid"] == 200400 + document["activity_id"]


@pytest.mark.parametrize(
    ("state", "suppressed", "status"),
    [
        (State.OPEN, False, 1),
        (State.ACKNOWLEDGED, False, 2),
        (State.OPEN, True, 3),
        (State.CONFIRMED, False, 4),
        (State.DISMISSED, False, 4),
        (State.EXPIRED, False, 5),
    ],
)
def test_every_state_is_a_status(state, suppressed, status):
    """Suppressed is a flag with us, a status with them; then it is no alert either."""
    document = finding(News(alarm(state=state, suppressed=suppressed)), HEAD)

    assert (status, not suppressed) == (document["status_id"], document["is_alert"])


@pytest.mark.parametrize(("verdict", "number"), VERDICTS.items())
def test_every_verdict_has_its_number(verdict, number):
    """As the incident profile counts them."""
    document = finding(News(alarm(verdict=verdict), Event.CLOSED), HEAD)

    assert number == document["verdict_id"]
    assert [] == faults(document)


def test_a_test_says_so():
    """In its verdict, its severity and its title."""
    document = finding(News(drill("bot", Severity.CRITICAL, NOON)), HEAD)

    assert [] == faults(document)
    assert (6, 5) == (document["verdict_id"], document["severity_id"])
    assert "nothing has happened" in document["message"]


def test_what_judged_stands_in_it():
    """Release, template, feature set, model; the site only as its keyed hash."""
    document = finding(News(alarm()), HEAD)
    own = document["unmapped"]["reauth"]

    assert "0.1.0+template.1" == document["finding_info"]["analytic"]["version"]
    assert ("medvet", "svm", 1, "5e1f") == (
        own["feature_set"], own["model"], own["schema_version"], own["site"],
    )  # fmt: skip
    assert "https://reauth.example/alerts/a1" == document["finding_info"]["src_url"]
    assert "src_url" not in finding(News(alarm()), Letterhead())["finding_info"]


def test_it_stays_small_whatever_an_alert_holds():
    """Below 8 kB with 500 scores and a note of a million letters, which does not stand in it."""
    full = ALERTS["full"]
    alert = replace(full, evidence=full.evidence * 20, note="n" * 1_000_000)
    document = finding(News(alert), HEAD)

    assert SCORES == len(document["anomaly_analyses"][0]["anomalies"][0]["observations"])
    assert len(json.dumps(document)) < 8000
