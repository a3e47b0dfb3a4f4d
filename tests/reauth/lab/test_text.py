"""Figures for people."""

from reauth.lab.text import between, number, points, share, table


def test_what_nobody_knows_is_a_dash():
    """Never a nought, which would be a figure; an interval that there is none of is nothing."""
    assert ["-", "-", "-", ""] == [share(None), number(None), points(None), between(None)]


def test_figures_are_written_alike_everywhere():
    """A share with its unit, a difference with its sign, a range in the words of its ends."""
    assert ["12.5 %", "1.50", "-0.4"] == [share(0.125), number(1.5, 2), points(-0.004)]
    assert "10.0 % to 20.0 %" == between((0.1, 0.2))
    assert "-1.0 to +2.0" == between((-0.01, 0.02), points)


def test_a_table_has_a_head():
    """The first row."""
    assert "| a | b |\n| --- | --- |\n| 1 | 2 |\n" == table([("a", "b"), ("1", "2")])
