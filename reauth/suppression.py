"""Rules that hold alerts back, and windows of maintenance: owned, with a reason, for a time.

An alert that is held back is kept and shown as such; nobody is called for it.
"""

import hashlib
import ipaddress
from collections.abc import Iterable
from dataclasses import astuple, dataclass, field, replace

from reauth.alert import Alert
from reauth.errors import ReauthError

LONGEST = 366 * 86_400.0
"""s that a rule may stand: what nobody looks at for a year is no exception any more."""

RULE, MAINTENANCE = "rule", "maintenance"


class NoRule(ReauthError):
    """The analyst's fault: a rule that cannot be made, or that there is not."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which alerts: all that is given must fit, None asks for nothing.

    `site` is its keyed hash, `network` an address or CIDR of clients.
    """

    user: str | None = None
    lane: str | None = None
    kind: str | None = None
    site: str | None = None
    network: str | None = None

    def covers(self, alert: Alert) -> bool:
        """Whether an alert is meant."""
        pairs = (
            (self.user, alert.user),
            (self.lane, alert.lane),
            (self.kind, alert.kind),
            (self.site, alert.site),
        )
        same = all(wanted is None or wanted == has for wanted, has in pairs)
        return same and (self.network is None or _within(alert.client, self.network))


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of suppression, or a window of maintenance.

    `begins` and `ends` are seconds since 1970, the end left out; `held` counts what it held back.
    """

    id: str
    kind: str
    owner: str
    reason: str
    begins: float
    ends: float
    scope: Scope = field(default_factory=Scope)
    made: float = 0.0
    held: int = 0

    def stands(self, now: float) -> bool:
        """Whether it holds anything back at a time (s)."""
        return self.begins <= now < self.ends


def holder(rules: Iterable[Rule], alert: Alert, now: float) -> Rule | None:
    """What holds an alert back; the first of several."""
    return next((rule for rule in rules if rule.stands(now) and rule.scope.covers(alert)), None)


def made(rule: Rule) -> Rule:
    """A rule as it may be kept, with its id: of all that it says, so that twice is once.

    Raises
    ------
    NoRule
        If it has no owner or no reason, never stands or for too long, names no network, or would
        hold back everything for no maintenance.
    """
    scope = rule.scope
    if not rule.owner.strip() or not rule.reason.strip():
        raise NoRule("say who answers for it and why: whoever comes next must be able to ask")
    if not rule.begins < rule.ends <= rule.begins + LONGEST:
        raise NoRule("it must end after it begins, within a year")
    if rule.ends <= rule.made:
        raise NoRule("it would have ended already")
    if rule.kind == RULE and scope == Scope():
        raise NoRule("a rule names a user, lane, kind, site or network; for all there is only"
                     " maintenance")  # fmt: skip
    if scope.network is not None:
        scope = replace(scope, network=_network(scope.network))
    told = repr((rule.kind, rule.owner, rule.reason, rule.begins, rule.ends, astuple(scope)))
    digest = hashlib.blake2b(told.encode(), digest_size=6).hexdigest()
    return replace(rule, id=f"{rule.kind}-{digest}", scope=scope, held=0)


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        raise NoRule(f"'{text}' is no address or network, such as 10.0.0.0/8") from None


def _within(client: str, network: str) -> bool:
    """Whether a client's address lies in a network; a name lies in none."""
    try:
        return ipaddress.ip_address(client) in ipaddress.ip_network(network)
    except ValueError:
        return False
