"""Rules of what the engine counts."""

from collections import Counter
from dataclasses import replace

import pytest

from reauth.brake import Brake
from reauth.detect.absence import Reason
from reauth.group import arrive
from reauth.order import Offer
from reauth.settings import Alerts
from reauth.tally import Tally
from tests.live import accepted, movement
from tests.rows import alarm


@pytest.fixture
def counters():
    """Of an engine."""
    return Counter()


@pytest.fixture
def tally(counters):
    """What counts there."""
    return Tally(counters, Brake(Alerts()))


def test_a_new_batch_tells_its_events_and_its_clock(tally, counters):
    """A page whose clock is two minutes off is seen as that."""
    one = accepted(movement(0, 3))[0]
    late = replace(one, claim=replace(one.claim, received=one.claim.received + 120))
    tally.batch(Offer.NEW, arrive(late, False))

    assert counters["ingest_events_total"] == counters["ingest_batch_events_sum"] > 0
    assert 1 == counters['client_clock_skew_seconds_bucket{le="300"}']


def test_a_batch_that_comes_again_has_no_events(tally, counters):
    """It is counted as what it is."""
    tally.batch(Offer.DUPLICATE, arrive(accepted(movement(0, 3))[0], False))

    assert (1, 0) == (counters["ingest_duplicates_total"], counters["ingest_events_total"])


def test_silent_pages_are_counted_by_what_was_found(tally, counters):
    """Ten pages of which nothing came are ten; other findings are none."""
    silent = replace(alarm(), rule=Reason.SILENT.value, level=10.0)

    assert [silent, alarm()] == tally.silent([silent, alarm()])
    assert {"silent_total": 10} == counters


def test_what_failed_was_not_timed(tally, counters):
    """A commit that did not happen took no time."""
    with pytest.raises(ValueError), tally.timed("ingest_commit_seconds"):
        raise ValueError
    assert {} == counters
    with tally.timed("ingest_commit_seconds"):
        pass
    assert counters["ingest_commit_seconds_sum"] > 0
