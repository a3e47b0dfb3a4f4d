"""Alerts that belong together, as a view: of one user and lane, one soon after the other.

Nothing is merged and no state is kept: an alert stays what it is, the list gets shorter.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from reauth.alert import UNRESOLVED, Alert, Severity

WINDOW = 1800.0
"""s from one alert to the next of a group: rolling 30 minutes (alerts-console.md section 5)."""


@dataclass(frozen=True, slots=True)
class Group:
    """Alerts of a user (of nobody known: of a client) and lane, oldest first."""

    alerts: tuple[Alert, ...]

    @property
    def newest(self) -> Alert:
        """The one that was raised last."""
        return self.alerts[-1]

    @property
    def count(self) -> int:
        """How many."""
        return len(self.alerts)

    @property
    def severity(self) -> Severity:
        """The severest."""
        return max((alert.severity for alert in self.alerts), key=lambda each: each.rank)

    @property
    def waiting(self) -> int:
        """How many of them nobody has closed yet."""
        return sum(alert.state in UNRESOLVED for alert in self.alerts)


def grouped(alerts: Iterable[Alert], window: float = WINDOW) -> list[Group]:
    """Put alerts together; the group with the newest alert first.

    Tests are never put together with what is none.

    Parameters
    ----------
    alerts
        In any order.
    window
        s; an alert raised so long or less after the one before joins it.
    """
    groups: list[list[Alert]] = []
    last: dict[tuple[object, ...], list[Alert]] = {}
    for alert in sorted(alerts, key=lambda each: (each.raised_at, each.id)):
        who = ("user", alert.user) if alert.user is not None else ("client", alert.client)
        key = (*who, alert.lane, alert.kind if alert.lane is None else "", alert.test)
        open_group = last.get(key)
        if open_group and alert.raised_at - open_group[-1].raised_at <= window:
            open_group.append(alert)
        else:
            groups.append([alert])
            last[key] = groups[-1]
    found = [Group(tuple(group)) for group in groups]
    return sorted(found, key=lambda one: (one.newest.raised_at, one.newest.id), reverse=True)
