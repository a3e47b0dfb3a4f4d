"""What commands share: tables that line up, bars that only a terminal sees, users."""

import sys
from argparse import ArgumentTypeError

import pytest

from reauth.cli.command import bar, print_json, print_table, user_name

COMMANDS = (
    ("import", "no.csv", "--user"),
    ("replay", "no.csv", "--user"),
    *(("enrol", verb) for verb in ("train", "status", "delete", "pause", "resume")),
    ("enrol", "rollback", "--to", "1"),
)


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


@pytest.mark.parametrize(
    "user", ["anna", "Anna Müller", "a@b", "x" * 256, "👨‍💻"]
)
def test_a_user_is_any_text_on_a_line(user):
    """As directories have them."""
    assert user == user_name(user)


@pytest.mark.parametrize(
    "user", ["", " ", "x" * 257, "a\nb", "a\tb", "a\x00", "a\x9b", "a\u2028b", "a\udcff"]
)
def test_what_nobody_is_called_is_refused(user):
    """It would be a user that no list shows and no other command can name."""
    with pytest.raises(ArgumentTypeError, match="1 to 256 characters"):
        user_name(user)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_that_takes_a_user_refuses_an_empty_one(place, words):
    """Exit code 2: asked wrongly; nothing is made for it."""
    said = place.type(*words, "")

    assert 2 == said.code
    assert "a user has 1 to 256 characters" in said.err
    assert not (place.folder / "state").exists()
