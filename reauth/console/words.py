"""An alert in one sentence, and the words for what a page shows beside it."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Final

from reauth.alert import Alert
from reauth.explain import rule_words
from reauth.ports.scene import Point, Scene

LEVELS: Final = {
    "mean": "the mean score, in nats,",
    "sprt": "the evidence against the user, in nats,",
    "cusum": "the evidence against the user, in nats since it was last none,",
    "trust": "the trust in the user, of 100,",
}
"""What the `level` of an alert's rule is."""
AGAINST: Final = {
    "identity": ("trajectories", "unlike the user"),
    "bot": ("movements", "unlike a hand's"),
    "replay": ("movements", "like one that was seen before"),
}
"""Of each lane, what it judges, and what a low score says."""
WHO: Final = {
    "identity": "moved unlike {user}",
    "bot": "was moved as a program moves it",
    "replay": "repeated movement that was seen before",
}
"""What a lane would have seen if it is right."""
KNOWN_BY: Final = {
    "proxy_auth": "by a name and password at the proxy",
    "client_certificate": "by a client certificate",
    "upstream_header": "by a header of the proxy in front",
    "address_map": "by the client's address alone",
    "default_user": "not at all: everybody here is taken for this user",
    "unknown": "not at all",
}
"""How the proxy knew whose session it was."""
VERDICT_WORDS: Final = {
    "true_positive": "it was somebody else",
    "false_positive": "it was the user",
    "benign": "unusual, and harmless: a new mouse, a remote desktop",
    "suspicious": "something is wrong, not proven",
    "insufficient_data": "nobody can tell",
    "duplicate": "another alert says the same",
    "security_risk": "no takeover, but a risk",
    "disregard": "nothing to look into",
    "test": "a test",
}
"""Verdicts in the order of their keys, the commonest first."""
CONFIRMS: Final = frozenset({"true_positive", "suspicious", "security_risk"})
"""Verdicts by which movement is taken for somebody else's, and so never trains."""
KINDS: Final = {
    "replay": "movement that was seen before",
    "tokens": "page tokens that are not the sender's",
    "bot": "movement that hands do not make",
}
"""Other findings that make movement doubtful, whoever it is of."""
HELD: Final = {"population": "many people's alarms at once", "budget": "the day's budget"}


def sentence(alert: Alert) -> str:
    """Say what happened, in one sentence.

    Examples
    --------
    >>> from reauth.alert import Evidence
    >>> one = Alert("a", "anna", "10.0.0.1", "s", "identity", "impostor", "", 1, 0.0, 9.0, -2.0,
    ...     -1.0, 100, 61, 60)
    >>> sentence(one)
    'The pointer moved unlike anna: 61 of the last 100 trajectories were unlike the user; 60 raise \
an alert.'
    """
    if alert.kind == "population":
        return (
            f"{alert.low} of {alert.window} people who were compared moved unlike themselves at"
            " once. Look for what they share: a browser's update, new mice, another observer."
            " Their own alerts are kept, marked as suppressed."
        )
    if alert.kind == "tokens":
        return f"{alert.low} page tokens of this sender were refused; {alert.limit} raise an alert."
    counted = rule_words(alert)
    if counted:
        return f"{counted}."
    units, low = AGAINST[alert.lane or "identity"]
    saw = WHO[alert.lane or "identity"].format(user=alert.user or "the user")
    if alert.rule == "window":
        told = f"{alert.low} of the last {alert.window} {units} were {low}"
        told += f"; {alert.limit} raise an alert"
    else:
        told = (
            f"{LEVELS[alert.rule]} was {alert.level:.2f}; {alert.bound:.2f} raises an alert; of the"
            f" last {alert.window} {units} {alert.low} were {low}"
        )
    return f"The pointer {saw}: {told}."


def known_by(scene: Scene) -> str:
    """How it is known whose session it is, and how surely."""
    words = KNOWN_BY.get(scene.source, f"by {scene.source.replace('_', ' ')}")
    return f"{words} (confidence {scene.confidence:.2f} of 1)"


def devices(points: Sequence[Point]) -> list[tuple[str, int]]:
    """Device classes in the order of their stretches, each with its first movement's number.

    Examples
    --------
    >>> devices([Point(1, 0.0, 1.0, None, "a"), Point(2, 0.0, 1.0, None, "b")])
    [('a', 1), ('b', 2)]
    """
    return [
        (name or "not told", next(group).number)
        for name, group in groupby(points, key=lambda point: point.device)
    ]


def integrity(scene: Scene, others: Sequence[Alert]) -> list[str]:
    """What makes the evidence itself doubtful; empty where nothing does."""
    found = []
    if scene.forked:
        found.append("A tab sent two stories of the same stretch: one of them is made up.")
    if scene.waiting:
        found.append(f"{scene.waiting} batches wait for an earlier one: what came has a hole.")
    found += [
        f"{count} batches were refused about that time: {reason.replace('_', ' ')}."
        for reason, count in scene.refused.items()
    ]
    found += [
        f"Another alert about that time: {rule_words(other) or KINDS[other.kind]}."
        for other in others
        if rule_words(other) or other.kind in KINDS
    ]
    uncompared = Counter(point.reason for point in scene.points if point.score is None)
    found += [
        f"{count} movements of the session were not compared: {str(reason).replace('_', ' ')}."
        for reason, count in uncompared.most_common()
    ]
    return found
