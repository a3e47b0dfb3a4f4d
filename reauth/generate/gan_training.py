"""Teach a generative adversarial network to move as people do; needs torch.

Two networks against each other: the generator turns random numbers into steps, the discriminator
tells them from those of people. Sampling needs none of this (`reauth.generate.gan`).

References
----------
Goodfellow et al. 2014 for the game, with its non-saturating loss; Salimans et al. 2016 for
one-sided label smoothing (section 3.4) and for matching features (section 3.1), here the mean and
deviation of steps over the movement; Acien et al. 2021 (BeCAPTCHA-Mouse), section 3.2.2.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reauth.errors import NotEnrolled
from reauth.generate.aimed import chord
from reauth.generate.gan import (
    CONDITIONS,
    LEAST_WAY,
    Facts,
    Gan,
    facts_of,
    inputs,
    trainable,
    unit_steps,
)
from reauth.generate.recurrent import (
    Sequences,
    arrays_of,
    floats,
    judged,
    network,
    through,
    torch_or_error,
    verdicts,
)
from reauth.trajectory import Floats, Trajectory

PERIOD = 0.02
"""s between points, 50 Hz: the commonest clock of a browser's recordings is 17 ms, and sequences
are short enough to learn in minutes. The paper has 200 Hz."""
MOST = 64
"""Steps at most, 1.28 s; nine in ten guided movements are shorter (SapiMouse)."""
LEAST = 20
"""Movements without which nothing is learnt."""
ENOUGH = 1200
"""Movements that are learnt from at most where nobody says otherwise: minutes of one core."""

RATE = 1e-3
BETAS = (0.5, 0.999)
"""Adam's step and momenta; 0.5 is the custom of adversarial training (Radford et al. 2016)."""
SURE = 0.9
"""What a movement of people is worth to the discriminator: one-sided smoothing, of 1."""
BINS = 8
"""Parts of a movement whose steps are matched in mean and deviation."""
MATCH = 4.0
"""What matching is worth beside the discriminator's opinion: enough that a few hundred steps of
training give a hand's profile of speed, which the paper leaves to tens of thousands of samples."""
POOL = 4
"""Batches that are sorted by length together."""
CLIP = 1.0
"""Largest norm of a gradient: recurrent networks jump otherwise."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How much is learnt, by networks of which size.

    Parameters
    ----------
    epochs, batch
        Times that every movement is seen, and how many at once.
    generator, discriminator
        Units of both layers.
    seed
        Random numbers a movement.
    """

    epochs: int = 40
    batch: int = 64
    generator: tuple[int, int] = (64, 32)
    discriminator: tuple[int, int] = (128, 64)
    seed: int = 16


@dataclass(frozen=True, slots=True)
class Losses:
    """One row of the curve, means over an epoch.

    `human` and `machine` are the discriminator's shares of right answers.
    """

    discriminator: float
    generator: float
    matching: float
    human: float
    machine: float


@dataclass(frozen=True, eq=False, slots=True)
class Trained:
    """Both networks, and how they came about.

    Parameters
    ----------
    gan
        The generator.
    discriminator
        The arrays of the other network, named as those of the generator.
    losses
        One an epoch.
    """

    gan: Gan
    discriminator: Mapping[str, Floats]
    losses: tuple[Losses, ...]

    def human(self, movements: Sequence[Trajectory]) -> Floats:
        """Give (m,) shares of 1 that a movement is a person's, as the discriminator has it."""
        return judged(self.discriminator, sequences(movements, self.gan.facts))


def unwatched(epochs: Iterable[int]) -> Iterable[int]:
    """Go through epochs without a word."""
    return epochs


def train(
    people: Sequence[Trajectory],
    budget: Budget,
    seed: int,
    watch: Callable[[Iterable[int]], Iterable[int]] = unwatched,
) -> Trained:
    """Train on movements of people.

    Parameters
    ----------
    people
        Movements; those that are aimed and not too long are learnt from.
    budget
        How much.
    seed
        Of everything random: the same seed on the same machine, the same network.
    watch
        Goes through the numbers of epochs: a bar, or nothing.

    Raises
    ------
    SettingsError
        If torch is not installed.
    NotEnrolled
        If there are too few movements.
    """
    torch = torch_or_error()
    known = trainable(people, PERIOD, MOST)
    if len(known) < LEAST:
        raise NotEnrolled(f"{len(known)} movements to learn from; {LEAST} are needed")
    facts = facts_of(known, PERIOD, MOST, budget.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        game = _Game(torch, facts, budget, np.random.default_rng(seed))
        data = Batches(known, facts)
        losses = tuple(game.epoch(data) for _ in watch(range(budget.epochs)))
        gan = Gan(facts, arrays_of(game.generator))
        return Trained(gan, arrays_of(game.judge), losses)


def fit(people: Sequence[Trajectory]) -> Gan:
    """Train with the usual budget: the table of generators' way to make one.

    Raises
    ------
    SettingsError
        If torch is not installed.
    NotEnrolled
        If there are too few movements.
    """
    order = np.random.default_rng(1).permutation(len(people))[:ENOUGH]
    return train([people[at] for at in order], Budget(), seed=1).gan


class Batches:
    """Movements of people as the networks see them, in any order, a batch at a time."""

    def __init__(self, movements: Sequence[Trajectory], facts: Facts) -> None:
        self._facts = facts
        self._px = np.array([abs(chord(each)) for each in movements])
        self.steps, self.counts = padded(movements, facts)

    def __len__(self) -> int:
        """How many movements there are."""
        return len(self.counts)

    def shuffled(self, size: int, rng: np.random.Generator) -> Iterator[tuple[Floats, ...]]:
        """Yield steps (b, n, 2), standardised ways (b,), counts (b,), px a mean step (b,).

        Movements of a batch are about as long as each other, or half of the work is on zeros.
        """
        order = rng.permutation(len(self))
        for pool in np.array_split(order, max(1, round(len(order) / (size * POOL)))):
            alike = pool[np.argsort(self.counts[pool], kind="stable")]
            batches = np.array_split(alike, max(1, round(len(alike) / size)))
            for turn in rng.permutation(len(batches)):
                places = batches[turn]
                counts, px = self.counts[places], self._px[places]
                steps = self.steps[places, : int(counts.max())]
                yield steps, self._facts.standardised(px), counts, px / counts


def padded(movements: Sequence[Trajectory], facts: Facts) -> tuple[Floats, Floats]:
    """Give steps (m, n, 2) in the network's unit, zeros after the last, and counts (m,).

    Of movements that are longer than the longest the beginning is given.
    """
    every = [unit_steps(each, facts.period)[: facts.most] / facts.scale for each in movements]
    counts = np.array([len(each) for each in every])
    steps = np.zeros((len(every), facts.most, 2))
    for row, each in zip(steps, every, strict=True):
        row[: len(each)] = each
    return steps, counts


def sequences(movements: Sequence[Trajectory], facts: Facts) -> Sequences:
    """Give movements as a network is shown them, of people or of machines."""
    steps, counts = padded(movements, facts)
    px = np.array([max(LEAST_WAY, abs(chord(each))) for each in movements])
    return Sequences(steps, facts.standardised(px), counts)


def blurred(steps: Floats, unit: Floats, rng: np.random.Generator) -> Floats:
    """Move the places of movements by up to half a px: whole px are the screen's, not a hand's.

    Parameters
    ----------
    steps
        (b, n, 2).
    unit
        (b,) px of one of their units.
    """
    b, n, _ = steps.shape
    moved = np.diff(rng.uniform(-0.5, 0.5, (b, n + 1, 2)), axis=1)
    return np.asarray(steps + moved / unit[:, None, None])


class _Game:
    """Both networks, their optimisers, and one epoch of the game."""

    def __init__(self, torch: Any, facts: Facts, budget: Budget, rng: np.random.Generator) -> None:
        self._torch, self._facts, self._budget, self._rng = torch, facts, budget, rng
        given = facts.seed + facts.tremor + CONDITIONS
        self.generator = network(given, budget.generator, 2)
        self.judge = network(3, budget.discriminator, 1)
        self._steps = {
            name: torch.optim.Adam(each.parameters(), lr=RATE, betas=BETAS)
            for name, each in (("generator", self.generator), ("judge", self.judge))
        }
        self._loss = torch.nn.BCEWithLogitsLoss()

    def epoch(self, data: Batches) -> Losses:
        rows = [self._batch(*each) for each in data.shuffled(self._budget.batch, self._rng)]
        return Losses(*np.mean(rows, axis=0).tolist())

    def _batch(self, steps: Floats, way: Floats, counts: Floats, px: Floats) -> list[float]:
        unit = px * self._facts.scale
        mask = floats(np.arange(steps.shape[1])[None, :] < counts[:, None])[..., None]
        real = floats(blurred(steps, unit, self._rng)) * mask
        ways, made = floats(way), self._made(way, counts, unit, mask)
        own, judged = self._judge(real, made, ways, counts)
        opinion, matching = self._generate(real, made, ways, counts)
        human, machine = (own[0] > 0).float().mean(), (own[1] < 0).float().mean()
        return [float(each) for each in (judged, opinion, matching, human, machine)]

    def _made(self, way: Floats, counts: Floats, unit: Floats, mask: Any) -> Any:
        """Draw movements like the real ones in way and count, rounded and blurred as they are."""
        facts, n = self._facts, mask.shape[1]
        seed = self._rng.standard_normal((len(way), facts.seed))
        tremor = self._rng.standard_normal((len(way), n, facts.tremor))
        given = floats(inputs(facts, way, counts, seed, tremor))
        raw = through(self.generator, given) * mask
        total = floats(counts)[:, None, None]
        home = floats(np.array([1.0, 0.0])) / facts.scale
        homed = (raw - raw.sum(dim=1, keepdim=True) / total + home) * mask
        still = np.zeros((len(way), n, 2))
        noise = blurred(blurred(still, unit, self._rng), unit, self._rng)
        return (homed + floats(noise)) * mask

    def _judge(
        self, real: Any, made: Any, ways: Any, counts: Floats
    ) -> tuple[tuple[Any, Any], Any]:
        """Let the discriminator learn; give what it said before of both, and its loss."""
        own = (
            verdicts(self.judge, real, ways, counts),
            verdicts(self.judge, made.detach(), ways, counts),
        )
        ones = self._torch.full_like(own[0], SURE)
        loss = (self._loss(own[0], ones) + self._loss(own[1], ones * 0)) / 2
        self._step("judge", self.judge, loss)
        return own, loss.detach()

    def _generate(self, real: Any, made: Any, ways: Any, counts: Floats) -> tuple[Any, Any]:
        """Let the generator learn; give both parts of its loss."""
        told = verdicts(self.judge, made, ways, counts)
        opinion = self._loss(told, self._torch.ones_like(told))
        parts = floats(shares_of(counts, real.shape[1]))
        matching = sum(
            ((one - other) ** 2).mean()
            for one, other in zip(
                self._moments(real, parts), self._moments(made, parts), strict=True
            )
        )
        self._step("generator", self.generator, opinion + MATCH * matching)
        return opinion.detach(), matching.detach()

    def _moments(self, steps: Any, parts: Any) -> list[Any]:
        """Mean and deviation of steps in each part, and how much neighbours differ there."""
        means = self._torch.einsum("bnk,bnc->bkc", parts, steps)
        rough = (steps[:, 1:] - steps[:, :-1]).abs()
        change = self._torch.einsum("bnk,bnc->bkc", parts[:, 1:], rough)
        return [means.mean(dim=0), means.std(dim=0), change.mean(dim=0)]

    def _step(self, name: str, net: Any, loss: Any) -> None:
        self._steps[name].zero_grad()
        loss.backward()
        self._torch.nn.utils.clip_grad_norm_(net.parameters(), CLIP)
        self._steps[name].step()


def shares_of(counts: Floats, n: int) -> Floats:
    """Give (b, n, k) weights that take means over each of k parts of the first `counts` steps."""
    step = np.arange(n)[None, :]
    part = np.floor(BINS * (step + 0.5) / counts[:, None])
    weights = (part[..., None] == np.arange(BINS)) * (step < counts[:, None])[..., None]
    return np.asarray(weights / np.maximum(weights.sum(axis=1, keepdims=True), 1.0))
