"""Rules of what a library is filled up with."""

from itertools import islice

import numpy as np

from reauth.detect.shape import shape_of
from reauth.lab.filling import BATCH, LONGEST, SHORTEST, generated


def test_they_are_movements_as_a_browser_tells_them():
    """Time runs on from 0, places are whole, and lengths are as said, but for what trembles."""
    for each in islice(generated(np.random.default_rng(1)), 300):
        chord = np.hypot(each.x[-1] - each.x[0], each.y[-1] - each.y[0])

        assert 0 == each.t[0]
        assert (np.diff(each.t) > 0).all()
        assert (np.rint(each.x) == each.x).all()
        assert SHORTEST - 12 < chord < LONGEST + 12


def test_they_go_on_without_end_and_are_all_different():
    """Batch after batch; the same seed draws the same ones."""
    drawn = [list(islice(generated(np.random.default_rng(2)), BATCH + 50)) for _ in range(2)]
    digests = [each.digest for each in map(shape_of, drawn[0]) if not isinstance(each, str)]

    assert len(digests) == len(set(digests)) > BATCH / 2
    assert np.array_equal(drawn[0][-1].x, drawn[1][-1].x)
