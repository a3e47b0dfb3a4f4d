"""Movement as a picture: numbers only, in order, pauses shortened."""

import re
from dataclasses import replace

import numpy as np

from reauth.console.paths import PAUSE, drawing
from tests.rows import NOON, drawn


def test_nothing_is_a_picture_too():
    """Rather than a fault."""
    picture = drawing([])

    assert 0 == picture.length and "No movement" in picture.svg


def test_ways_are_drawn_in_order_and_played_with_short_pauses():
    """Whether somebody rested for a minute or for the day is not told."""
    one, other = drawn(1), drawn(2, at=NOON + 5000)
    picture = drawing([one, other])

    length = float(np.ptp(one.t) + np.ptp(other.t)) + PAUSE
    assert abs(length - picture.length) < 0.01
    [first, second] = re.findall(r'points="([^"]+)" data-t="([^"]+)"', picture.svg)
    assert 10 == len(first[0].split()) == len(first[1].split())
    assert int(second[1].split()[0]) - int(first[1].split()[-1]) in (999, 1000, 1001)
    assert drawing([one, drawn(2, at=NOON + 90)]) == picture


def test_presses_are_dots():
    """Where a movement knows of them."""
    kinds = np.array([0] * 4 + [1, 2] + [0] * 4, np.int8)
    picture = drawing([replace(drawn(1), kinds=kinds, rest=0.1)])

    assert 1 == picture.svg.count('class="press"')
