"""Slides: read, dealt, thinned, multiplied."""

import hashlib

import numpy as np
import pytest

from reauth.event import Kind
from reauth.features.slider import Slide
from reauth.lab.slides import (
    Labelled,
    alike,
    direction,
    folds,
    multiplied,
    read_slides,
    slide_of,
    thinned,
)
from reauth.trajectory import Trajectory
from tests.reauth.lab.test_datasets import archive

LINE = "7 283,2490,190;290,2503,229;297,2490,223; 1204.0,145 1\n"


def made(name, steps=(1, 2, 3), human=True, page=0.0):
    x = page + np.cumsum([0.0, *steps])
    return Labelled(name, Slide(np.arange(len(x)) / 100, x, np.zeros(len(x)), (x[-1], 0.0)), human)


def fold_of(name):
    return int(hashlib.sha256(f"fold{name}".encode()).hexdigest(), 16) % 5


def test_a_line_is_a_slide_on_its_real_scale(tmp_path):
    """x / 7, y / 13, (t - 1) / 3 ms; with its target; a step back in time stays."""
    path = archive(tmp_path / "bdc2017.tar.gz", **{"set/tracks.txt": LINE, "set/README": "-"})

    [one] = read_slides(path)

    assert ("7", True) == (one.name, one.human)
    assert [0.063, 0.076, 0.074] == pytest.approx(one.slide.t.tolist())
    assert [283 / 7, 290 / 7, 297 / 7] == pytest.approx(one.slide.x.tolist())
    assert [2490 / 13, 2503 / 13, 2490 / 13] == pytest.approx(one.slide.y.tolist())
    assert (172.0, 145 / 13) == pytest.approx(one.slide.target)


def test_a_fold_is_a_hash_of_the_name():
    """shared/data/README.md: five, by sha256("fold" + id)."""
    slides = [made(str(number), (number, 1)) for number in range(200)]

    assert [fold_of(str(number)) for number in range(200)] == folds(slides).tolist()
    assert {0, 1, 2, 3, 4} == set(folds(slides).tolist())


def test_equal_tracks_lie_in_one_fold():
    """A planted leak: twins whose own hashes would part them, on another place and another clock.

    The first one's hash decides; dealt by their own, a classifier would be asked what it learnt.
    """
    names = [str(number) for number in range(20)]
    assert len({fold_of(name) for name in names}) > 1

    slides = [made(name, (5, 7, 9), page=float(name)) for name in names]
    for each in slides[1:]:
        each.slide.t[:] *= 1.5

    assert {fold_of("0")} == set(folds(slides).tolist())


def test_copies_come_after_the_split_and_are_parts_of_their_slide():
    """Two of each, 70 % of the points, in order, with the label; one point is left of one."""
    slides = [made("a", range(9)), made("b", (), human=False)]

    found = list(multiplied(slides, np.random.default_rng(0)))

    assert ["a", "a+1", "a+2", "b", "b+1", "b+2"] == [each.name for each in found]
    assert [10, 7, 7, 1, 1, 1] == [len(each.slide.t) for each in found]
    assert [True] * 3 + [False] * 3 == [each.human for each in found]
    whole, part, other = (each.slide for each in found[:3])
    assert set(part.t) < set(whole.t)
    assert (np.diff(part.t) > 0).all()
    assert not np.array_equal(part.t, other.t)


def test_thinned_slides_have_one_clock():
    """The first of each 25 ms; a clock that stepped back waits."""
    t = np.array([0.0, 0.01, 0.025, 0.02, 0.03, 0.06])

    assert [0.0, 0.025, 0.06] == thinned(Slide(t, t, t), 0.025).t.tolist()


def test_alike_slides_know_neither_page_nor_logger():
    """The same drag elsewhere, and logged more often, is the same."""
    one, other = made("a", [2] * 12), made("b", [1] * 24, page=50.0)
    other.slide.t[:] /= 2

    [a], [b] = alike([one], 0.02), alike([other], 0.02)

    assert np.array_equal(a.slide.x, b.slide.x)
    assert np.allclose(a.slide.t, b.slide.t)
    assert a.slide.target == b.slide.target


def test_a_movement_is_a_slide_without_its_clicks():
    """The target is how far it went, as the paper takes Shen's tracks."""
    x = np.array([10.0, 20.0, 20.0, 40.0])
    kinds = np.array([0, 0, int(Kind.DOWN), 0], dtype=np.int8)

    one = slide_of(Trajectory(0, np.arange(4.0), x, x, kinds))

    assert [10.0, 20.0, 40.0] == one.x.tolist()
    assert (30.0, 30.0) == one.target


@pytest.mark.parametrize(
    ("x", "y", "way"), [(9, 1, 0), (9, 9, 1), (0, 9, 2), (-9, 0, 4), (1, -9, 6), (9, -9, 7)]
)
def test_there_are_eight_directions(x, y, way):
    """Clockwise on the screen from the right."""
    ends = Slide(np.arange(2.0), np.array([0.0, x]), np.array([0.0, y]))

    assert way == direction(ends)
