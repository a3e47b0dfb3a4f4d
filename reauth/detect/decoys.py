"""Movements of programs that nobody wrote: a detector that knows only known ones knows no others.

A decoy takes as long as some person did, from the same place to the same end, and is told by that
person's clock; everything else is drawn at random: a way, how fast it is gone, what trembles.
"""

from collections.abc import Callable, Sequence

import numpy as np

from reauth.event import Kind
from reauth.features.hand import LEAST_PATH
from reauth.trajectory import Floats, Trajectory

FINE = 240
"""Moments of a decoy before a clock tells it: 8 ms of two seconds."""

STROKES = 5
"""Bells that a speed or a way is the sum of, at most: movements have few."""

WAVES = 4
"""Half waves beside the chord, at most."""

_MOVE = int(Kind.MOVE)
_TIME = np.linspace(0.0, 1.0, FINE)


def decoys(people: Sequence[Trajectory], count: int, rng: np.random.Generator) -> list[Trajectory]:
    """Draw so many decoys on the ways and by the clocks of movements of people.

    Movements whose ends are nearer than `LEAST_PATH` are passed over; none without others.
    """
    wanted = [each for each in people if _chord(each) >= LEAST_PATH]
    if not wanted:
        return []
    return [_decoy(wanted[int(rng.integers(len(wanted)))], rng) for _ in range(count)]


def _chord(each: Trajectory) -> float:
    return float(np.hypot(each.x[-1] - each.x[0], each.y[-1] - each.y[0]))


def _decoy(like: Trajectory, rng: np.random.Generator) -> Trajectory:
    t, x, y = like.t, like.x, like.y
    if like.kinds is not None:
        moves = like.kinds == _MOVE
        t, x, y = t[moves], x[moves], y[moves]
    way = complex(x[-1] - x[0], y[-1] - y[0])
    draw = _WAYS[int(rng.integers(len(_WAYS)))]
    place = draw(rng) * way + _tremor(rng)
    gaps = t[1:] - t[:-1]
    period = float(np.median(gaps)) if len(gaps) else 0.025
    end = float(t[-1] - t[0])
    steps = rng.normal(period, period * rng.uniform(0.0, 0.2), int(2 * end / period) + 2)
    at = np.cumsum(np.maximum(steps, period / 4))
    at = np.concatenate(([0.0], at[at < end], [end]))
    xs, ys = (np.rint(np.interp(at / end, _TIME, part)) for part in (place.real, place.imag))
    told = np.concatenate(([True], (xs[1:] != xs[:-1]) | (ys[1:] != ys[:-1])))
    return Trajectory(0, at[told], xs[told] + 0.0, ys[told] + 0.0)


def _bell(rng: np.random.Generator, begin: float, end: float) -> Floats:
    """A speed that rises and falls within a stretch of the time, of any skew; its sum is 1."""
    share = np.clip((_TIME - begin) / max(end - begin, 1e-3), 0.0, 1.0)
    a, b = rng.uniform(0.6, 5.0, 2)
    bell = share**a * (1.0 - share) ** b
    return np.asarray(bell / max(float(bell.sum()), 1e-12))


def _stretch(rng: np.random.Generator, first: bool) -> tuple[float, float]:
    begin = 0.0 if first else rng.uniform(0.0, 0.8)
    return begin, min(1.0, begin + rng.uniform(0.2, 1.0))


def _done(rng: np.random.Generator) -> Floats:
    """The share of a way that is done by each moment."""
    count = rng.integers(1, STROKES + 1)
    shares = rng.dirichlet(np.full(count, rng.uniform(0.3, 2.0)))
    speed = np.zeros(FINE)
    for place, share in enumerate(shares.tolist()):
        speed += share * _bell(rng, *_stretch(rng, place == 0))
    even = rng.choice((0.0, 0.0, rng.uniform(0.0, 1.0)))
    speed = (1 - even) * speed + even / FINE
    speed *= np.exp(_wander(rng, rng.choice((0.0, 0.0, rng.uniform(0.0, 1.0)))))
    way = np.cumsum(speed)
    return np.asarray((way - way[0]) / (way[-1] - way[0] + 1e-12))


def _bowed(rng: np.random.Generator) -> np.ndarray:
    """Along the chord, with half waves beside it."""
    done = _done(rng)
    size = abs(rng.normal(0.0, 0.2))
    beside = sum(
        rng.normal(0.0, size / wave ** rng.uniform(0.5, 2.0)) * np.sin(np.pi * wave * done)
        for wave in range(1, rng.integers(1, WAVES + 1) + 1)
    )
    return np.asarray(done + 1j * beside)


def _by_places(rng: np.random.Generator) -> np.ndarray:
    """A smooth curve by some places near the chord, by de Casteljau's rule."""
    count = rng.integers(1, 5)
    along = np.sort(rng.uniform(-0.2, 1.2, count))
    knots = np.concatenate(
        ([0.0], along + 1j * rng.normal(0.0, rng.uniform(0.05, 0.5), count), [1])
    )
    done = _done(rng)
    curve = knots[:, None] * np.ones(FINE)
    while len(curve) > 1:
        curve = (1 - done) * curve[:-1] + done * curve[1:]
    return np.asarray(curve[0])


def _strokes(rng: np.random.Generator) -> np.ndarray:
    """Strokes that overlap, each turning by its own angle."""
    count = rng.integers(1, STROKES + 1)
    shares = rng.dirichlet(np.full(count, rng.uniform(0.3, 2.0)))
    velocity = np.zeros(FINE, dtype=complex)
    for place, share in enumerate(shares.tolist()):
        bell = _bell(rng, *_stretch(rng, place == 0))
        turned = rng.normal(0.0, rng.uniform(0.05, 0.6)) + rng.normal(0, 0.5) * np.cumsum(bell)
        velocity += share * bell * np.exp(1j * turned)
    way = np.cumsum(velocity)
    return np.asarray(way / (way[-1] if abs(way[-1]) > 0.05 else 1.0))


_WAYS: Sequence[Callable[[np.random.Generator], np.ndarray]] = (_bowed, _by_places, _strokes)


def _wander(rng: np.random.Generator, size: float) -> Floats:
    """Noise that remembers: of the wanted deviation, and of any memory."""
    memory = rng.uniform(0.0, 0.98)
    noise = rng.normal(0.0, 1.0, FINE)
    if memory > 0.3:
        for place in range(1, FINE):
            noise[place] = memory * noise[place - 1] + np.sqrt(1 - memory**2) * noise[place]
    return np.asarray(size * noise)


def _tremor(rng: np.random.Generator) -> np.ndarray:
    """Nothing, or px of noise, white or not, along both axes or along one."""
    kind = rng.integers(4)
    if kind <= 1:
        return np.zeros(FINE, dtype=complex)
    size = rng.uniform(0.2, 3.0)
    noise = _wander(rng, size) + 1j * _wander(rng, size * (kind - 2))
    noise[[0, -1]] = 0.0
    return noise
