"""What the engine counts: batches as they are put in order, outcomes once they are committed."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter

from reauth.alert import Alert
from reauth.brake import Brake
from reauth.detect.absence import Reason
from reauth.evidence import judged_by
from reauth.group import Arrived, Group
from reauth.histogram import observe
from reauth.order import Offer
from reauth.outcome import Gap, Scored
from reauth.ports import Commit
from reauth.template import comparable

_COUNTED = {
    Offer.LATE: "ingest_late_total",
    Offer.DUPLICATE: "ingest_duplicates_total",
    Offer.FORKED: "ingest_forked_total",
}


class Tally:
    """Counts, and tells the brake who was compared.

    Parameters
    ----------
    counters
        Of the engine.
    """

    def __init__(self, counters: Counter[str], brake: Brake) -> None:
        self._counters = counters
        self._brake = brake

    def batch(self, offer: Offer, item: Arrived) -> None:
        """A batch that could be read."""
        batch = item.batch
        self._counters[f'ingest_batches_total{{format="v1",ver="{batch.version}"}}'] += 1
        if offer is not Offer.NEW:
            self._counters[_COUNTED[offer]] += 1
            return
        events = len(batch.kinds)
        self._counters["ingest_events_total"] += events
        self._counters["client_dropped_events_total"] += batch.dropped
        self._counters["untrusted_events_total"] += batch.header.untrusted or 0
        observe(self._counters, "ingest_batch_events", events)
        if events:
            ended = batch.base_ms / 1000 + float(batch.times[-1])
            skew = abs(item.accepted.claim.received - ended)
            observe(self._counters, "client_clock_skew_seconds", skew)

    def silent(self, alerts: list[Alert]) -> list[Alert]:
        """Alerts that no score led to; the pages of which nothing came are counted."""
        for alert in alerts:
            if alert.rule == Reason.SILENT:
                self._counters["silent_total"] += int(alert.level)
        return alerts

    def rows(self, commit: Commit) -> None:
        """A group that is durable."""
        parts: Sequence[Sequence[object]] = (
            commit.raw, commit.trajectories, commit.sessions, commit.alerts
        )  # fmt: skip
        observe(self._counters, "ingest_commit_rows", sum(map(len, parts)))

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Observe how long something takes, if it succeeds."""
        since = perf_counter()
        yield
        observe(self._counters, name, perf_counter() - since)

    def committed(self, group: Group) -> None:
        """What a group brought about."""
        self._counters["ingest_skewed_total"] += group.skewed
        for live, outcome in group.outcomes:
            if isinstance(outcome, Gap):
                self._counters["ingest_gap_total"] += 1
            elif isinstance(outcome, Scored):
                judged, threshold = judged_by(live, outcome), 0.0
                if judged is not None:
                    _, template = judged
                    threshold = template.threshold
                    self._brake.compared(group.now, template.user, template.false_alarms)
                decision = "low" if comparable(outcome.score) < threshold else "high"
                self._counters[f'score_total{{lane="{outcome.lane}",decision="{decision}"}}'] += 1
                observe(self._counters, "event_to_score_seconds", max(0.0, group.now - outcome.t))
