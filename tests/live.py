"""Live data without a browser: events as sealed batches, a house's lane, an enrolled user."""

import numpy as np

from reauth.claim import Claim
from reauth.decide import POLICIES
from reauth.enrol import Options, learn
from reauth.features import FEATURE_SETS
from reauth.lab.synth import draw_person, recording
from reauth.lane import Recipe
from reauth.ports import Accepted
from reauth.trajectory import PauseSegmenter
from reauth.verify import VERIFIERS
from reauth.wire import Batch, Header, encode

EPOCH = 1_790_000_000.0
"""s since 1970 at which tests begin."""

INTRUDER = 5
"""A person who is easily told from person 0, whom `template_of` learns."""


def identity_lane(window=5):
    """The default lane, with a window that a test can fill."""
    return Recipe(
        "identity",
        lambda: PauseSegmenter(0.5, 10, 0.025),
        FEATURE_SETS["medvet"],
        VERIFIERS["svm"],
        lambda template: POLICIES["window"](template, window),
    )


def person(seed):
    """A generated person; the same seed, the same person."""
    return draw_person(np.random.default_rng(seed))


def movement(seed, movements, sample=0):
    """Events of person `seed`, from time 0."""
    return recording(person(seed), movements, np.random.default_rng([seed, sample]))


def trajectories(events):
    """What the default lane cuts out of events."""
    segmenter = PauseSegmenter(0.5, 10, 0.025)
    return [found for _, found in segmenter.feed_many(events)] + segmenter.close()


def template_of(user="alice", seed=0, movements=60):
    """A template of person `seed` against four others."""
    own = [trajectories(movement(seed, movements, sample)) for sample in (1, 2)]
    others = {f"u{n}": [trajectories(movement(n, movements, 1))] for n in range(1, 5)}
    options = Options(min_trajectories=movements)
    return learn(user, own, others, options, np.random.default_rng(0), EPOCH)


def claim(user="alice", client="10.0.0.1", at=EPOCH, **changes):
    """What the proxy says of a sender."""
    fields = {
        "user": user,
        "client": client,
        "site": "0123456789abcdef",
        "issued": at,
        "received": at,
        "source": "address_map",
        "confidence": 1.0,
        "page": "00" * 8,
        "token": "ok",
    }
    return Claim(**(fields | changes))


def bodies(events, tab=b"t" * 16, start=EPOCH, size=80, first=0, screen=None):
    """Events as wire bodies of `size` events each, numbered from `first`.

    The first one tells the screen, if there is one; of a page without are the others anyway.

    Returns
    -------
    list of (float, bytes)
        When the batch would be sent (s since 1970), and the batch.
    """
    found = []
    for place in range(0, len(events), size):
        part = events[place : place + size]
        base = start + part[0].t
        base_ms = int(base * 1000)
        batch = Batch(
            version=1,
            token=b"",
            tab=tab,
            seq=first + place // size,
            base_ms=base_ms,
            dropped=0,
            held=False,
            header=Header(screen=None if place else screen),
            kinds=[int(event.kind) for event in part],
            times=[start + event.t - base_ms / 1000 for event in part],
            xs=[int(event.x) for event in part],
            ys=[int(event.y) for event in part],
            exts=[event.ext for event in part],
        )
        found.append((start + part[-1].t, encode(batch)))
    return found


def accepted(events, user="alice", client="10.0.0.1", **where):
    """Events as accepted batches, each received when its last event happened."""
    return [
        Accepted(claim(user, client, at), body) for at, body in bodies(events, **where)
    ]
