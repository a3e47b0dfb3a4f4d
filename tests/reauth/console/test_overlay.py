"""Anomalous movements over the user's own: shapes without places, one scale, safe in a page."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reauth.console.overlay import OWN, POINTS, SEEN, normalised, overlay, paths
from reauth.event import Kind
from reauth.trajectory import Trajectory
from tests.hands import hand, moved

OURS, OTHER = moved(hand(1), 60, 2), moved(hand(9), 30, 3)


def polylines(picture, name):
    """Points of each path of a class, the key's left out."""
    found = re.findall(rf'<polyline class="{name}" points="([^"]+)"', picture)[:-1]
    return [[tuple(map(float, pair.split(","))) for pair in each.split()] for each in found]


def test_every_path_begins_in_the_middle():
    """Where on a page it was is nobody's business."""
    picture = overlay(OURS, OTHER)

    for name in ("own", "seen"):
        assert {(180.0, 180.0)} == {each[0] for each in polylines(picture, name)}


def test_the_same_shape_elsewhere_gives_the_same_picture():
    """Neither place nor time is in it."""
    elsewhere = [replace(each, x=each.x + 4321, y=each.y - 987, t=each.t + 5) for each in OTHER]

    assert overlay(OURS, OTHER) == overlay(OURS, elsewhere)


def test_of_many_some_are_drawn_and_each_is_thinned():
    """More cover each other, and a page must stay small."""
    picture = overlay(OURS * 3, OTHER * 3)

    assert (OWN, SEEN) == tuple(len(polylines(picture, name)) for name in ("own", "seen"))
    assert all(len(each) <= POINTS for each in polylines(picture, "own"))
    assert f"{SEEN} anomalous movements over {OWN} of the user's own" in picture
    assert len(picture) < 60_000


def test_both_are_drawn_to_one_scale():
    """A hand that goes twice as far is seen to."""
    [short], [long] = normalised([np.array([[0.0, 0], [50, 0]])], [np.array([[0.0, 0], [100, 0]])])

    assert 2 * short[1, 0] == long[1, 0]
    assert np.abs(long).max() <= 1.1


def test_clicks_are_no_way_and_who_stands_has_no_path():
    """A press has a place, too, and is left out."""
    t, x = np.arange(4.0), np.array([0.0, 5, 9, 400])
    kinds = np.array([Kind.MOVE, Kind.MOVE, Kind.MOVE, Kind.DOWN], np.int8)
    still = Trajectory(0, t, np.zeros(4), np.zeros(4))
    only_clicks = Trajectory(0, t, x, x, np.full(4, Kind.DOWN, np.int8))

    [path] = paths([Trajectory(0, t, x, np.zeros(4), kinds), still, only_clicks], 9)

    assert 9.0 == path[:, 0].max()


def test_they_are_told_apart_without_colour():
    """The anomalous end in a diamond, the user's in nothing."""
    picture = overlay(OURS, OTHER[:5])

    assert 5 + 1 == picture.count('<path class="seen-end"')
    assert "style=" not in picture


@given(st.lists(st.tuples(st.floats(-65000, 65000), st.floats(-65000, 65000)), max_size=12))
def test_any_movement_gives_one_whole_element(points):
    """Nothing at all, too."""
    x, y = (np.array([point[axis] for point in points]) for axis in (0, 1))
    drawn = [Trajectory(0, np.arange(float(len(points))), x, y)] if points else []

    assert "svg" == ElementTree.fromstring(overlay(drawn, drawn)).tag
