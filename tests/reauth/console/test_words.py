"""An alert in one sentence, and words for what its session was like."""

from dataclasses import replace

import pytest

from reauth.alert import VERDICTS, Severity
from reauth.console.words import (
    CONFIRMS,
    KNOWN_BY,
    VERDICT_WORDS,
    devices,
    integrity,
    known_by,
    sentence,
)
from reauth.detect.absence import WORDS
from reauth.drill import EVERY, drill
from reauth.ports.scene import Point, Scene
from tests.rows import NOON, alarm

CLEAN = Scene("proxy_auth", 0.9)


@pytest.mark.parametrize("kind", EVERY)
def test_every_kind_of_alert_has_a_sentence(kind):
    """Whatever can be raised can be told: a test alert of each kind is."""
    found = sentence(drill(kind, Severity.LOW, NOON))

    assert found.endswith(".") and "{" not in found and len(found) > 30


@pytest.mark.parametrize("rule", WORDS)
def test_what_was_counted_is_said_in_its_words(rule):
    """And how many raise an alert."""
    found = alarm(kind="absence", rule=rule.value, lane=None, evidence=(), low=7, limit=5)

    assert f"{WORDS[rule]}: 7; 5 raise an alert." == sentence(found)


def test_every_verdict_has_words_and_some_say_that_it_was_somebody_else():
    """The three that keep movement from training for ever."""
    assert set(VERDICTS) == set(VERDICT_WORDS)
    assert {"true_positive", "suspicious", "security_risk"} == set(CONFIRMS)


@pytest.mark.parametrize("source", [*KNOWN_BY, "something_new"])
def test_how_somebody_is_known_is_said(source):
    """Also by a source that these pages have never heard of."""
    told = known_by(Scene(source, 0.25))

    assert "confidence 0.25 of 1" in told and "_" not in told


def test_devices_are_told_in_the_order_of_their_stretches():
    """One that comes back is told again: a dock, and out of it."""
    names = ["a", "a", "b", "a", ""]
    points = [Point(n, NOON, 1.0, None, name) for n, name in enumerate(names, 1)]

    assert [("a", 1), ("b", 3), ("a", 4), ("not told", 5)] == devices(points)


def test_nothing_doubtful_is_nothing():
    """Of a session like any other; an impostor alert beside it says nothing of evidence."""
    assert [] == integrity(CLEAN, [alarm()])


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"forked": True}, "two stories"),
        ({"waiting": 2}, "2 batches wait"),
        ({"refused": {"bad_token": 3}}, "3 batches were refused about that time: bad token"),
        ({"points": [Point(1, NOON, None, "too_short", "")]}, "1 movements of the session"),
    ],
)
def test_each_doubt_has_its_line(changed, word):
    """With how many."""
    [told] = integrity(replace(CLEAN, **changed), [])

    assert word in told
