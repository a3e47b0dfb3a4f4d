"""The picture of programs beside people."""

import numpy as np
import pytest

from reauth.lab.bot_plots import GRID, draw_movements, speeds
from tests.reauth.generate.crowd import crowd, drawn


def test_the_picture_names_everybody_and_is_the_same_again(tmp_path):
    """To the byte; who has no long movement has an empty place."""
    people = crowd(1, 15)
    found = {"people": people, "straight": people, "wind": [], "bezier": people}
    for name in ("one.svg", "two.svg"):
        draw_movements("programs beside people", found, tmp_path / name)
    text = (tmp_path / "one.svg").read_text("utf-8")

    assert all(name in text for name in (*found, "programs beside people"))
    assert text == (tmp_path / "two.svg").read_text("utf-8")


def test_the_picture_may_be_of_dots(tmp_path):
    """For whoever shows no SVG."""
    draw_movements("t", {"people": crowd(1, 5)}, tmp_path / "one.png")

    assert b"\x89PNG" == (tmp_path / "one.png").read_bytes()[:4]


def test_speeds_are_in_px_a_second_whatever_the_clock():
    """400 px in a second, looked at by an uneven one."""
    t = np.array([0.0, 0.013, 0.2, 0.77, 1.0])
    at, speed = speeds(drawn(t, 400 * t, np.zeros(5)))

    assert pytest.approx(GRID / 2) == at[0]
    assert pytest.approx(np.full(40, 400.0)) == speed[:40]
