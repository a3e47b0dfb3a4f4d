"""Points that are a little elsewhere."""

import numpy as np
import pytest

from reauth.generate.perturbed import Perturbed, perturbed
from tests.reauth.generate.crowd import drawn

LINE = drawn(np.arange(100) / 100, np.arange(100) * 5, np.arange(100) * 2)


@pytest.mark.parametrize("size", [1, 3])
def test_thirty_of_a_hundred_points_are_moved_by_just_so_much(size):
    """In one of four directions each, and all four come; times stay."""
    found = Perturbed.fit(size, [LINE]).draw((0, 0), (9, 9), np.random.default_rng(1))
    moved = {*zip((found.x - LINE.x).tolist(), (found.y - LINE.y).tolist(), strict=True)}

    assert {(0, 0), (size, 0), (-size, 0), (0, size), (0, -size)} == moved
    assert 30 == ((found.x != LINE.x) | (found.y != LINE.y)).sum()
    assert np.array_equal(LINE.t, found.t)


@pytest.mark.parametrize(("share", "count"), [(0.0, 0), (0.5, 50), (1.0, 100)])
def test_any_share_can_be_moved(share, count):
    """The paper draws a curve over it; what was recorded stays as it is."""
    before = LINE.id
    found = perturbed(LINE, share, 3, np.random.default_rng(1))

    assert count == ((found.x != LINE.x) | (found.y != LINE.y)).sum()
    assert before == LINE.id


def test_its_name_tells_the_size():
    """As in the table."""
    assert "perturbed-3px" == Perturbed.fit(3, [LINE]).name
