"""A model is arrays and plain values, and nothing else is read as one."""

from io import BytesIO

import numpy as np
import pytest

from reauth.detect.model import CLIP, Model
from reauth.errors import TemplateError


def small(**changed):
    """Two trees: a single split, and a leaf alone."""
    arrays = {
        "feature": np.array([1, 0, 0, 0]),
        "limit": np.array([0.5, np.inf, np.inf, np.inf]),
        "next": np.array([1, 2, 1, 1, 2, 2, 3, 3]),
        "value": np.array([0.0, -1.0, 2.0, 0.25]),
        "roots": np.array([0, 3]),
    }
    meta = {
        "detector": "default", "version": 1, "features": [1, 2], "depth": 1, "slope": 2.0,
        "offset": 0.5, "limits": {"1": -1.0, "5": 0.0},
    }  # fmt: skip
    return Model(
        {**arrays, **{name: each for name, each in changed.items() if name in arrays}},
        {**meta, **{name: each for name, each in changed.items() if name in meta}},
    )


def test_trees_are_walked_and_summed():
    """At most the limit to the one side, more to the other."""
    rows = np.array([[9.0, 0.5], [9.0, 0.6]])

    assert [-0.75, 2.25] == small().margins(rows).tolist()
    assert [-1.0, 5.0] == small().ratios(np.array([-0.75, 2.25])).tolist()
    assert [-CLIP, CLIP] == small().ratios(np.array([-99.0, 99.0])).tolist()


def test_bytes_give_the_same_model_again():
    """To the bit."""
    again = Model.from_bytes(small().to_bytes())

    assert small().meta == again.meta
    for name, each in small().arrays.items():
        assert (each == again.arrays[name]).all()


@pytest.mark.parametrize(
    "changed",
    [
        {"next": np.array([1, 2, 1, 1, 2, 2, 3, 4])},
        {"next": np.array([1, 2, 1, 1, 2, 2, 3, -1])},
        {"roots": np.array([0, 7])},
        {"value": np.array([0.0, 1.0])},
        {"feature": np.array([2, 0, 0, 0])},
        {"feature": np.array([1.0, 0.0, 0.0, 0.0])},
    ],
)
def test_trees_that_lead_astray_are_refused(changed):
    """A place that does not exist would be read from elsewhere."""
    with pytest.raises(TemplateError):
        Model.from_bytes(small(**changed).to_bytes())


def test_what_is_no_model_is_refused():
    """Empty, cut short, without its meta, or with objects in it."""
    whole = small().to_bytes()
    other, objects = BytesIO(), BytesIO()
    np.savez(other, feature=np.zeros(3))
    np.savez(objects, **{**small().arrays, "value": np.array([None] * 4)}, meta=np.zeros(2))

    for kept in (b"", whole[:-40], b"PK nonsense", other.getvalue(), objects.getvalue()):
        with pytest.raises(TemplateError, match="no detector's model"):
            Model.from_bytes(kept)
