"""What verdicts say of sessions: a table, and four eyes."""

from dataclasses import replace

import pytest

from reauth.alert import VERDICTS, State, Step, move
from reauth.label import (
    UNSEEN,
    Label,
    NoLabel,
    NotAllowed,
    Standing,
    confirmed,
    label_of,
    rejected,
)
from tests.rows import NOON, alarm

CANDIDATE = Label("a1", "s1", "anna", "false_positive", "eva", NOON, Standing.CANDIDATE)


def closed(action, verdict, by="eva", **other):
    """An alert that was closed so."""
    seen = move(alarm("a1", **other), "ack", Step(NOON, "ack", "zoe", ""))
    return move(seen, action, Step(NOON + 9, action, by, ""), verdict)


SAYS = {
    ("dismiss", "false_positive"): Standing.CANDIDATE,
    ("dismiss", "benign"): Standing.CANDIDATE,
    ("dismiss", "test"): Standing.VOID,
    ("confirm", "test"): Standing.VOID,
    ("dismiss", "duplicate"): Standing.VOID,
    ("confirm", "duplicate"): Standing.VOID,
}
"""What is said of a session; of every other pair, that it never trains."""


@pytest.mark.parametrize("action", ["confirm", "dismiss"])
@pytest.mark.parametrize("verdict", VERDICTS)
def test_only_who_dismisses_an_alert_as_false_makes_a_candidate(action, verdict):
    """What was confirmed is somebody else's, whatever it is called."""
    label = label_of(closed(action, verdict))

    assert SAYS.get((action, verdict), Standing.NEVER) is label.standing
    assert ("a1", "s1", "anna", verdict, "eva", NOON + 9) == (
        label.alert, label.session, label.user, label.verdict, label.closed_by, label.closed_at
    )  # fmt: skip


def test_an_alert_that_nobody_looked_at_vouches_for_nothing():
    """Whoever waits long enough has not become the user."""
    expired = move(alarm("a1"), "expire", Step(NOON, "expire", "retention", ""))

    assert (Standing.NEVER, UNSEEN) == (label_of(expired).standing, label_of(expired).verdict)


def test_what_is_open_or_about_no_users_session_has_no_label():
    """A test alert changes nothing."""
    done = closed("dismiss", None)

    for other in ({"state": State.OPEN}, {"test": True}, {"session": None}, {"user": None}):
        assert label_of(replace(done, **other)) is None
    assert "" == label_of(replace(done, history=())).closed_by


def test_a_second_person_confirms():
    """With a name, a time and a reason."""
    found = confirmed(CANDIDATE, "adam", NOON + 60, "new mouse, seen on the desk")

    assert (Standing.CONFIRMED, "adam", NOON + 60) == (
        found.standing, found.decided_by, found.decided_at
    )  # fmt: skip
    assert "new mouse, seen on the desk" == found.reason


@pytest.mark.parametrize("name", ["eva", "Eva", " EVA "])
def test_who_closed_an_alert_cannot_confirm_it(name):
    """However the name is written."""
    with pytest.raises(NotAllowed, match="somebody else must confirm"):
        confirmed(CANDIDATE, name, NOON)


@pytest.mark.parametrize("standing", [one for one in Standing if one is not Standing.CANDIDATE])
def test_only_a_candidate_is_confirmed(standing):
    """Above all nothing that was ever found to be somebody else."""
    with pytest.raises(NoLabel, match=f"is {standing}"):
        confirmed(replace(CANDIDATE, standing=standing), "adam", NOON)


def test_anybody_may_doubt_at_any_time_and_once():
    """Also who said so, also after it was taught."""
    for standing in (Standing.CANDIDATE, Standing.CONFIRMED, Standing.TAUGHT):
        found = rejected(replace(CANDIDATE, standing=standing), "eva", NOON, "it was not she")
        assert Standing.NEVER is found.standing
    for standing in (Standing.NEVER, Standing.VOID):
        with pytest.raises(NoLabel, match="nothing to reject"):
            rejected(replace(CANDIDATE, standing=standing), "adam", NOON)
