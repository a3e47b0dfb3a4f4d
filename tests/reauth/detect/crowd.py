"""Movement of people and programs who do not exist, for the tests of detectors."""

import numpy as np

from reauth.generate import GENERATORS
from reauth.generate.clock import sampled
from reauth.lab.synth import draw_person, recording
from reauth.movement import MovementSegmenter
from reauth.trajectory import Trajectory

KINDS = ("straight", "bezier", "wind", "function-linear-constant")


def person(seed, count=30):
    """The movements of one generated person, in one session."""
    rng = np.random.default_rng(seed)
    cutter = MovementSegmenter(0.5)
    events = recording(draw_person(rng), count, rng)
    return [unit for _, unit in cutter.feed_many(events)] + cutter.close()


def people(seeds, count=30):
    """People by name: one session each."""
    return {f"person{seed}": [person(seed, count)] for seed in seeds}


def program(kind, seed, count=40):
    """The movements of a program between places on a screen, as a browser tells them."""
    rng = np.random.default_rng(seed)
    made = GENERATORS[kind]([])
    ends = rng.uniform(100.0, 900.0, (count, 4)).tolist()
    drawn = [made.draw((a, b), (c, d), rng) for a, b, c, d in ends]
    return [sampled(each, 0.008, 0.002, rng) for each in drawn]


def programs(seed, count=40, kinds=KINDS):
    """Programs by kind."""
    return {kind: program(kind, seed + place, count) for place, kind in enumerate(kinds)}


def line(speed=400.0, count=120):
    """A straight line at one speed, px/s, a point every 8 ms."""
    t = 0.008 * np.arange(count)
    return Trajectory(0, t, np.rint(speed * t * 0.8), np.rint(speed * t * 0.6))
