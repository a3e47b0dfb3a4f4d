"""How long and how many: distributions as plain counters, which add up over processes.

An observation is one more in the bucket that it falls into, and its value in the sum. So a
histogram travels with a proxy process's counters, and a process that dies leaves nothing askew.
Buckets are added up where they are written out (`reauth.metrics`).
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping

_BRIEF = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""s; 0.015 and 0.5 are limits of objectives (privacy-ops.md §3)."""
_PATIENT = (0.5, 1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 60.0, 300.0, 3600.0)
"""s; 10 is the objective from an event to its score."""
_HUMAN = (60.0, 120.0, 300.0, 900.0, 1800.0, 3600.0, 14400.0, 28800.0, 86400.0, 259200.0)
"""s: two minutes to three days."""
_AMOUNT = (0.0, 1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0)

BOUNDS: Mapping[str, tuple[float, ...]] = {
    "added_ttfb_seconds": _BRIEF,
    "client_clock_skew_seconds": (0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0, 86400.0),
    "delivery_lag_seconds": (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0, 86400.0),
    "event_loop_lag_seconds": _BRIEF,
    "event_to_score_seconds": _PATIENT,
    "ingest_batch_events": _AMOUNT,
    "ingest_commit_rows": _AMOUNT,
    "ingest_commit_seconds": _BRIEF,
    "inject_seconds": (0.0001, 0.00025, *_BRIEF),
    "obs_ack_seconds": _BRIEF,
    "obs_queue_depth": _AMOUNT,
    "proxy_event_loop_lag_seconds": _BRIEF,
    "score_seconds": _BRIEF,
    "time_to_triage_seconds": _HUMAN,
}
"""Upper bounds of each histogram's buckets, in the unit of its name; one without end follows."""


def _told(bound: float) -> str:
    return f"{bound:g}"


BUCKETS: Mapping[str, tuple[str, ...]] = {
    name: tuple(f'{name}_bucket{{le="{bound}"}}' for bound in (*map(_told, bounds), "+Inf"))
    for name, bounds in BOUNDS.items()
}
"""The counter of each bucket; here still without what falls into those below it."""
_SUMS = {name: f"{name}_sum" for name in BOUNDS}


def observe(counters: Counter[str], name: str, value: float) -> None:
    """Count one observation.

    Raises
    ------
    KeyError
        If there is no such histogram.

    Examples
    --------
    >>> told = Counter()
    >>> observe(told, "score_seconds", 0.002)
    >>> dict(told)
    {'score_seconds_bucket{le="0.0025"}': 1, 'score_seconds_sum': 0.002}
    """
    counters[BUCKETS[name][bisect_left(BOUNDS[name], value)]] += 1
    counters[_SUMS[name]] += value  # type: ignore[assignment] # a sum, as Prometheus has it
