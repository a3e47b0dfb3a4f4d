"""Policies at equal false alarms, on people who do not exist."""

import json

import pytest

from reauth.lab.method import method_of
from reauth.lab.plots import draw_rules
from reauth.lab.rules import COSTS, RULES, WANTED, Setting, compared, quickest, text
from reauth.lab.work import unwatched
from reauth.settings import Settings
from tests.reauth.lab.towns import build, request


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    method = method_of(Settings(), "svm", "window", 20)
    asked = request(
        build(tmp_path_factory.mktemp("town")), tmp_path_factory.mktemp("out"), method=method
    )
    return compared(asked, unwatched)


def test_every_rule_is_asked_for_more_and_fewer_false_alarms(found):
    """More that are asked for are never noticed later; all of it is JSON."""
    report = json.loads(json.dumps(found, allow_nan=False))

    assert list(RULES) == [(row["rule"], row["window"]) for row in report["rules"]]
    for row in report["rules"]:
        assert list(WANTED) == [one["wanted"] for one in row["settings"]]
        alarms = [one["false_alarms"] for one in row["settings"]]
        assert alarms[0] <= alarms[-1]
    assert {f"{cost:g}" for cost in COSTS} == set(report["gain"])
    assert report["episodes"] > 20


def test_the_quickest_setting_that_costs_no_more_is_told():
    """One that raises more is the sooner there, and is no match."""
    settings = [
        Setting(0.5, 0.2, 9.0, 0.5),
        Setting(1.0, 0.9, 5.0, 0.7),
        Setting(2.0, 3.0, 1.0, 0.9),
    ]

    assert [5.0, 5.0, 1.0] == [quickest(settings, cost) for cost in (1.0, 2.0, 4.0)]
    assert quickest(settings, 0.1) is None
    assert quickest([Setting(1.0, 0.0, None, 0.1)], 1.0) is None


def test_a_table_and_a_picture_are_for_people(found, tmp_path):
    """Rules in rows, what they cost in columns."""
    written = text(found)
    draw_rules("svm on a town", found, tmp_path / "rules.svg")

    assert "| cusum | - |" in written
    assert "| window | 100 |" in written
    assert "gain of cusum" in written
    assert "cusum" in (tmp_path / "rules.svg").read_text("utf-8")
