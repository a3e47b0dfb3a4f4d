"""Pictures of a report: written whatever happened, the same for the same figures."""

import numpy as np
import pytest

from reauth.lab.plots import draw, draw_curve
from reauth.lab.summary import by_user, rates
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
