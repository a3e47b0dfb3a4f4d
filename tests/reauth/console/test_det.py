"""The picture of a comparison: true to the shares, safe in a page, readable without colour."""

import re
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from reauth.console.det import TICKS, det

shares = st.floats(0, 1)
CURVE = [(1.0, 0.0), (0.2, 0.02), (0.05, 0.1), (0.0, 1.0)]


def drawn(picture):
    """Points of each curve, keys left out."""
    found = re.findall(r'<polyline class="curve curve-\d" points="([^"]*)"', picture)[::2]
    return [[tuple(map(float, pair.split(","))) for pair in each.split()] for each in found]


def test_more_strangers_lie_to_the_right_and_more_refusals_higher():
    """On the screen y grows downwards."""
    [points] = drawn(det([("active", CURVE)], 0.05))

    xs, ys = zip(*points, strict=True)
    assert sorted(xs, reverse=True) == list(xs)
    assert sorted(ys, reverse=True) == list(ys)


def test_each_curve_has_a_class_and_a_name():
    """So that the style sheet dashes the second; a name cannot break out."""
    picture = det([("active", CURVE), ("<shadow>", CURVE)], 0.05)

    assert 2 == picture.count("curve-0") == picture.count("curve-1")
    assert "&lt;shadow&gt;" in picture
    assert "<shadow>" not in picture
    assert "style=" not in picture


def test_marks_and_the_compared_share_are_drawn():
    """Both axes have the same marks."""
    picture = det([("active", CURVE)], 0.05)

    assert all(2 == picture.count(f">{100 * share:g} %<") for share in TICKS)
    assert 1 == picture.count('class="threshold"')


@given(st.lists(st.tuples(shares, shares), max_size=60), st.floats(0.001, 0.999))
def test_any_curve_gives_one_whole_element_within_its_box(points, far):
    """Shares of 0 and 1 have no quantile: they lie on the edge."""
    picture = det([("active", points)], far)

    assert "svg" == ElementTree.fromstring(picture).tag
    for curve in drawn(picture):
        assert all(52 <= x <= 352 and 14 <= y <= 314 for x, y in curve)
