"""Refused page tokens: now and then one is normal, many are somebody who forges.

A page that was kept over a change of user or key brings an old token once, and gets a new one.
Whoever goes on presenting bad ones is no page of ours, which is an alert of its own.
"""

from collections import deque

from reauth.alert import Alert, alert_id
from reauth.claim import Claim

_KEYS = 10_000
"""People and clients kept in mind; who was refused longest ago is forgotten first."""


class Refusals:
    """Counts the refusals of each person on each client.

    Parameters
    ----------
    limit
        So many are an alert.
    within
        s in which they must fall; as long nothing more is said of the same sender.
    """

    def __init__(self, limit: int, within: float) -> None:
        self._limit = limit
        self._within = within
        self._times: dict[tuple[str | None, str], deque[float]] = {}

    def note(self, claim: Claim, now: float) -> Alert | None:
        """Count one more refusal, at `now` (s since 1970); the alert that it makes, if any."""
        key = (claim.user, claim.client)
        times = self._times.pop(key, None) or deque(maxlen=self._limit)
        while len(self._times) >= _KEYS:
            del self._times[next(iter(self._times))]
        self._times[key] = times
        times.append(now)
        if len(times) < self._limit or now - times[0] > self._within:
            return None
        first = times[0]
        times.clear()
        return self._alert(claim, first, now)

    def _alert(self, claim: Claim, first: float, now: float) -> Alert:
        """One for each sender and span of `within`: its name says so, and the store holds to it."""
        span = int(now // self._within)
        return Alert(
            id=alert_id(f"{claim.user!r}|{claim.client}", span, "tokens", 0),
            user=claim.user,
            client=claim.client,
            session=None,
            lane=None,
            kind="tokens",
            site=claim.site,
            template_version=0,
            first_anomaly_at=first,
            raised_at=now,
            score=0.0,
            threshold=0.0,
            window=self._limit,
            low=self._limit,
            limit=self._limit,
            rule="tokens",
            level=self._limit,
            bound=self._limit,
        )
