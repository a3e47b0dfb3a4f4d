"""What becomes of alerts between their finding and the store: how severe, and held back by what.

Nothing is lost here: what is held back is kept, shown and counted, and nobody is called for it.
"""

from collections.abc import Sequence
from dataclasses import replace

from reauth.alert import BUDGET, Alert, Severity, hold
from reauth.ports import Cases, Suppressions
from reauth.settings import Alerts
from reauth.severity import Assets, severity_of
from reauth.suppression import Rule, holder

DAY = 86_400.0


class Raising:
    """One for an engine.

    Parameters
    ----------
    assets
        What depends on which users and sites.
    """

    def __init__(
        self, cases: Cases, suppressions: Suppressions, settings: Alerts, assets: Assets
    ) -> None:
        self._cases = cases
        self._suppressions = suppressions
        self._budget = settings.budget_per_day
        self._assets = assets

    async def dress(self, alerts: Sequence[Alert], now: float) -> list[Alert]:
        """Give alerts their severity, and hold back those that a rule or the budget does.

        Raises
        ------
        StoreError
            If the rules cannot be read: better late than told against a rule.
        """
        if not alerts:
            return []
        rules = await self._suppressions.standing(now)
        told = await self._cases.told(int(now // DAY)) if self._budget else 0
        dressed = [
            _held(replace(alert, severity=severity_of(alert, self._assets)), rules, now)
            for alert in alerts
        ]
        return spared(dressed, self._budget, told)


def _held(alert: Alert, rules: Sequence[Rule], now: float) -> Alert:
    rule = holder(rules, alert, now)
    return alert if rule is None else hold(alert, rule.id)


def spared(alerts: Sequence[Alert], budget: int, told: int) -> list[Alert]:
    """Hold back what a day's budget does not reach, the least severe first; critical ones never.

    Parameters
    ----------
    budget
        Alerts that may be told in a day; 0 is no limit.
    told
        How many have been.

    Returns
    -------
    list of Alert
        In the order in which they came.
    """
    if not budget:
        return list(alerts)
    left, kept = budget - told, dict[int, Alert]()
    for place in sorted(range(len(alerts)), key=lambda place: -alerts[place].severity.rank):
        alert = alerts[place]
        if alert.suppressed or alert.test:
            kept[place] = alert
            continue
        spent = left <= 0 and alert.severity is not Severity.CRITICAL
        kept[place] = hold(alert, BUDGET) if spent else alert
        left -= not spent
    return [kept[place] for place in range(len(alerts))]
