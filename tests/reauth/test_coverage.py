"""What becomes of pages, from what the proxy tells."""

import pytest

from reauth.claim import Note
from reauth.coverage import HEARD_WITHIN, PAGES, Coverage, Covered
from tests.live import EPOCH, claim


def page(number=0, token="page", **other):
    """A claim of a page."""
    return claim(page=f"{number:016x}", token=token, **other)


def told(coverage, now=EPOCH):
    """What was counted."""
    seen = coverage.take(now)
    sites = {(site, host, what.value): amount for (site, host, what), amount in seen.sites.items()}
    return sites, {(user, what.value) for user, what in seen.people}


SITE = "0123456789abcdef"


def test_a_page_that_is_heard_of_is_watched_once():
    """However many batches come of it."""
    coverage = Coverage()
    coverage.noted([page(), page(1, "again"), page(token="ok"), page(token="ok")])

    assert ({(SITE, "", "watched"): 1}, {("alice", "watched")}) == told(coverage)
    assert ({}, set()) == told(coverage)


def test_a_page_that_is_not_heard_of_in_time_is_silent():
    """Not before; and what comes later changes nothing any more."""
    coverage = Coverage()
    coverage.noted([page(), page(1, at=EPOCH + 60)])
    assert ({}, set()) == told(coverage, EPOCH + HEARD_WITHIN - 1)

    assert {(SITE, "", "silent"): 1} == told(coverage, EPOCH + HEARD_WITHIN)[0]
    coverage.noted([page(token="ok"), page(1, "restored")])
    assert {(SITE, "", "watched"): 1} == told(coverage, EPOCH + HEARD_WITHIN)[0]


@pytest.mark.parametrize("note", [Note.UNWATCHED, Note.TUNNELLED])
def test_what_is_told_apart_is_counted_at_once(note):
    """With the clear host only where the proxy sends it, and nobody for nobody."""
    coverage = Coverage()
    coverage.noted([page(token=note.value, host="https://a.example", user=None)] * 2)

    assert ({(SITE, "https://a.example", note.value): 2}, set()) == told(coverage)


def test_a_clock_that_is_set_back_makes_nobody_wait_for_ever():
    """A page of the future is silent at once rather than never."""
    coverage = Coverage()
    coverage.noted([page(at=EPOCH + 9000)])

    assert {(SITE, "", "silent"): 1} == told(coverage, EPOCH)[0]


def test_memory_is_bounded():
    """The oldest page is forgotten: it tells neither way."""
    coverage = Coverage()
    coverage.noted(page(number) for number in range(PAGES + 1))
    coverage.noted([page(0, "ok")])

    assert ({}, set()) == told(coverage, EPOCH)
    assert PAGES == len(coverage._waiting)
    assert set(Covered) == {"watched", "silent", "unwatched", "tunnelled"}


def test_other_words_of_the_proxy_are_none_of_a_page():
    """A change that a page made, or a batch of a page that nobody told of."""
    coverage = Coverage()
    coverage.noted([page(token="unsafe"), page(3, "ok"), page(token="lost")])

    assert ({}, set()) == told(coverage)
