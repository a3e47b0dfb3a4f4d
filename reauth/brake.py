"""The brake on the population: when many users drift at once, that is one finding.

A browser's update, new mice or a changed observer make everybody move unlike their templates. Each
of them would be an alert, and a person who gets five thousand reads none. So alarms of the identity
lane are counted against what chance would give: false alarms come as independent events at the rate
that enrolment was asked for, and takeovers are few. More people than that at once is the finding;
their own alerts are kept and shown, but nobody is called for each.
"""

from collections import deque
from collections.abc import Sequence
from math import exp, log

from reauth.alert import POPULATION, Alert, alert_id, hold
from reauth.settings import Alerts

CHANCE = 1e-6
"""Probability by which chance alone may set the brake in a look; at a look a minute, once in two
years."""

BUCKETS = 12
"""Parts of the time that is looked back on: what leaves it leaves in steps of a twelfth."""


class Brake:
    """Counts who was compared and who alarmed of late.

    Parameters
    ----------
    settings
        How far to look back, and how many people must have alarmed: fewer than `brake_users` can be
        looked at one by one, and less than `brake_share` of those compared is none of the
        population.

    Examples
    --------
    >>> brake = Brake(Alerts(brake=3600.0, brake_users=5, brake_share=0.2))
    >>> for user in "abcdefghij":
    ...     brake.compared(0.0, user, expected=0.01)
    >>> [brake.alarmed(60.0, user) for user in "aabcdef"]
    [False, False, False, False, False, True, True]
    """

    def __init__(self, settings: Alerts) -> None:
        self._step = settings.brake / BUCKETS
        self._users = settings.brake_users
        self._share = settings.brake_share
        self._parts: deque[_Part] = deque()
        self._is_on = False

    def pressed(self, alerts: Sequence[Alert], now: float) -> list[Alert]:
        """Hold back alerts of the identity lane while the population is the finding.

        Returns
        -------
        list of Alert
            The same, those held back marked as suppressed; in front of them the finding, when the
            brake is set.
        """
        told: list[Alert] = []
        for alert in alerts:
            if alert.lane != "identity" or alert.user is None:
                told.append(alert)
                continue
            was, self._is_on = self._is_on, self.alarmed(now, alert.user)
            if self._is_on and not was:
                told.append(self._finding(alert, now))
            told.append(hold(alert, POPULATION) if self._is_on else alert)
        return told

    def compared(self, now: float, user: str, expected: float) -> None:
        """Note trajectories of a user.

        Parameters
        ----------
        now
            s since 1970.
        expected
            False alarms wanted of as many trajectories.
        """
        part = self._part(now)
        part.expected[user] = part.expected.get(user, 0.0) + expected

    def alarmed(self, now: float, user: str) -> bool:
        """Note an alarm of a user; True while the population is the finding, not the user."""
        self._part(now).alarmed.add(user)
        alarmed, expected = self.alarming(), self._compared()
        if len(alarmed) < max(self._users, self._share * len(expected.keys() | alarmed)):
            return False
        # A user counts once, however often chance would have alarmed.
        mean = sum(1 - exp(-amount) for amount in expected.values())
        return at_least(len(alarmed), mean) < CHANCE

    def alarming(self) -> frozenset[str]:
        """Who has alarmed in the time looked back on."""
        return frozenset().union(*(part.alarmed for part in self._parts))

    def _finding(self, alert: Alert, now: float) -> Alert:
        """What the admin is told; one in the time looked back on: its name says so."""
        alarmed = len(self.alarming())
        span = int(now // (self._step * BUCKETS))
        return Alert(
            id=alert_id("population", span, "population", 0),
            user=None,
            client="",
            session=None,
            lane=None,
            kind="population",
            site="",
            template_version=0,
            first_anomaly_at=alert.first_anomaly_at,
            raised_at=now,
            score=0.0,
            threshold=0.0,
            window=len(self._compared().keys() | self.alarming()),
            low=alarmed,
            limit=self._users,
            rule="population",
            level=alarmed,
            bound=self._users,
        )

    def _compared(self) -> dict[str, float]:
        """False alarms wanted of everyone who was compared."""
        expected: dict[str, float] = {}
        for part in self._parts:
            for name, amount in part.expected.items():
                expected[name] = expected.get(name, 0.0) + amount
        return expected

    def _part(self, now: float) -> "_Part":
        """The part that `now` belongs to, older ones gone; a clock set back stays in the newest."""
        place = int(now // self._step)
        if not self._parts or place > self._parts[-1].place:
            self._parts.append(_Part(place))
        while self._parts[0].place <= place - BUCKETS:
            self._parts.popleft()
        return self._parts[-1]


class _Part:
    """One twelfth of the time."""

    __slots__ = ("alarmed", "expected", "place")

    def __init__(self, place: int) -> None:
        self.place = place
        self.expected: dict[str, float] = {}
        self.alarmed: set[str] = set()


def at_least(count: int, mean: float) -> float:
    """Give Chernoff's bound on the probability of `count` or more events of a Poisson variable.

    Events of people with different chances are no likelier in number than that (Hoeffding 1956,
    theorem 5; Mitzenmacher, Upfal, "Probability and Computing", theorem 5.4).

    Examples
    --------
    >>> at_least(1, 2.0), round(at_least(10, 1.0), 8)
    (1.0, 8.1e-07)
    """
    if count <= mean:
        return 1.0
    if mean <= 0:
        return 0.0
    return exp(count - mean - count * log(count / mean))
