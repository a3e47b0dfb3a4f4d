"""Whose movements programs learn from."""

import pytest

from reauth.errors import SettingsError
from reauth.lab.movers import INVENTED, everybody, invented, movements_of, people_of
from reauth.lab.work import unwatched
from tests.reauth.lab.towns import build


def test_everybody_in_a_folder_is_cut_into_movements(tmp_path):
    """All recordings of each; who moves nowhere is left out."""
    build(tmp_path, twice=1, once=1, movements=20)
    (tmp_path / "still").mkdir()
    (tmp_path / "still" / "1.csv").write_text("t_ms,ev,x,y\n0,move,1,1\n", "utf-8")

    found = people_of(tmp_path, unwatched)

    assert ["p00", "p01"] == sorted(found)
    assert 30 <= len(found["p00"]) <= 80
    assert len(found["p00"]) + len(found["p01"]) == len(everybody(found))


def test_nobody_is_an_error_that_says_what_a_folder_must_hold(tmp_path):
    """And so is no folder at all."""
    with pytest.raises(SettingsError, match=r"nobody moves in .*<user>/<session>.csv"):
        people_of(tmp_path, unwatched)
    with pytest.raises(SettingsError, match="neither a folder"):
        people_of(tmp_path / "nowhere", unwatched)


def test_people_can_be_invented():
    """By a seed; each with enough movements to be learnt from."""
    one, same, other = (invented(seed) for seed in (1, 1, 2))

    assert INVENTED == len(one)
    assert all(len(movements) >= 40 for movements in one.values())
    names = [[each.id for each in everybody(people)] for people in (one, same, other)]
    assert names[0] == names[1] != names[2]


def test_a_recording_of_nothing_has_no_movements():
    """Whoever asks gets none."""
    assert [] == movements_of([])
