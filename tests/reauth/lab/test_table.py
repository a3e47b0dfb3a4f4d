"""A published table and ours."""

import json

import pytest

from reauth.lab.table import Row, Table, markdown, report, write_table

ROWS = (
    Row("near", 0.20, 0.22, (0.1, 0.3), 0.03, required=True),
    Row("better", 0.20, 0.10, (0.0, 0.2), 0.03, required=True),
    Row("far", 0.20, 0.30, (0.2, 0.4), 0.03),
    Row("new", None, 0.30, (0.2, 0.4), 0.03),
    Row("wait", 13.5, 9.0, (8.0, 10.0), 1.35, unit="min"),
)
TABLE = Table("A paper", ROWS, ("other people",), ("the limit",))


def test_a_required_row_must_be_within_its_tolerance_in_either_direction():
    """Suddenly better is as suspicious as worse; a row that is not required only tells, and one
    that nobody published is outside of nothing.
    """
    assert [True, False, False, True, False] == [row.within for row in ROWS]
    assert [ROWS[1]] == TABLE.missed


def test_the_report_has_the_keys_that_others_rely_on(tmp_path):
    """interfaces.md §7."""
    write_table(TABLE, tmp_path)

    found = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert found == json.loads(json.dumps(report(TABLE)))
    assert {"table", "differences"} <= set(found)
    assert all({"row", "published", "ours", "ci", "within"} <= set(row) for row in found["table"])


@pytest.mark.parametrize(
    ("published", "better", "within", "kept"),
    [
        (0.95, 1, True, "published figure in our interval"),
        (0.80, 1, True, "better"),
        (0.80, 0, False, "published figure OUTSIDE our interval"),
        (0.99, 1, False, "published figure OUTSIDE our interval"),
        (0.99, -1, True, "better"),
    ],
)
def test_a_row_without_tolerance_is_judged_by_its_interval(published, better, within, kept):
    """The published figure lies in it, or ours is better, whichever way that is."""
    row = Row("share", published, 0.94, (0.92, 0.96), None, better=better)

    assert (within, kept) == (row.within, row.kept)
    assert "94.00%" == row.text(row.ours)
    assert "0.94 ms" == Row("time", 2.0, 0.94, (0.9, 1.0), None, unit="ms").text(0.94)


def test_pictures_stand_in_the_text():
    """By their file's name."""
    assert "![some](some.svg)" in markdown(Table("A", (), (), (), ("some.svg",)))


@pytest.mark.parametrize(
    "said",
    [
        "| near | 20.0% | 22.0% | 10.0% to 30.0% | within 3.0%, required |",
        "| far | 20.0% | 30.0% | 20.0% to 40.0% | OUTSIDE 3.0% |",
        "| new | - | 30.0% | 20.0% to 40.0% |  |",
        "| wait | 13.5 min | 9.0 min | 8.0 min to 10.0 min | OUTSIDE 1.4 min |",
        "* other people",
        "* the limit",
    ],
)
def test_the_text_says_the_same(said):
    """Shares as percentages, minutes as minutes, and why they differ."""
    assert said in markdown(TABLE)
