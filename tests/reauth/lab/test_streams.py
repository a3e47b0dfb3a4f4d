"""Who met a template, and who was on a device that nobody knows."""

import numpy as np

from reauth.lab.cutting import Facts
from reauth.lab.scoring import Scored
from reauth.lab.splits import Match
from reauth.lab.streams import on_unknown_devices, stream_of, streams_of

OTHER = -np.inf
MATCH = Match("anna", ("ben",), ("cid", "dot"))


def scored(*scores, template="a"):
    n = len(scores)
    facts = Facts(0.017, 100.0, 100.0, 10.0 * n)
    return Scored(
        np.arange(1.0, n + 1), np.zeros(n, int), ("u",) * n, {template: np.array(scores)}, facts
    )


def test_what_could_not_be_compared_is_no_score():
    """Neither for want of points, nor on another device; the times stay with the others."""
    found = stream_of(scored(1.0, np.nan, OTHER, -0.5), "a")

    assert [1.0, -0.5] == found.scores.tolist()
    assert [1.0, 4.0] == found.at.tolist()
    assert 40.0 == found.active


def test_an_impostor_on_another_device_is_no_attack_but_counted():
    """What little of theirs tells no device is left out; one who is on it now and then is not."""
    by_user = {
        "anna": [scored(1.0, 1.0)],
        "cid": [scored(OTHER, OTHER, -1.0)],
        "dot": [scored(OTHER, -1.0, -1.0), scored(-2.0)],
    }

    own, attacks = streams_of("a", MATCH, by_user)

    assert [[1.0, 1.0]] == [stream.scores.tolist() for stream in own]
    assert [("dot", [-1.0, -1.0]), ("dot", [-2.0])] == [
        (attack.impostor, attack.stream.scores.tolist()) for attack in attacks
    ]
    assert 1 / 3 == on_unknown_devices([("a", MATCH)], by_user)


def test_without_attacks_no_share_is_told():
    """Nobody knows."""
    assert on_unknown_devices([("a", MATCH)], {}) is None
