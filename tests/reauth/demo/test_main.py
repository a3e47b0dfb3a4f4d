"""Rules of the demo's command line."""

import json

from reauth.demo.__main__ import main


def test_seeds_are_rehearsed_without_a_browser(capsys, monkeypatch, tmp_path):
    """One line a seed, then how many ended as they should."""
    monkeypatch.setenv("REAUTH_DATA", str(tmp_path))

    assert main(["--seeds", "1-2"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert [line["seed"] for line in lines[:2]] == [1, 2]
    assert all(len(line["trajectories"]) == 2 for line in lines[:2])
    assert lines[2]["seeds"] == 2
    assert lines[2]["succeeded"] == sum(line["succeeded"] for line in lines[:2])
