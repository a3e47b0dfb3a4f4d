"""Evaluations side by side."""

from dataclasses import replace

import numpy as np
import pytest

from reauth.lab.evaluate import evaluate
from reauth.lab.metrics import joined
from reauth.lab.runs import SIZES, apart, figure, run
from reauth.lab.work import unwatched
from tests.reauth.lab.towns import build, request


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return build(tmp_path_factory.mktemp("town"), twice=5, once=1, movements=45)


@pytest.fixture(scope="module")
def asked(town, tmp_path_factory):
    return request(town, tmp_path_factory.mktemp("out"), windows=SIZES, shuffled=0)


@pytest.fixture(scope="module")
def made(asked):
    return run(asked, unwatched)


def draws():
    return np.random.default_rng(0)


def test_a_run_gives_what_an_evaluation_reports(asked, made):
    """The same windows, so the same rates: by the mean, by votes, of the same class."""
    report = evaluate(asked).report
    users = sorted(made.enrolled)

    assert 5 == len(users)
    for kind, name in (
        ("any", "eer"), ("same", "eer_same_device_class"), ("any votes", "eer_by_votes")
    ):  # fmt: skip
        told = figure(made, kind, 20, users, draws())
        expected = report[name]["20"]
        assert expected.get("pooled") == told.get("pooled")
        assert expected.get("genuine_windows") == told.get("genuine_windows")
    assert report["units_per_active_hour"] == pytest.approx(made.units_per_active_hour)


def test_a_run_is_made_once(asked, made):
    """Read again, though nothing of the work is left but what it gave."""
    before = {path: path.stat().st_mtime_ns for path in asked.kept.rglob("*") if path.is_file()}

    assert made.windows == run(asked, unwatched).windows

    after = {path: path.stat().st_mtime_ns for path in asked.kept.rglob("*") if path.is_file()}
    assert before == after


def test_only_some_may_be_enrolled(asked, made):
    """Their figures are as they were: whom they are told from is the same."""
    some = run(replace(asked, victims=("p00", "p03")), unwatched)

    assert {"p00", "p03"} == set(some.enrolled)
    for user in some.enrolled:
        assert made.windows["any"]["20"][user] == some.windows["any"]["20"][user]


def test_a_difference_is_surer_than_what_it_is_of():
    """Users who are hard for one are hard for the other; drawn together, that goes out."""
    rng = np.random.default_rng(1)
    hard = rng.normal(0, 1.5, 20)
    good, worse = (
        joined([(rng.normal(1.5 + each, 1, 60), rng.normal(0, 1, 60)) for each in hard])
        for _ in range(2)
    )
    worse = replace(worse, genuine=worse.genuine - 0.8)

    found = apart(worse, good, draws())

    low, high = found["ci"]
    assert 0 < low <= found["above"] <= high
    assert apart(good, good, draws()) == {"above": 0.0, "ci": [0.0, 0.0]}
    assert apart(good, joined([]), draws()) is None
