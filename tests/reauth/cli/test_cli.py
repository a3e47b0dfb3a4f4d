"""The command line as a whole: it teaches, it takes --config anywhere, it never ends in a trace."""

import argparse
import subprocess
import sys
from pathlib import Path

import pytest

from reauth.cli import main, parser

GOLDEN = Path(__file__).parents[2] / "golden" / "cli_help.txt"


def every(found, words=()):
    """Every command and what holds commands, with its words."""
    yield words, found
    for action in found._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, below in action.choices.items():
                yield from every(below, (*words, word))


COMMANDS = list(every(parser()))


@pytest.mark.parametrize(
    "found",
    [found for _, found in COMMANDS],
    ids=["-".join(words) or "top" for words, _ in COMMANDS],
)
def test_every_command_explains_itself(found):
    """What it is for, and an example or the next step."""
    assert found.description
    assert found.epilog
    assert len(found.description.splitlines()[0]) < 100


def test_the_first_help_is_the_golden_one(capsys, monkeypatch):
    """What a newcomer reads is changed on purpose only."""
    monkeypatch.setenv("COLUMNS", "100")
    with pytest.raises(SystemExit) as end:
        main(["--help"])

    assert 0 == end.value.code
    assert GOLDEN.read_text("utf-8") == capsys.readouterr().out


def test_what_is_loaded_late_is_said_alike(monkeypatch):
    """The first help is the same whether the laboratory is loaded or not."""
    monkeypatch.setenv("COLUMNS", "100")

    assert parser().format_help() == parser(["alerts"]).format_help()


def test_who_lists_alerts_does_not_wait_for_the_laboratory():
    """Nor for what draws its pictures and learns its models."""
    slow = {"reauth.lab", "matplotlib", "sklearn", "scipy.interpolate", "scipy.special"}
    code = (
        "import sys; from reauth.cli import parser; parser(['alerts', 'list']);"
        f"sys.exit(', '.join({slow!r} & sys.modules.keys()) or 0)"
    )

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (0, "") == (said.returncode, said.stderr)


def test_the_settings_file_is_named_before_or_after_the_command(place):
    """interfaces.md says: every command, before or after its name."""
    config = ["--config", str(place.config)]

    for argv in (
        [*config, "enrol", "status", "--json"],
        ["enrol", *config, "status", "--json"],
        ["enrol", "status", *config, "--json"],
        ["enrol", "status", "--json", *config],
    ):
        assert 0 == main(argv)
        assert "[]\n" == place.capsys.readouterr().out


def test_the_default_is_mitm_toml_in_this_folder(place, monkeypatch, capsys):
    """As a newcomer has it."""
    monkeypatch.chdir(place.folder)

    assert 0 == main(["enrol", "status", "--json"])
    assert "[]\n" == capsys.readouterr().out


def test_a_missing_settings_file_is_asked_wrongly(tmp_path, capsys):
    """Exit code 2, one line, the next step."""
    assert 2 == main(["enrol", "status", "--config", str(tmp_path / "no.toml")])

    said = capsys.readouterr()
    assert "" == said.out
    assert 1 == said.err.count("\n")
    assert "name the settings file with --config FILE" in said.err


def test_the_command_line_wins_over_the_environment_and_the_file(place, monkeypatch):
    """Command line, environment, file, defaults: in this order."""

    def window(*words):
        return place.type("config", "show", "--json", *words).json["identity_lane"]["window"]

    assert 20 == window()
    monkeypatch.setenv("REAUTH_IDENTITY_LANE__WINDOW", "30")
    assert 30 == window()
    assert 40 == window("--set", "identity_lane.window=40")
    said = place.type("config", "show", "--set", "identity_lane.windo=40")
    assert 2 == said.code
    assert "did you mean 'identity_lane.window'?" in said.err


def test_an_unknown_command_is_asked_wrongly(capsys):
    """argparse's 2 is ours."""
    with pytest.raises(SystemExit) as end:
        main(["enroll"])

    assert 2 == end.value.code
    capsys.readouterr()


def test_a_reader_who_has_seen_enough_is_no_error(place):
    """`reauth alerts list | head -1`: no trace on standard error."""
    file = place.recording(0, 200)
    command = f"{sys.executable} -m reauth replay --user x --config {place.config} {file} | head -1"

    done = subprocess.run(["bash", "-c", command], capture_output=True, check=False, text=True)

    assert "" == done.stderr
    assert 1 == done.stdout.count("\n")


def test_ctrl_c_is_no_trace(place, monkeypatch):
    """130, as a shell has it."""

    def interrupted(args):
        raise KeyboardInterrupt

    monkeypatch.setattr("reauth.cli.enrol.settings_of", interrupted)

    assert (130, "") == (place.type("enrol", "status").code, "")
