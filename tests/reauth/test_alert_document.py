"""An alert as others read it."""

from datetime import datetime

from hypothesis import example, given
from hypothesis import strategies as st

from reauth.alert import State, Step
from reauth.alert_document import alert_document, rfc3339
from tests.rows import NOON, alarm


def test_times_are_rfc3339_in_utc():
    """To the millisecond, whatever the machine's own zone."""
    assert "2026-05-28T20:26:40.250Z" == rfc3339(NOON + 0.25)


@given(st.floats())
@example(-279_684_976_708.7844)
def test_every_number_is_a_moment(at):
    """The calendar's nearest: a clock that says nonsense keeps no alert from being told."""
    assert datetime.fromisoformat(rfc3339(at)).tzinfo is not None


def test_everything_about_an_alert_is_told():
    """Evidence, history and verdict as plain values."""
    step = Step(NOON + 60, "confirm", "eva", "not her")
    alert = alarm(state=State.CONFIRMED, verdict="true_positive", history=(step,))
    document = alert_document(alert)

    assert ("confirmed", "true_positive", 100) == (
        document["state"],
        document["verdict"],
        document["window"],
    )
    assert ("window", 61.0, 60.0) == tuple(document[key] for key in ("rule", "level", "bound"))
    assert [
        {
            "trajectory": "0f" * 16,
            "number": 41,
            "at": "2026-05-28T20:26:39.000Z",
            "score": -3.25,
            "low": True,
        }
    ] == document["evidence"]
    assert [
        {"at": "2026-05-28T20:27:40.000Z", "action": "confirm", "by": "eva", "note": "not her"}
    ] == document["history"]
