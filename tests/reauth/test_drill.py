"""A test alert: looks like one of its kind, and says that it is none."""

import json

import pytest

from reauth.alert import Severity, Step, move
from reauth.alert_document import alert_document
from reauth.drill import EVERY, LANES, drill
from tests.rows import NOON


@pytest.mark.parametrize("kind", EVERY)
def test_every_kind_can_be_tried(kind):
    """Marked as a test, about nobody, with evidence to draw."""
    told = json.loads(json.dumps(alert_document(drill(kind, Severity.HIGH, NOON))))

    assert (True, kind, LANES.get(kind), "high") == (
        told["test"], told["kind"], told["lane"], told["severity"]
    )  # fmt: skip
    assert (None, None, "192.0.2.1") == (told["user"], told["session"], told["client"])
    assert told["low"] == sum(item["low"] for item in told["evidence"])


def test_two_tests_are_two_alerts():
    """Each is told."""
    one, other = (drill("bot", Severity.LOW, NOON + at) for at in (0.0, 0.001))
    assert one.id != other.id


@pytest.mark.parametrize(("action", "given"), [("confirm", None), ("dismiss", None)])
def test_a_test_is_closed_as_one(action, given):
    """However it is closed, unless somebody says otherwise."""
    acked = move(drill("bot", Severity.LOW, NOON), "ack", Step(NOON, "ack", "anna", ""))
    step = Step(NOON, action, "anna", "")

    assert "test" == move(acked, action, step, given).verdict
    assert "benign" == move(acked, action, step, "benign").verdict
