"""Pictures of BeCAPTCHA-Mouse's tables."""

from reauth.lab.becaptcha_pictures import draw_cells, draw_curves


def test_every_cell_has_its_number(tmp_path):
    """A way that nobody went has none."""
    draw_cells({("up, long", "gan"): 0.912, ("down", "gan"): 0.5, ("down", "b"): 0.871},
               tmp_path / "cells.svg")  # fmt: skip
    text = (tmp_path / "cells.svg").read_text()

    assert all(part in text for part in ("91.2", "87.1", "50.0", "up, long", "gan"))


def test_a_curve_for_each_classifier(tmp_path):
    """Named, by samples."""
    draw_curves({"RF": [(50, 0.8), (100, 0.9)], "KNN": [(50, 0.7)]}, tmp_path / "curves.svg")
    text = (tmp_path / "curves.svg").read_text()

    assert all(part in text for part in ("RF", "KNN", "movements in training"))


def test_nothing_is_drawn_of_nothing(tmp_path):
    """Too few movements have no cells; a picture of curves may be empty."""
    draw_cells({}, tmp_path / "cells.svg")
    draw_curves({}, tmp_path / "curves.svg")

    assert ["curves.svg"] == [file.name for file in tmp_path.iterdir()]
