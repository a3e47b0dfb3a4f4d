"""Labels and shadows as JSON: whole, with times that everybody reads."""

import json

from reauth.feedback_document import label_document, shadow_document, told
from reauth.label import Label, Standing, confirmed
from reauth.ports import ShadowRow, ShadowState
from tests.rows import NOON

LABEL = Label("a1", "s1", "anna", "benign", "eva", NOON, Standing.CANDIDATE)
RATES = {"frr": 0.125, "ci": [0.0, 0.2], "det": [[1.0, 0.0]]}
FOUND = {"verdict": "not_worse", "far": 0.05, "active": RATES, "shadow": RATES, "reason": ""}


def test_a_label_has_authors_and_times():
    """Nobody has decided yet, or somebody has."""
    fresh, done = label_document(LABEL), label_document(confirmed(LABEL, "adam", NOON + 1))

    assert (None, None) == (fresh["decided_by"], fresh["decided_at"])
    assert ("candidate", "2026-05-28T20:26:40.000Z") == (fresh["standing"], fresh["closed_at"])
    assert ("adam", "2026-05-28T20:26:41.000Z") == (done["decided_by"], done["decided_at"])


def test_a_shadow_has_its_comparison_and_no_movement():
    """What JSON can hold, and nothing of the template."""
    row = ShadowRow("5a", "anna", "?/?/?", 1, NOON, ShadowState.WAITING, ("a1",), FOUND)
    promoted = ShadowRow(
        "5a", "anna", "?/?/?", 1, NOON, ShadowState.PROMOTED, ("a1",), FOUND, 2, "adam", NOON
    )

    found = shadow_document(row)
    assert found == json.loads(json.dumps(found))
    assert ("waiting", ["a1"], None) == (found["state"], found["alerts"], found["decided_at"])
    assert "2026-05-28T20:26:40.000Z" == shadow_document(promoted)["decided_at"]


def test_a_comparison_is_told_in_a_line():
    """With what speaks against it, if anything does."""
    line = "not worse: refuses the user 12.5% of the time, the active one 12.5%, where 5% of"
    assert told(FOUND).startswith(line)
    assert told({**FOUND, "reason": "accepts more"}).endswith("pass; accepts more")
