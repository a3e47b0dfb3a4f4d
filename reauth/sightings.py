"""What is told of programs and of silence, on its way to an alert.

Between the engine, which has batches and claims, and `reauth.detect.absence`, which counts. Memory
only: after a restart counting begins anew.
"""

from collections.abc import Iterable, Sequence

from reauth.alert import Alert, alert_id
from reauth.claim import Claim, Note
from reauth.detect.absence import Absence, Finding, Who
from reauth.detect.pointer import Told
from reauth.group import Arrived, LiveTab
from reauth.order import Ready
from reauth.settings import Absence as Limits

SPAN = 3600.0
"""s in which one alert of a kind is enough of a person on a client: somebody is looking by then."""


class Sightings:
    """Alerts of the bot lane that no score leads to.

    Parameters
    ----------
    limits
        The section [absence].
    """

    def __init__(self, limits: Limits) -> None:
        self._on = limits.on
        self._absence = Absence(limits)
        self._found: list[Alert] = []

    def noted(self, claims: Iterable[Claim]) -> list[Alert]:
        """What the proxy told of; the alerts that it makes."""
        for claim in claims if self._on else ():
            self._tell(claim, self._note(claim, _who(claim)))
        return self.take()

    def seen(self, ready: Iterable[tuple[LiveTab, Ready[Arrived]]]) -> list[Alert]:
        """Batches in the order of their tabs; the alerts that they make."""
        for tab, one in ready if self._on else ():
            claim = one.item.accepted.claim
            self._tell(claim, self._absence.heard(tab.key, _told(one)))
        return self.take()

    def forked(self, claim: Claim, tab: bytes) -> None:
        """Two senders say they are this tab; the alert is given with the next ones."""
        if self._on:
            self._tell(claim, self._absence.forked(_who(claim), tab, claim.received))

    def lost(self, claim: Claim) -> None:
        """A batch could not be read."""
        self._absence.lost(_who(claim))

    def take(self) -> list[Alert]:
        """What was found since."""
        found, self._found = self._found, []
        return found

    def _note(self, claim: Claim, who: Who) -> list[Finding]:
        at = claim.received
        if claim.token in (Note.PAGE, Note.AGAIN):
            again = claim.token == Note.AGAIN
            return self._absence.page(who, claim.page, claim.site, again, at)
        if claim.token == Note.UNSAFE:
            return self._absence.unsafe(who, claim.site, at)
        self._absence.lost(who)
        return []

    def _tell(self, claim: Claim, findings: Sequence[Finding]) -> None:
        self._found.extend(_alert(claim, finding) for finding in findings)


def _who(claim: Claim) -> Who:
    return claim.user, claim.client


def _told(ready: Ready[Arrived]) -> Told:
    batch, claim = ready.item.batch, ready.item.accepted.claim
    header = batch.header
    return Told(
        at=claim.received,
        tab=batch.tab,
        page=claim.page,
        site=claim.site,
        base=batch.base_ms / 1000,
        kinds=batch.kinds,
        times=batch.times,
        xs=batch.xs,
        ys=batch.ys,
        exts=batch.exts,
        confidence=claim.confidence,
        input=header.input is not None,
        untrusted=header.untrusted,
        webdriver=bool(header.webdriver),
        resolution=header.resolution,
        missing=ready.missing,
    )


def _alert(claim: Claim, finding: Finding) -> Alert:
    """One of a kind for a person, a client and a span: its name says so, the store holds to it."""
    kind, span = finding.reason.kind, int(claim.received // SPAN)
    return Alert(
        id=alert_id(f"{claim.user!r}|{claim.client}", span, kind, 0),
        user=claim.user,
        client=claim.client,
        session=None,
        lane="bot",
        kind=kind,
        site=claim.site,
        template_version=0,
        first_anomaly_at=finding.first,
        raised_at=claim.received,
        score=0.0,
        threshold=0.0,
        window=int(finding.level),
        low=int(finding.level),
        limit=int(finding.bound),
        rule=finding.reason.value,
        level=finding.level,
        bound=finding.bound,
    )
