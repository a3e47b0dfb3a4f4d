"""Pictures of a report: written whatever happened, the same for the same figures."""

import numpy as np
import pytest

from reauth.decomposition import decompose
from reauth.lab.plots import draw, draw_bots, draw_curve, draw_growth, draw_strokes
from reauth.lab.summary import by_user, rates
from reauth.lognormal import Stroke, trace
from reauth.trajectory import Trajectory
from tests.reauth.lab.test_summary import town, victim

NAMES = ["det.svg", "scores.svg", "delays.svg", "users.svg"]


def figures(victims, windows=(5, 50)):
    """What the pictures need of a report."""
    told = rates(victims, windows, np.random.default_rng(0))
    return {**told, "per_user": by_user(victims, windows)}


def test_every_picture_is_an_svg_under_its_title(tmp_path):
    """Whoever sees one alone knows what it is of."""
    people = town(1.5)

    names = draw("svm with window on town", figures(people), people, tmp_path)

    assert names == NAMES
    for name in names:
        text = (tmp_path / name).read_text("utf-8")
        assert text.startswith("<?xml")
        assert "svm with window on town" in text


def test_the_same_figures_give_the_same_picture(tmp_path):
    """To the byte: no date, no random names."""
    people = town(1.5, users=3)
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        draw("t", figures(people), people, tmp_path / folder)

    for name in NAMES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_learning_curve_is_drawn_of_the_points_that_there_are(tmp_path):
    """With both impostors; nothing but axes where no point could be told."""
    rate = {"pooled": 0.2, "ci": [0.1, 0.3]}
    told = {"any": rate, "same": {"reason": "too few"}}
    rows = [{"enrolled": count, "users": 5, "20": told, "50": told} for count in (50, 300, None)]

    draw_curve("svm on town", {"curve": rows}, tmp_path / "some.svg")
    draw_curve("svm on nobody", {"curve": rows[-1:]}, tmp_path / "none.svg")

    texts = [(tmp_path / name).read_text("utf-8") for name in ("some.svg", "none.svg")]
    assert ["<!-- all impostors -->" in text for text in texts] == [True, False]
    assert "<!-- svm on town -->" in texts[0]


@pytest.mark.parametrize(
    "people",
    [[], [victim("anna", [[1.0]], [])], [victim("anna", [[1.0] * 9], [("e", "slow", [-1.0] * 9)])]],
)
def test_little_or_nothing_is_drawn_as_little_or_nothing(people, tmp_path):
    """No window, no takeover, nobody: still a picture, and no error."""
    draw("t", figures(people), people, tmp_path)

    assert sorted(NAMES) == sorted(path.name for path in tmp_path.iterdir())


def test_strokes_are_drawn_each_and_together(tmp_path):
    """Speed and path; a click among the points, and a movement without strokes, too."""
    strokes = [Stroke(300.0, 0.0, -1.5, 0.3, 0.0, 0.4), Stroke(90.0, 0.2, -1.4, 0.2, 1.0, 1.0)]
    t = np.arange(0, 1.2, 0.008)
    kinds = np.zeros(len(t), dtype=np.int8)
    kinds[-1] = 1
    moved = Trajectory(0, t, *trace(strokes, t, (0.0, 0.0)).T, kinds)
    still = Trajectory(0, t, np.zeros(len(t)), np.zeros(len(t)))
    for name, movement in (("moved", moved), ("still", still)):
        for ending in ("svg", "png"):
            file = tmp_path / f"{name}.{ending}"
            draw_strokes(f"this one {name}", movement, decompose(movement), file)
    shown = (tmp_path / "moved.svg").read_text("utf-8")

    assert "this one moved: SNR" in shown
    assert f"{len(decompose(moved).strokes)} strokes" in shown
    assert "SNR 0.0 dB, 0 strokes" in (tmp_path / "still.svg").read_text("utf-8")
    assert (tmp_path / "still.png").read_bytes().startswith(b"\x89PNG")


def test_people_and_programs_are_drawn_with_every_program_by_name(tmp_path):
    """Also where one has too few scores for a mean of five; the same figures, the same bytes."""
    source = {"side": "bot", "flagged": {"1": 0.9, "5": None}}
    report = {
        "limits": {"1": -1.0},
        "per_source": {"wind": source, "ann": {**source, "side": "human"}},
    }
    scores = np.array([1.0, 2.0]), np.array([-3.0])
    for name in ("one.svg", "other.svg"):
        draw_bots("a detector", report, scores, tmp_path / name)
    text = (tmp_path / "one.svg").read_text("utf-8")

    assert "wind" in text
    assert "<!-- one movement -->" in text
    assert "<!-- ann" not in text
    assert text == (tmp_path / "other.svg").read_text("utf-8")


@pytest.mark.parametrize(
    ("sizes", "told"),
    [({"1000": 0.2, "50000": 4.0}, {"1,000", "50,000", "0.5"}), ({"1000": 0.2}, {"1,000"})],
)
def test_growth_is_told_in_plain_numbers(tmp_path, sizes, told):
    """No powers of ten at the axes; one size makes no line that a list would grow along."""
    report = {"lookup_ms": sizes, "median_ms": sizes}
    draw_growth("Look-up", report, tmp_path / "growth.svg")
    text = (tmp_path / "growth.svg").read_text("utf-8")

    assert told <= {line.strip()[5:-4] for line in text.splitlines() if "<!-- " in line}
    assert "times 10" not in text and "mathdefault" not in text
    assert (len(sizes) > 1) == ("as a list would grow" in text)
