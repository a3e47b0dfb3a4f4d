"""Events in, outcomes out: the tiny language of the core's tests.

In the playbook a trajectory's score is written into it: it is the x of its last point. So a test
says what is scored by saying where the pointer went, and everything between is the real thing:
the real session, the real segmenter, the real policy.

`Hand` draws people for those tests that need features and a verifier: each hand has its own speed,
bow and tremor, so that an easy user is easy to tell from another.
"""

from dataclasses import dataclass, field
from threading import current_thread

import numpy as np

from reauth.check import Check
from reauth.decide.cusum import CusumPolicy
from reauth.decide.window import WindowPolicy
from reauth.errors import TemplateError, TooShort
from reauth.event import Event, Kind
from reauth.lane import Lane, Recipe
from reauth.segment import SEGMENTERS, Cut
from reauth.session import Session
from reauth.template import Template
from reauth.trajectory import PauseSegmenter

PAUSE = 0.5


@dataclass(frozen=True)
class Written:
    """Feature set of the playbook: the x of the last point; fewer than `least` points are none."""

    least: int = 2
    name: str = "written"
    version: int = 1
    names: tuple[str, ...] = ("score",)
    units: tuple[str, ...] = ("nat",)

    def extract(self, trajectory):
        """Give (1,)."""
        return self.extract_many([trajectory])[0]

    def extract_many(self, trajectories):
        """Give (n, 1)."""
        if any(trajectory.t.size < self.least for trajectory in trajectories):
            raise TooShort(f"{self.least} points are needed")
        return np.array([[trajectory.x[-1]] for trajectory in trajectories]).reshape(-1, 1)


class Read:
    """Verifier of the playbook: reads the score out, and adds what the template says."""

    name = "read"
    version = 1

    def score_many(self, template, x):
        """Give (n,) of (n, 1)."""
        return x[:, 0] + template.arrays["bias"][0]

    def calibrated(self, template):
        """A provisional template's scores are no ratios."""
        return not template.provisional


class Told:
    """Detector of the playbook: the score is the x of the last point; it notes what it is given."""

    name = "told"
    version = 1

    def __init__(self, remembers=0):
        self.remembers = remembers
        self.remembered = []
        self.learnt = []
        self.threads = set()

    def score_many(self, movements):
        """One a movement; a single point is too short."""
        return [
            float(each.x[-1]) if each.t.size > 1 else "too_short" for each in movements
        ]

    def take(self, learnt):
        """Note it, unless it is none."""
        if learnt == b"spoilt":
            raise TemplateError("not learnt by this code")
        self.learnt.append(learnt)

    def remember(self, movements):
        """Note them, and on which thread."""
        self.remembered += movements
        self.threads.add(current_thread().name)

    def forget(self):
        """Forget them, and note on which thread."""
        self.remembered.clear()
        self.threads.add(current_thread().name)


def asked(name="bot", bound=3.0, segmenter=None, detector=None):
    """A check of the playbook: an alarm at so many nats against whoever moves."""
    return Check(
        name,
        segmenter or (lambda: PauseSegmenter(PAUSE, 2, 0.0)),
        detector or Told(),
        lambda: CusumPolicy(bound),
        4,
    )


def template(user="alice", version=1, bias=0.0, provisional=False):
    """What the playbook's enrolment learnt of somebody: how much to add to a written score."""
    return Template(
        user=user,
        feature_set="written",
        feature_version=1,
        verifier="read",
        verifier_version=1,
        version=version,
        provisional=provisional,
        arrays={"bias": np.array([bias])},
        calibration={},
        held_out=(np.ones(8),),
    )


@dataclass(frozen=True)
class Play:
    """How the sessions of one test are watched: `size` scores in the window, `limit` low ones.

    Recipes are shared by all sessions of a play, as they are in the live service.
    """

    size: int = 2
    limit: int = 2
    points: int = 2
    features: Written = Written()
    lanes: tuple[str, ...] = ("identity",)
    recipes: list[Recipe] = field(default_factory=list)

    def __post_init__(self):
        verifier = Read()
        for name in self.lanes:
            self.recipes.append(
                Recipe(name, self._segmenter, self.features, verifier, self._policy)
            )

    def _segmenter(self):
        return PauseSegmenter(PAUSE, self.points, 0.0)

    def _policy(self, made):
        return WindowPolicy(made.threshold, self.size, self.limit)

    def session(self, learnt=None):
        """A fresh session whose lanes all compare with this template (None: nobody enrolled)."""
        return Session([Lane(recipe, learnt) for recipe in self.recipes])


def watched(**how):
    """A session of an enrolled user."""
    return Play(**how).session(template())


def moves(*ts, page=0, score=1.0):
    """The pointer moves at these times, downwards along x = score."""
    return [Event(Kind.MOVE, page, t, score, 10.0 * t) for t in ts]


def strokes(*scores, start=0.0, page=0):
    """A movement for each score, two seconds apart; each is judged when the next one begins."""
    return [
        event
        for place, score in enumerate(scores)
        for event in moves(start + 2 * place, start + 2 * place + 0.1, page=page, score=score)
    ]


@dataclass(frozen=True)
class Hand:
    """A synthetic person: px/s, share of the way by which a movement bows out, px of tremor.

    Movements are straight lines with a sine's bow, at a speed that rises and falls as a half
    sine, sampled at 40 Hz; enough to tell two hands apart, no model of real people.
    """

    speed: float
    bow: float
    tremor: float

    def draw(self, strokes, rng, start=0.0, page=0, clicks=False):
        """Movements of about a second, with a pause after each, a click in it if wanted."""
        events, t = [], start
        for _ in range(strokes):
            (x, y), angle = rng.uniform(200, 800, 2), rng.uniform(0, 2 * np.pi)
            length = self.speed * rng.normal(1, 0.1) / 2
            u = np.linspace(0, 1, 21)
            way = (1 - np.cos(np.pi * u)) / 2 * length
            side = np.sin(np.pi * u) * self.bow * length
            noise = rng.normal(0, self.tremor, (2, u.size))
            xs = x + way * np.cos(angle) - side * np.sin(angle) + noise[0]
            ys = y + way * np.sin(angle) + side * np.cos(angle) + noise[1]
            events += [
                Event(Kind.MOVE, page, round(float(t + at), 4), float(px), float(py))
                for at, px, py in zip(u / 2, xs, ys, strict=True)
            ]
            if clicks:
                *_, last = events
                at = round(last.t + rng.uniform(0.05, 0.15), 4)
                events += [Event(kind, page, at, last.x, last.y) for kind in (Kind.DOWN, Kind.UP)]
            t += 2.0
        return events


ALICE = Hand(speed=700.0, bow=0.05, tremor=0.3)
MALLORY = Hand(speed=2600.0, bow=0.35, tremor=3.0)
OTHERS = {
    "bob": Hand(speed=2200.0, bow=0.3, tremor=2.0),
    "carol": Hand(speed=2900.0, bow=0.45, tremor=3.5),
    "dave": Hand(speed=3300.0, bow=0.25, tremor=2.5),
}


def units(features, hand, strokes, seed):
    """What the segmenter of a feature set cuts out of a hand's movements and clicks."""
    segmenter = SEGMENTERS[features.segmenter](Cut(PAUSE))
    drawn = hand.draw(strokes, np.random.default_rng(seed), clicks=True)
    return [each for _, each in segmenter.feed_many(drawn)] + segmenter.close()


def trajectories(hand, strokes, seed, cut="pause"):
    """What a lane cuts out of a hand's movements; the default one, where none is named."""
    segmenter = SEGMENTERS[cut](Cut())
    drawn = hand.draw(strokes, np.random.default_rng(seed))
    return [each for _, each in segmenter.feed_many(drawn)] + segmenter.close()
