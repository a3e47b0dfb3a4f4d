"""What commands share: tables that line up, bars that only a terminal sees."""

import sys

from reauth.cli.command import bar, print_json, print_table


def test_columns_line_up(capsys):
    """Head and rows, without blanks at the end."""
    print_table(("a", "long head"), [("wide cell", 1), ("x", "")])

    assert "a          long head\nwide cell  1\nx\n" == capsys.readouterr().out


def test_a_value_is_one_line_of_json(capsys):
    """Whatever is in it."""
    print_json({"a": "two\nlines", "b": None})

    assert '{"a": "two\\nlines", "b": null}\n' == capsys.readouterr().out


def test_a_bar_is_for_a_terminal(capsys, monkeypatch):
    """A log must not be filled with it; the items come either way."""
    assert [1, 2] == list(bar([1, 2], "file"))
    assert "" == capsys.readouterr().err
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert [1, 2] == list(bar([1, 2], "file"))
    assert "2/2" in capsys.readouterr().err
    assert [1] == list(bar([1], "file"))
    assert "" == capsys.readouterr().err
