"""An alert's life, the table whole; and its name, that makes a repetition no second alert."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reauth.alert import (
    KINDS,
    TRANSITIONS,
    UNRESOLVED,
    VERDICTS,
    Alert,
    IllegalTransition,
    State,
    Step,
    again,
    alert_id,
    move,
)
from reauth.errors import ReauthError

ALERT = Alert(
    id="a1",
    user="alice",
    client="192.0.2.7",
    session="s1",
    lane="identity",
    kind="impostor",
    site="5f1d",
    template_version=3,
    first_anomaly_at=1.0,
    raised_at=2.0,
    score=-1.5,
    threshold=0.0,
    window=100,
    low=60,
    limit=55,
    note="first",
)
ACTIONS = ("ack", "confirm", "dismiss", "expire")
LIFE = {
    State.OPEN: {"ack": State.ACKNOWLEDGED, "expire": State.EXPIRED},
    State.ACKNOWLEDGED: {"confirm": State.CONFIRMED, "dismiss": State.DISMISSED},
    State.CONFIRMED: {},
    State.DISMISSED: {},
    State.EXPIRED: {},
}


def at(state):
    """The alert, brought to a state the legal way."""
    path = {
        State.OPEN: (),
        State.ACKNOWLEDGED: ("ack",),
        State.CONFIRMED: ("ack", "confirm"),
        State.DISMISSED: ("ack", "dismiss"),
        State.EXPIRED: ("expire",),
    }[state]
    alert = ALERT
    for number, action in enumerate(path):
        alert = move(alert, action, Step(10.0 + number, action, "eve", ""))
    return alert


def test_the_states_are_those_of_the_interface():
    """Scripts outside filter by these words."""
    words = ["open", "acknowledged", "confirmed", "dismissed", "expired"]

    assert words == [state.value for state in State]
    assert {"identity": "impostor", "bot": "bot", "replay": "replay"} == KINDS


@pytest.mark.parametrize(("state", "action"), list(product(State, ACTIONS)))
def test_every_pair_of_the_table_is_allowed_and_every_other_refused(state, action):
    """Twenty pairs, four of them legal: an alert cannot be confirmed that nobody has taken up."""
    step = Step(20.0, action, "eve", "")
    if action in LIFE[state]:
        assert LIFE[state][action] == move(at(state), action, step).state
    else:
        with pytest.raises(IllegalTransition, match=f"cannot {action} an alert that is {state}"):
            move(at(state), action, step)
    assert LIFE[state].get(action) == TRANSITIONS.get((state, action))


def test_a_refusal_names_what_is_possible():
    """One line that says the next step; a closed alert has none."""
    step = Step(20.0, "", "eve", "")

    with pytest.raises(IllegalTransition, match=r"possible: ack$"):
        move(ALERT, "confirm", step)
    with pytest.raises(IllegalTransition, match="it is closed"):
        move(at(State.CONFIRMED), "ack", step)
    with pytest.raises(ReauthError):
        move(ALERT, "reopen", step)


@pytest.mark.parametrize(
    ("action", "given", "recorded"),
    [
        ("confirm", None, "true_positive"),
        ("dismiss", None, "false_positive"),
        ("confirm", "suspicious", "suspicious"),
        ("dismiss", "duplicate", "duplicate"),
    ],
)
def test_a_closing_verdict_is_the_usual_one_unless_another_is_named(action, given, recorded):
    """Confirming means a true positive, dismissing a false one; the analyst may know better."""
    taken = at(State.ACKNOWLEDGED)

    assert taken.verdict is None
    assert recorded == move(taken, action, Step(20.0, action, "eve", ""), given).verdict


@pytest.mark.parametrize(("action", "verdict"), [("confirm", "perhaps"), ("ack", "true_positive")])
def test_a_verdict_is_one_of_the_list_and_closes(action, verdict):
    """A word of its own would be in no report; an open alert has no verdict yet."""
    alert = at(State.ACKNOWLEDGED) if action == "confirm" else ALERT

    with pytest.raises(IllegalTransition, match="confirm or dismiss and is one of"):
        move(alert, action, Step(20.0, action, "eve", ""), verdict)


def test_the_verdicts_have_numbers_of_their_own():
    """`verdict_id` of OCSF 1.8.0; 9 is none of ours (it needs another product's word)."""
    assert len(VERDICTS) == len(set(VERDICTS.values()))
    assert set(VERDICTS.values()) == {1, 2, 3, 4, 5, 6, 7, 8, 10}


def test_the_history_keeps_every_step_in_order():
    """Who did what when; nothing is overwritten, and the alert before stays as it was."""
    closed = at(State.CONFIRMED)

    assert ["ack", "confirm"] == [step.action for step in closed.history]
    assert () == ALERT.history
    assert State.OPEN == ALERT.state


@pytest.mark.parametrize(("note", "kept"), [("", "first"), ("seen", "seen")])
def test_an_empty_note_leaves_the_note_that_is_there(note, kept):
    """Saying nothing does not take back what was said."""
    assert kept == move(ALERT, "ack", Step(10.0, "ack", "eve", note)).note


def test_the_parts_of_a_name_do_not_run_into_each_other():
    """Number 1 of rule "2" is not number 12 of no rule."""
    places = [("s", 1, "2", 3), ("s", 12, "", 3), ("s", 1, "", 23), ("s1", 1, "2", 3)]

    assert 4 == len({alert_id(*place) for place in places})


names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


@given(st.lists(st.tuples(names, st.integers(0), names, st.integers(0)), max_size=9, unique=True))
def test_an_alert_is_named_by_where_it_was_raised(places):
    """The same place gives the same name, another place another: no clock, no score is in it."""
    ids = [alert_id(*place) for place in places]

    assert ids == [alert_id(*place) for place in places]
    assert len(places) == len(set(ids))
    assert all(16 == len(bytes.fromhex(name)) for name in ids)


def test_what_is_unresolved_can_still_be_closed():
    """And nothing else can."""
    assert {state for state, _ in TRANSITIONS} == set(UNRESOLVED)


def test_another_alarm_is_in_the_history_once():
    """When it was, and how far the rule went; evidence, state and name are the first one's."""
    other = replace(ALERT, id="b2", raised_at=9.0, rule="cusum", level=8.125, bound=7.9)

    noted = again(at(State.ACKNOWLEDGED), other)

    step = Step(9.0, "again", "reauth", "cusum 8.125, 7.9 raises an alert; alarm b2")
    assert replace(noted, history=noted.history[:-1]) == at(State.ACKNOWLEDGED)
    assert step == noted.history[-1]
    assert noted == again(noted, other)


@pytest.mark.parametrize(
    ("was", "alone", "stays"), [(True, True, False), (True, False, True), (False, False, False)]
)
def test_a_suppressed_alert_is_one_like_any_other_when_it_comes_again_alone(was, alone, stays):
    """One among many who drifted at once, and then on its own."""
    other = replace(ALERT, id="b2", suppressed=not alone)

    assert stays == again(replace(ALERT, suppressed=was), other).suppressed
