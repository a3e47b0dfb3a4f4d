"""A test alert: what one looks like and where it goes, marked as a test everywhere."""

from reauth.alert import KINDS, Alert, Evidence, Severity, alert_id

LANES = {kind: lane for lane, kind in KINDS.items()} | {"absence": "bot"}
"""Of each kind, the lane that would raise it; `tokens` and `population` have none."""
EVERY = (*LANES, "tokens", "population")

CLIENT = "192.0.2.1"
"""An address that nobody has (RFC 5737, TEST-NET-1)."""
_SCORES = (1.2, -0.4, -2.1, -1.7, 0.3, -2.6, -3.0, -1.9, -2.2, -2.8)
"""nats, made up."""


def drill(kind: str, severity: Severity, now: float) -> Alert:
    """A test alert of a kind, as if it were raised at `now` (s since 1970); it is about nobody."""
    evidence = tuple(
        Evidence("00" * 16, number, now - 3.0 * (len(_SCORES) - number), score, score < -1.0)
        for number, score in enumerate(_SCORES, 1)
    )
    lows = [item.at for item in evidence if item.low]
    return Alert(
        id=alert_id("test", int(now * 1e6), kind, 0),
        user=None,
        client=CLIENT,
        session=None,
        lane=LANES.get(kind),
        kind=kind,
        site="",
        template_version=0,
        first_anomaly_at=lows[0],
        raised_at=now,
        score=sum(_SCORES) / len(_SCORES),
        threshold=-1.0,
        window=len(_SCORES),
        low=len(lows),
        limit=len(lows),
        evidence=evidence,
        level=float(len(lows)),
        bound=float(len(lows)),
        severity=severity,
        test=True,
    )
