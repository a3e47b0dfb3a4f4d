"""What people read of an alert."""

import pytest

from reauth.alert import Evidence, Reason, Resemblance, Risk
from reauth.news import Event, News
from reauth.wording import bars, facts, seen, title
from tests.rows import alarm

KINDS = ("impostor", "bot", "absence", "replay", "tokens", "population")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("event", Event)
def test_every_kind_has_a_title_that_fits_a_line(kind, event):
    """A line break in a user's name breaks no line of ours."""
    told = title(News(alarm(kind=kind, user="an\r\nna"), event))

    assert len(told) < 78
    assert "\n" not in told
    assert told.startswith("Closed: ") == (event is Event.CLOSED)


def test_a_kind_that_nobody_described_is_told_all_the_same():
    """An alert must be told."""
    assert "An alert of anna" == title(News(alarm(kind="new")))


def test_a_test_says_so_first():
    """Whoever reads no further has read that."""
    assert title(News(alarm(test=True))).startswith("TEST, nothing has happened: ")


def test_the_facts_hold_no_note():
    """What people wrote may say anything, and goes to no chat."""
    alert = alarm(
        note="secret",
        verdict="true_positive",
        provisional=True,
        resembles=Resemblance("berta", 0.9),
        risk=Risk(96, (Reason("bot", 0.5),)),
    )
    told = dict(facts(News(alert)))

    assert "96 of 100 (bot 50%)" == told["Risk"]
    assert "berta (90%)" == told["Moves like"]
    assert "true positive" == told["Verdict"]
    assert "Template" in told
    assert "secret" not in str(told)
    assert "unknown" == dict(facts(News(alarm(user=None))))["User"]


def test_what_was_seen_is_said_in_the_rule_s_own_numbers():
    """Low scores of a window, nats of evidence, people or tokens."""
    assert "61 of the last 100 scores are low" in seen(alarm())
    assert "cusum 12.00 of 10.00" == seen(alarm(window=0, rule="cusum", level=12.0, bound=10.0))
    assert "7, 5 raise an alert" == seen(alarm(kind="population", level=7.0, bound=5.0))


def test_the_newest_scores_make_the_bars():
    """As many as a phone shows; equal ones are all alike."""
    evidence = [Evidence("", n, 0.0, float(n), False) for n in range(99)]

    assert 40 == len(bars(evidence))
    assert ("▁", "█") == (bars(evidence)[0], bars(evidence)[-1])
    assert "▁▁" == bars([Evidence("", 1, 0.0, 2.0, False)] * 2)
    assert "" == bars([])
