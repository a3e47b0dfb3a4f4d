"""How soon somebody should look at an alert: what was found, and whose or what it is about.

The score says how likely it is that something is wrong, which an alert already is; so what is
weighed is the kind of finding, whether another lane of the session speaks against it too, and how
much depends on the account or the site (`[alerts] assets`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from reauth.alert import Alert, Severity
from reauth.errors import SettingsError


class Criticality(StrEnum):
    """How much depends on an account or a site, least first."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    CRITICAL = "critical"


KINDS: Final[Mapping[str, Severity]] = {
    "impostor": Severity.MEDIUM,
    "bot": Severity.HIGH,
    "replay": Severity.HIGH,
    "absence": Severity.MEDIUM,
    "tokens": Severity.MEDIUM,
    "population": Severity.MEDIUM,
}
"""What a finding weighs by itself: a program or a recording at an account is nobody's new mouse,
while an impostor alert is wrong about as often as enrolment was asked for."""

SECOND: Final = 0.5
"""Share of the way to its alarm at which a second lane counts: more likely than not, of evenly
weighed hypotheses, is half of the evidence in nats."""

_STEPS: Final[Mapping[Criticality, int]] = {
    Criticality.LOW: -1,
    Criticality.NORMAL: 0,
    Criticality.HIGH: 1,
    Criticality.CRITICAL: 2,
}


@dataclass(frozen=True, slots=True)
class Assets:
    """What depends on whom: users by name, sites by their keyed hash; others are normal."""

    users: Mapping[str, Criticality] = field(default_factory=dict)
    sites: Mapping[str, Criticality] = field(default_factory=dict)

    def of(self, alert: Alert) -> Criticality:
        """The greater of an alert's user and site; of neither, normal."""
        found = [self.users.get(alert.user or ""), self.sites.get(alert.site)]
        known = [one for one in found if one is not None]
        return max(known, key=[*Criticality].index) if known else Criticality.NORMAL


def assets_of(rows: Iterable[tuple[str, Sequence[str]]]) -> Assets:
    """The assets of a table.

    Parameters
    ----------
    rows
        (where it stands, for messages; the cells): `user` or `site`, its name, its criticality.

    Raises
    ------
    SettingsError
        If a row is none of these.

    Examples
    --------
    >>> assets_of([("assets.csv:1", ("user", "anna", "critical"))]).users
    {'anna': <Criticality.CRITICAL: 'critical'>}
    """
    found: dict[str, dict[str, Criticality]] = {"user": {}, "site": {}}
    for where, cells in rows:
        if len(cells) != 3 or cells[0] not in found or cells[2] not in set(Criticality):
            raise SettingsError(
                f"{where}: a line is user or site, a name, one of {', '.join(Criticality)}"
            )
        found[cells[0]][cells[1]] = Criticality(cells[2])
    return Assets(found["user"], found["site"])


def severity_of(alert: Alert, assets: Assets) -> Severity:
    """How severe an alert is when it is raised.

    A provisional template weighs a step less, as it knows the user by one session at most; a lane
    beside the one that alarmed a step more, if it is `SECOND` of its way. Then the criticality
    moves it: one down, none, one up, two up.
    """
    rank = KINDS.get(alert.kind, Severity.MEDIUM).rank - alert.provisional
    reasons = alert.risk.reasons if alert.risk else ()
    rank += any(one.lane != alert.lane and one.share >= SECOND for one in reasons)
    rank += _STEPS[assets.of(alert)]
    found: Severity = [*Severity][min(max(rank, 1), len(Severity)) - 1]
    return found
