"""The learning curve."""

import json

import pytest

from reauth.errors import SettingsError
from reauth.lab.curve import curve, text
from reauth.lab.plots import draw_curve
from reauth.lab.work import unwatched
from tests.reauth.lab.towns import build, request, write_session


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.slow
def test_a_point_is_of_those_who_have_so_much(tmp_path):
    """Beside them the same people with all of theirs; a point that too few reach is left out."""
    data = build(tmp_path / "data", twice=4, once=1, movements=60)
    write_session(data, 0, 1, 25)
    asked = request(data, tmp_path / "out")

    found = curve(asked, (20, 50, 500), unwatched)

    json.dumps(found, allow_nan=False)
    rows = found["curve"]
    assert [20, 50, None] == [row["enrolled"] for row in rows]
    assert [4, 3, 4] == [row["users"] for row in rows]
    assert rows[-1]["20"]["any"]["pooled"] == rows[0]["20"]["any"]["with_all"]
    assert None is rows[-1]["20"]["any"]["above"]
    assert "at least 5 genuine" in rows[0]["50"]["any"]["reason"]
    twenty = rows[0]["20"]["same"]
    assert twenty["pooled"] - twenty["with_all"] == pytest.approx(twenty["above"]["above"])
    assert found == curve(asked, (20, 50, 500), unwatched)
    assert text(found).splitlines()[4].startswith("| 20 | 4 | ")
    draw_curve("svm on town", found, tmp_path / "curve.svg")
    assert "svm on town" in (tmp_path / "curve.svg").read_text("utf-8")


def test_a_curve_of_two_people_is_none(tmp_path):
    """What they have in common would be taken for a rule."""
    data = build(tmp_path / "data", twice=2, once=0, movements=25)

    with pytest.raises(SettingsError, match="fewer than 3 people"):
        curve(request(data, tmp_path / "out"), (20,), unwatched)
