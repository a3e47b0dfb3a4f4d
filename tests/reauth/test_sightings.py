"""Rules of what becomes an alert without a score."""

from reauth.claim import Note
from reauth.settings import Absence
from reauth.sightings import SPAN, Sightings
from tests.live import EPOCH, claim

LIMITS = Absence(silent_pages=3, acts=4, spacing=0.0)


def pages(sightings, times, **who):
    """Alerts of watched pages that were served at these times."""
    return sightings.noted(
        claim(at=at, token=Note.PAGE, page=f"{at:.0f}", **who) for at in times
    )


def test_silence_is_an_alert_of_the_bot_lane():
    """With no session, the reason as its rule, and how many of how many."""
    [alert] = pages(Sightings(LIMITS), [EPOCH, EPOCH + 1, EPOCH + 2])

    assert (alert.kind, alert.lane, alert.rule) == ("absence", "bot", "silent")
    assert (alert.user, alert.client, alert.session) == ("alice", "10.0.0.1", None)
    assert (alert.level, alert.bound, alert.low, alert.limit) == (3, 3, 3, 3)
    assert (alert.first_anomaly_at, alert.raised_at) == (EPOCH, EPOCH + 2)


def test_one_alert_of_a_kind_in_a_span():
    """The store holds to its name; another hour is another one, and another person."""
    start = EPOCH - EPOCH % SPAN
    first, again = pages(Sightings(LIMITS), [start + n for n in range(6)])[::2]
    later = pages(Sightings(LIMITS), [start + SPAN + n for n in range(3)])[0]
    bob = pages(Sightings(LIMITS), [start + n for n in range(3)], user="bob")[0]

    assert first.id == again.id
    assert len({first.id, later.id, bob.id}) == 3


def test_what_is_lost_ends_a_silence():
    """A claim of a batch that was refused unread."""
    sightings = Sightings(LIMITS)
    for n in range(9):
        assert pages(sightings, [EPOCH + n]) == []
        assert sightings.noted([claim(token=Note.LOST)]) == []
        sightings.lost(claim())


def test_changes_count_after_a_page():
    """Notes of both sorts make up one number."""
    sightings = Sightings(Absence(silent_pages=99, acts=4, spacing=0.0))
    pages(sightings, [EPOCH])

    [alert] = sightings.noted(claim(at=EPOCH + n, token=Note.UNSAFE) for n in range(1, 4))

    assert (alert.kind, alert.rule) == ("absence", "no_input")


def test_forks_are_given_with_what_comes_next():
    """They come amid a group, whose commit has room for alerts."""
    sightings = Sightings(LIMITS)
    for n in range(3):
        sightings.forked(claim(at=EPOCH + n), bytes([n]))

    [alert] = sightings.seen([])
    assert (alert.kind, alert.rule) == ("bot", "forks")
    assert sightings.seen([]) == []


def test_switched_off_it_sees_nothing():
    """Whoever has no use for it."""
    sightings = Sightings(Absence(on=False, silent_pages=2))

    assert pages(sightings, [EPOCH + n for n in range(50)]) == []
    for n in range(9):
        sightings.forked(claim(), bytes([n]))
    assert sightings.take() == []
