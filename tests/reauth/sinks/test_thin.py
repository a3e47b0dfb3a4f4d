"""The thin document."""

import json

from reauth.alert import Evidence
from reauth.news import Event, Letterhead, News
from reauth.sinks.thin import EVIDENCE, NOTE, thin
from tests.contracts.test_sink import HEAD
from tests.rows import NOON, alarm

FULL = alarm(
    evidence=tuple(Evidence("f" * 32, n, NOON + n, -3.125, True) for n in range(500)),
    note="\N{MOUSE}" * 99_999,
)


def test_it_is_small_whatever_an_alert_holds():
    """The newest evidence, the beginning of a note, and how much there is."""
    document = thin(News(FULL), HEAD)

    assert (EVIDENCE, NOTE, 500) == (
        len(document["evidence"]), len(document["note"]), document["evidence_total"],
    )  # fmt: skip
    assert 499 == document["evidence"][-1]["number"]
    assert len(json.dumps(document)) < 20_000
    assert [] == thin(News(FULL), HEAD, 0)["evidence"]


def test_it_says_what_happened_and_by_what():
    """Type, moment, severity, model, and a link if there is a console to look at."""
    document = thin(News(alarm(), Event.CLOSED), HEAD)

    assert ("alert.closed", "medium", "medvet", "svm", "https://reauth.example/alerts/a1") == tuple(
        document[key] for key in ("type", "severity", "feature_set", "model", "link")
    )
    assert not {"link", "model"} & set(thin(News(alarm()), Letterhead()))
