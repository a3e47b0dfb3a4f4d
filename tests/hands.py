"""Generated people whose movements are cut as a lane would cut them."""

from dataclasses import replace

import numpy as np

from reauth.lab.synth import draw_person, recording
from reauth.segment import SEGMENTERS, Cut


def hand(seed, **changed):
    """A person of the model."""
    return replace(draw_person(np.random.default_rng(seed)), **changed)


def moved(person, count, seed, cut="pause", start=0.0):
    """What a person moves in `count` movements, from `start` (s) on."""
    segmenter = SEGMENTERS[cut](Cut())
    events = recording(person, count, np.random.default_rng(seed))
    found = [one for _, one in segmenter.feed_many(events)] + segmenter.close()
    return [replace(one, t=one.t + start) for one in found]
