"""Pictures of Lu's experiments: SVG, the same for the same figures."""

from functools import partial

import pytest

from reauth.lab.lu_plots import (
    draw_confusion,
    draw_correlation,
    draw_entropy,
    draw_grid,
    draw_offsets,
)

CHOICE = {"candidates": ["a", "b"], "kept": ["a"], "correlation": [[1.0, 0.4], [0.4, 1.0]]}
GRID = [{"gamma": 0.0, "max_depth": 4, "tp": 9, "fp": 1}]
DRAW = {
    "correlation": (partial(draw_correlation, CHOICE), "<!-- b -->"),
    "grid": (partial(draw_grid, GRID, {"gamma": [0.0], "max_depth": [4]}), "gamma 0.0"),
    "offsets": (partial(draw_offsets, (0.0, 1.0), {"K": {"1": [1, 0], "3": [1, 0]}}), "3 px, K"),
    "entropy": (partial(draw_entropy, [0.1, 0.4], []), "programs (0)"),
    "confusion": (partial(draw_confusion, [[3, 1], [0, 2]], ["slide-1"]), "slide-1"),
}


@pytest.mark.parametrize("name", DRAW)
def test_a_picture_says_what_it_shows_and_is_the_same_again(name, tmp_path):
    """To the byte; folders are made."""
    draw, told = DRAW[name]

    draw(tmp_path / "one" / "it.svg")
    draw(tmp_path / "two" / "it.svg")

    text = (tmp_path / "one" / "it.svg").read_text("utf-8")
    assert text.startswith("<?xml")
    assert told in text
    assert text == (tmp_path / "two" / "it.svg").read_text("utf-8")
