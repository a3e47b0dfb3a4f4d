"""`reauth lab bots` from the command line."""

import json

from reauth.cli import main
from tests.reauth.lab.fair import build


def asked(folder, *more):
    """The command on the folders that `build` wrote."""
    sides = [
        word
        for side, name in (("test-", ""), ("train-", "train-"))
        for who in ("human", "bot")
        for word in (f"--{name}{who}", str(folder / f"{side}{who}"))
    ]
    return main(["lab", "bots", *sides, "--out", str(folder / "out"), *more])


def test_it_writes_a_report_and_says_where(tmp_path, capsys):
    """On the first day's rules, which need no learning."""
    build(tmp_path, count=8)

    assert 0 == asked(tmp_path, "--detector", "rules", "--seed", "3")
    printed = capsys.readouterr().out
    assert str(tmp_path / "out" / "report.md") in printed
    report = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert ("rules", 3) == (report["detector"], report["seed"])
    assert {"report.json", "report.md", "bots.svg"} == {
        file.name for file in (tmp_path / "out").iterdir()
    }


def test_what_is_asked_wrongly_is_one_line(tmp_path, capsys):
    """No such detector: exit 2, no report."""
    build(tmp_path, count=2)

    assert 2 == asked(tmp_path, "--detector", "magic")
    assert "no detector 'magic'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
