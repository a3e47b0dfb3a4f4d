"""Rows for tests of the store and of what stands on it: short to write, valid by default."""

from dataclasses import replace

import numpy as np

from reauth.alert import Alert, Evidence
from reauth.claim import Claim
from reauth.features import FEATURE_SETS
from reauth.ports import HeldRow, RawRow, SessionRow, TabRow, TrajectoryRow
from reauth.template import Quality, Template
from reauth.trajectory import Trajectory
from reauth.verify import VERIFIERS

NOON = 1_780_000_000.0
"""A moment at which tests begin: 2026-05-28 20:26:40 UTC."""

DAY = 86400.0


def drawn(seed=0, page=7, at=NOON, points=10):
    """A trajectory of its own for each seed."""
    numbers = np.random.default_rng(seed)
    t = at + np.cumsum(numbers.uniform(0.025, 0.05, points))
    return Trajectory(page, t, numbers.normal(500, 99, points), numbers.normal(400, 99, points))


def claimed(user="anna", client="10.0.0.1", **other):
    """A claim of the proxy."""
    fields = {
        "user": user,
        "client": client,
        "site": "5e1f",
        "issued": NOON,
        "received": NOON,
        "source": "proxy_auth",
        "confidence": 0.9,
        "page": "0a" * 8,
        "token": "ok",
    }
    return Claim(**{**fields, **other})


def raw(seq=0, tab=b"t" * 16, user="anna", received=NOON, body=b"movement"):
    """A batch as it came."""
    return RawRow(tab, seq, received, claimed(user), body)


def held(seq=0, tab=b"t" * 16, user="anna", received=NOON, body=b"movement"):
    """A batch that waits."""
    return HeldRow(tab, seq, received, claimed(user), body)


def tabbed(tab=b"t" * 16, user="anna", next_seq=1, last_seen=NOON, **other):
    """A tab."""
    row = TabRow(tab, user, "10.0.0.1", next_seq, 0.25, NOON, last_seen, b"recent", False)
    return replace(row, **other)


def session(name="s1", user="anna", started=NOON, client="10.0.0.1", **other):
    """A session."""
    times = (started, started, started)
    row = SessionRow(name, user, client, *times, "5e1f", "proxy_auth", 0.9, b"remembered")
    return replace(row, **other)


def scored(number=1, of="s1", user="anna", score=1.5, received=NOON, lane="identity", seed=None):
    """A trajectory with its score."""
    trajectory = drawn(number if seed is None else seed, at=received)
    reason = None if score is not None else "not_enrolled"
    return TrajectoryRow(
        of, user, lane, number, "5e1f", received, trajectory, score, reason, 0 if reason else 1
    )


def alarm(name="a1", of="s1", user="anna", lane="identity", raised_at=NOON, **other):
    """An alert."""
    fields = {
        "id": name,
        "user": user,
        "client": "10.0.0.1",
        "session": of,
        "lane": lane,
        "kind": "impostor",
        "site": "5e1f",
        "template_version": 1,
        "first_anomaly_at": raised_at - 60,
        "raised_at": raised_at,
        "score": -2.5,
        "threshold": -0.5,
        "window": 100,
        "low": 61,
        "limit": 60,
        "evidence": (Evidence("0f" * 16, 41, raised_at - 1, -3.25, True),),
        "level": 61.0,
        "bound": 60.0,
    }
    return Alert(**{**fields, **other})


def _filled(shapes, numbers):
    sizes = {"one": 1}
    return {
        name: numbers.normal(size=[sizes.setdefault(size, 3 + len(sizes)) for size in dimensions])
        for name, dimensions in shapes.items()
    }


def learnt(user="anna", **other):
    """A template of the default verifier; its numbers mean nothing."""
    numbers = np.random.default_rng(3)
    features, verifier = FEATURE_SETS["medvet"], VERIFIERS["svm"]
    quality = {100: Quality(100, 60, 0.05, 0.01, (0.02, 0.08), (0.0, 0.03))}
    fields = {
        "user": user,
        "feature_set": features.name,
        "feature_version": features.version,
        "verifier": verifier.name,
        "verifier_version": verifier.version,
        "version": 0,
        "provisional": False,
        "arrays": _filled(verifier.arrays, numbers),
        "calibration": _filled(verifier.calibration, numbers),
        "held_out": (numbers.normal(size=4), numbers.normal(size=3)),
        "enrolled_at": NOON,
        "quality": quality,
    }
    return Template(**{**fields, **other})


def same(one, other):
    """Whether two trajectories hold the same page, times and positions."""
    return one.page == other.page and all(
        np.array_equal(getattr(one, axis), getattr(other, axis)) for axis in "txy"
    )
