"""Rules of the watch beside an injector."""

from collections import Counter
from time import perf_counter

from proxy_addon.codec import decoder, encoder
from proxy_addon.inject import Injector
from proxy_addon.locate import Locator
from proxy_addon.watch import Watch


def counts(counters, name):
    """How often a histogram was observed."""
    return sum(count for key, count in counters.items() if key.startswith(f"{name}_bucket"))


def test_a_page_is_timed_once():
    """The wait for its first byte when that goes out, the work when the rest passes by itself."""
    counters = Counter()
    inject = Injector(lambda: b"<x>", Locator(), decoder(""), encoder("identity"))
    inject.watch = Watch(counters)
    inject(b"<he")
    assert 0 == counts(counters, "added_ttfb_seconds")
    for piece in (b"ad><title>x</title>", b"more", b""):
        inject(piece)

    assert 1 == counts(counters, "added_ttfb_seconds") == counts(counters, "inject_seconds")
    assert 0 < counters["inject_seconds_sum"] <= counters["added_ttfb_seconds_sum"] < 1
    assert inject.watch is None


def test_the_work_is_what_the_pieces_took_and_not_what_lay_between():
    """The wait holds both."""
    counters = Counter()
    watch = Watch(counters)
    now = perf_counter()
    watch.took(now - 0.2, gave=False, over=False)
    watch.took(now - 0.1, gave=True, over=True)

    assert 0.3 <= counters["inject_seconds_sum"] < 0.4
    assert counters["added_ttfb_seconds_sum"] < 0.1
