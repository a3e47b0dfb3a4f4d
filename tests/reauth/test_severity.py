"""Severity: the kind, a second lane, a provisional template, and how much depends on it."""

from dataclasses import replace

import pytest

from reauth.alert import KINDS, Reason, Risk, Severity
from reauth.drill import EVERY
from reauth.errors import SettingsError
from reauth.severity import KINDS as WEIGHTS
from reauth.severity import Assets, Criticality, assets_of, severity_of
from tests.rows import alarm

NOTHING = Assets()


def test_every_kind_has_its_weight():
    """A new kind must say how severe it is."""
    assert {*KINDS.values(), *EVERY} == set(WEIGHTS)


@pytest.mark.parametrize(("kind", "severity"), WEIGHTS.items())
def test_a_kind_weighs_what_the_table_says(kind, severity):
    """By itself, of an account on which nothing special depends."""
    assert severity is severity_of(alarm(kind=kind), NOTHING)


@pytest.mark.parametrize(
    ("criticality", "severity"),
    [("low", "low"), ("normal", "medium"), ("high", "high"), ("critical", "critical")],
)
def test_what_depends_on_a_user_or_a_site_moves_it(criticality, severity):
    """Either; the greater of both."""
    of = Criticality(criticality)

    assert severity == severity_of(alarm(), Assets(users={"anna": of}))
    assert severity == severity_of(alarm(), Assets(sites={"5e1f": of}))
    both = Assets(users={"anna": of}, sites={"5e1f": Criticality.LOW})
    assert severity == severity_of(alarm(), both)
    assert "medium" == severity_of(alarm(user=None), Assets(users={"anna": of}))


@pytest.mark.parametrize(
    ("reasons", "severity"),
    [
        ((Reason("identity", 1.0),), "medium"),
        ((Reason("identity", 1.0), Reason("bot", 0.49)), "medium"),
        ((Reason("identity", 1.0), Reason("bot", 0.5)), "high"),
    ],
)
def test_a_second_lane_that_speaks_against_it_weighs(reasons, severity):
    """The one that alarmed is in the kind already."""
    assert severity == severity_of(alarm(risk=Risk(100, reasons)), NOTHING)


def test_a_provisional_template_weighs_less():
    """It is wrong more often."""
    assert "low" == severity_of(alarm(provisional=True), NOTHING)


def test_it_stays_on_the_scale():
    """Nothing is more than critical, nothing less than informational."""
    risk = Risk(100, (Reason("replay", 1.0), Reason("bot", 1.0)))
    high = Assets(users={"anna": Criticality.CRITICAL})
    low = Assets(users={"anna": Criticality.LOW})

    assert Severity.CRITICAL is severity_of(alarm(kind="bot", lane="bot", risk=risk), high)
    assert Severity.INFORMATIONAL is severity_of(replace(alarm(), provisional=True), low)


@pytest.mark.parametrize("row", [("user", "anna"), ("group", "it", "high"), ("user", "a", "top")])
def test_a_wrong_row_is_named(row):
    """By file and line."""
    with pytest.raises(SettingsError, match=r"a\.csv:2: a line is user or site"):
        assets_of([("a.csv:1", ("site", "5e1f", "low")), ("a.csv:2", row)])
