"""The picture in a letter, read by Pillow."""

import io

import numpy as np
import pytest
from PIL import Image

from reauth.alert import Evidence
from reauth.sinks.chart import png


def scores(*values):
    return [Evidence("", n, 0.0, value, value < 0) for n, value in enumerate(values)]


@pytest.mark.parametrize("values", [(1.0,), (-1.0, -2.0), (1.0, -1.0, 2.0)])
def test_it_is_a_picture_that_a_phone_can_show(values):
    """600 by 220 px, below 40 kB, whichever kinds of scores there are."""
    made = png(scores(*values), 0.0)
    picture = Image.open(io.BytesIO(made))

    assert ((600, 220), "PNG") == (picture.size, picture.format)
    assert len(made) < 40_000


def test_low_scores_are_marked():
    """In a colour that the others have not, and another shape."""

    def red(values):
        pixels = np.asarray(Image.open(io.BytesIO(png(scores(*values), 0.0))).convert("RGB"), int)
        return int((pixels[..., 0] - pixels[..., 1:].max(-1) > 100).sum())

    assert 0 == red((1.0, 2.0, 1.0)) < red((1.0, -2.0, 1.0)) < red((-1.0, -2.0, 1.0))


def test_the_same_scores_are_the_same_picture():
    """What is sent again is the same letter."""
    assert png(scores(1.0, -1.0), 0.0) == png(scores(1.0, -1.0), 0.0)
