"""How people drift, measured in the laboratory: on what enrols, and by nobody who attacks."""

import json
from dataclasses import replace

import pytest

from reauth.lab.evaluate import Enrolled, evaluate, people_in
from reauth.lab.method import method_of
from reauth.lab.work import unwatched
from reauth.settings import Settings
from tests.reauth.lab.towns import request, write_session

METHOD = method_of(Settings(), "svm", "window", 20)


def town(folder, sessions, people=8):
    """So many people with so many recordings each."""
    for seed in range(people):
        for session in range(1, sessions + 1):
            write_session(folder, seed, session)
    return folder


def enrolled(data, out, **changed):
    asked = request(data, out, method=METHOD, **changed)
    return Enrolled(asked, people_in(data, data), unwatched)


@pytest.mark.slow
def test_drift_is_measured_on_the_background_of_those_who_are_attacked(tmp_path, monkeypatch):
    """Three of five recordings enrol, of which the last one tells; templates rest on it."""
    monkeypatch.setattr("reauth.background.SESSIONS", 5)
    found = enrolled(town(tmp_path / "data", 5, 10), tmp_path / "out")
    expected = METHOD.verifier.drifts

    drifts = {user: found.shelf.get(name).drift for user, name in found.names.items()}

    assert {found.drifts[user].often for user in drifts} == set(drifts.values())
    assert expected.often not in drifts.values()
    assert 10 == len(list((tmp_path / "out/work/drifts").glob("*.json")))
    assert 2 == len(set(drifts.values()))  # one a fold: nobody who attacks has a part in it


@pytest.mark.slow
def test_without_later_recordings_what_is_expected_stays(tmp_path):
    """Two recordings: one enrols, and there is no later one."""
    found = enrolled(town(tmp_path / "data", 2), tmp_path / "out")

    assert {None} == set(found.drifts.values())
    assert {METHOD.verifier.drifts.once} == {
        found.shelf.get(name).drift for name in found.names.values()
    }


@pytest.mark.slow
def test_with_seen_impostors_everybody_is_measured_once(tmp_path):
    """All are everybody's background."""
    found = enrolled(town(tmp_path / "data", 4), tmp_path / "out", unseen=False)

    assert 1 == len(set(found.drifts.values()))
    assert 8 == len(list((tmp_path / "out/work/drifts").glob("*.json")))


@pytest.mark.slow
def test_a_report_tells_what_was_expected_and_what_was_seen(tmp_path):
    """So that anybody can check what limits rest on."""
    asked = replace(request(town(tmp_path / "data", 2), tmp_path / "out"), method=METHOD)

    told = json.loads(json.dumps(evaluate(asked).report))["drift"]

    assert pytest.approx(METHOD.verifier.drifts.once.fall) == told["expected"]["fall"]
    assert 8 == told["seen"]["recordings"]
    assert abs(told["seen"]["fall"]) < 1
