"""What is told of an alert: its name, its moment, its link."""

from dataclasses import replace

import pytest

from reauth.alert import State, Step
from reauth.news import Event, Letterhead, News, event_of, when
from tests.rows import NOON, alarm


@pytest.mark.parametrize(
    ("state", "event"),
    [
        (State.OPEN, None),
        (State.ACKNOWLEDGED, Event.ACKNOWLEDGED),
        (State.CONFIRMED, Event.CLOSED),
        (State.DISMISSED, Event.CLOSED),
        (State.EXPIRED, Event.CLOSED),
    ],
)
def test_a_state_is_an_event_outside(state, event):
    """Of an open alert they were told when it was raised."""
    assert event is event_of(state)


def test_the_moment_is_the_step_s_that_brought_it():
    """However late it is delivered."""
    steps = (
        Step(NOON + 5, "again", "reauth", ""),
        Step(NOON + 60, "ack", "eva", ""),
        Step(NOON + 90, "confirm", "eva", ""),
    )
    alert = replace(alarm(), history=steps)

    assert [NOON, NOON + 60, NOON + 90] == [when(News(alert, event)) for event in Event]
    assert NOON == when(News(alarm(), Event.CLOSED))
    assert NOON + 5 == when(News(replace(alarm(), history=steps[:1]), Event.CLOSED))


def test_a_link_leads_into_the_console_if_it_has_an_address():
    """With or without a stroke at its end."""
    assert Letterhead().link(alarm()) is None
    for console in ("https://reauth.example", "https://reauth.example/"):
        assert "https://reauth.example/alerts/a1" == Letterhead(console=console).link(alarm())


def test_each_event_has_a_name_of_its_own():
    """None has a full stop in it."""
    names = [News(alarm(), event).id for event in Event]

    assert ["a1", "a1-acknowledged", "a1-closed"] == names
