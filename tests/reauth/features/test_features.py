"""The table of feature sets, and rows of whole sessions."""

import numpy as np
import pytest

from reauth.features import FEATURE_SETS, rows_of
from tests.rows import drawn


@pytest.mark.parametrize("name", FEATURE_SETS)
def test_rows_are_of_whoever_is_long_enough(name):
    """A recording with other settings may hold some that are too short; they count for nobody."""
    features = FEATURE_SETS[name]
    long, short = drawn(1, points=12), drawn(2, points=1)

    rows = rows_of(features, [short, long, short])

    assert np.array_equal(features.extract(long)[None], rows)
    assert (0, len(features.names)) == rows_of(features, [short]).shape
