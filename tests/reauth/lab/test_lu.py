"""Lu's table, on slides that were made up, and in small on the real ones."""

import json
import sys

import numpy as np
import pytest

from reauth.errors import SettingsError
from reauth.lab import lu_parts
from reauth.lab.boost import TUNED, learn_boosted
from reauth.lab.lu import OTHERS, REQUIRED, TASKS, table, wilson
from reauth.lab.slides import folds, read_slides
from reauth.lab.table import Task, write_table
from reauth.lab.work import unwatched
from tests.reauth.lab.test_lu_parts import build
from tests.reauth.lab.towns import CODEC

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A table, and where it lies."""
    pytest.importorskip("xgboost")
    folder = build(tmp_path_factory.mktemp("lu"))
    found = table(Task(folder, folder / "out", 1, 1, CODEC), unwatched)
    write_table(found, folder / "out")
    return found, folder


@pytest.mark.slow
def test_every_table_of_the_paper_has_its_rows(made):
    """Published beside ours; precision and recall of the tuned one are required."""
    found, _ = made
    names = [row.name for row in found.rows]

    for _, about, _, _ in TASKS:
        assert {f"{about}: precision", f"{about}: recall"} <= set(names)
    for name in OTHERS:
        assert any(each.startswith(f"{name} as it comes") for each in names)
        assert any(each.startswith(f"{name}, judging 100 000") for each in names)
    assert len(set(names)) == len(names)
    [tuned] = [about for name, about, _, _ in TASKS if name == REQUIRED]
    required = [row.name for row in found.rows if row.required]
    assert [f"{tuned}: precision", f"{tuned}: recall"] == required[:2]
    assert required[2].startswith("EDMD, exact replays found")
    for row in found.rows:
        assert np.isfinite(row.ours)
        assert row.interval[0] <= row.ours + 1e-12
        assert row.ours <= row.interval[1] + 1e-12


@pytest.mark.slow
def test_the_report_says_scale_modes_and_choice_and_shows_pictures(made):
    """Everything that has no published figure is a sentence or a picture."""
    _, folder = made
    told = json.loads((folder / "out" / "report.json").read_text("utf-8"))
    text = (folder / "out" / "report.md").read_text("utf-8")

    assert {"row", "published", "ours", "ci", "within"} <= set(told["table"][0])
    for words in ("x / 7 px", "Attack modes", "left out", "Replays found with K", "stay: ",
                  "Fuzzy entropy"):  # fmt: skip
        assert any(words in one for one in told["differences"])
    for picture in ("correlation", "parameters", "offsets", "entropy", "modes"):
        assert f"![{picture}]({picture}.svg)" in text
        assert (folder / "out" / f"{picture}.svg").is_file()


@pytest.mark.slow
def test_what_is_done_is_not_done_again(made):
    """A second start reads the parts; the table is the same to the last digit."""
    found, folder = made
    work = sorted((folder / "out" / "work").iterdir())
    before = [file.stat().st_mtime_ns for file in work]

    again = table(Task(folder, folder / "out", 1, 1, CODEC), unwatched)

    assert found == again
    assert before == [file.stat().st_mtime_ns for file in work]


def test_the_interval_knows_that_no_error_is_not_never():
    """Wilson's, by hand: 9 of 10."""
    low, high = wilson(9, 10)

    assert (0.5958, 0.9821) == pytest.approx((low, high), abs=1e-4)
    assert wilson(1000, 1000)[0] < 0.9999
    assert (0.0, 1.0) == wilson(0, 0)


def test_without_the_extra_it_says_so(tmp_path, monkeypatch):
    """Before any work."""
    build(tmp_path, 4, 4, 0)
    monkeypatch.setitem(sys.modules, "xgboost", None)

    with pytest.raises(SettingsError, match="xgboost is missing"):
        table(Task(tmp_path, tmp_path / "out", 1, 1, CODEC), unwatched)
    assert not (tmp_path / "out").exists()


@pytest.mark.data
def test_people_and_programs_of_the_contest_are_told_apart(data):
    """One fold of the real slides by the paper's nine features; counts of the set hold."""
    pytest.importorskip("xgboost")
    slides = read_slides(data / "bdc2017.tar.gz")
    where = folds(slides)
    train, test = ([each for each, at in zip(slides, where, strict=True) if (at == 1) == out]
                   for out in (False, True))  # fmt: skip
    x, human = lu_parts.training(train, (1, 1))
    rows, persons = lu_parts.described(test)
    nine = [lu_parts.NAMES.index(name) for name in lu_parts.NINE]

    assert (1808, 1564) == (len(slides), sum(each.human for each in slides))
    judged = learn_boosted(x[:, nine], human, TUNED, 1)(rows[:, nine]) > 0
    assert np.mean(judged == persons) > 0.98
