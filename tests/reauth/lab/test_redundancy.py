"""Fewer features that say the same, with the reason for each that goes."""

import json

import numpy as np
import pytest

from reauth.lab.redundancy import Options, choose, markdown, pearson, report

pytest.importorskip("xgboost")

NAMES = ("first", "copy", "second", "noise", "still", "hint")


@pytest.fixture(scope="module")
def data():
    """Two features that tell, a noisy copy of one, one that does not, one that never changes."""
    rng = np.random.default_rng(0)
    first, second, noise, hint = rng.normal(size=(4, 600))
    label = first + second + 0.3 * hint + 0.5 * rng.normal(size=600) > 0
    copy = first + 0.05 * rng.normal(size=600)
    second[::50] = np.nan
    return np.column_stack((first, copy, second, noise, np.ones(600), hint)), label


@pytest.fixture(scope="module")
def choice(data):
    return choose(*data, NAMES, ("hint",), options=Options(kept=2, added=1), seed=1)


def why(found, name):
    [one] = [each for each in found.verdicts if each.name == name]
    return one


def test_of_two_that_say_the_same_one_stays_and_the_other_says_why(choice):
    """By the name of the partner, and how alike they are."""
    both = {"first", "copy"}
    [stays] = both & set(choice.kept)
    [gone] = both - {stays}

    assert f"r = 1.00 with {stays}, which is more important" == why(choice, gone).why
    assert not why(choice, gone).kept
    assert "second" in choice.kept


def test_of_two_identical_ones_the_second_was_in_no_split(data):
    """Trees take the first; the report says how often the other was used."""
    x, label = data
    same = np.column_stack((x[:, 0], x[:, 0], x[:, 2]))

    found = choose(same, label, ("first", "twin", "second"), seed=1)

    assert {"first", "second"} == set(found.kept)
    assert "0 splits, not above 10" == why(found, "twin").why


def test_what_is_no_candidate_says_so(data, choice):
    """Too few splits, or too many before it; what suggestions bring is told as such."""
    few = choose(*data, NAMES, options=Options(candidates=2), seed=1)

    assert "0 splits, not above 10" == why(choice, "still").why
    assert any("not among the first 2" in each.why for each in few.verdicts)
    assert "splits among those left, not among the first 2" in why(choice, "noise").why
    assert "suggested by the attacks" == why(choice, "hint").why
    assert "hint" == choice.kept[-1]


def test_a_suggestion_that_says_the_same_does_not_join(data):
    """Nor one that stays anyway, twice."""
    x, label = data
    options = Options(kept=1, added=2)

    found = choose(x, label, NAMES, ("copy", "first"), options=options, seed=1)

    assert 1 == len({"first", "copy"} & set(found.kept))


def test_where_nothing_tells_nothing_stays(data):
    """Features that never change have no splits."""
    _, label = data

    found = choose(np.ones((600, 6)), label, NAMES, seed=1)

    assert () == found.kept
    assert (0, 0) == found.correlation.shape


def test_pearson_is_of_rows_that_have_both(data):
    """As numpy has it where nothing is missing; 0 where one never changes or too few have both."""
    x = data[0][:, :2]
    holes = np.column_stack((x[:, 0], np.where(x[:, 0] > 0, x[:, 1], np.nan), np.full(600, np.nan)))
    some = x[:, 0] > 0

    assert np.allclose(np.corrcoef(x.T), pearson(x))
    assert np.corrcoef(x[some].T)[0, 1] == pytest.approx(pearson(holes)[0, 1])
    assert 0.0 == pearson(holes)[0, 2] == pearson(data[0])[0, 4]


def test_a_report_is_json_and_a_table(choice):
    """Everything that went is listed or counted."""
    told = json.loads(json.dumps(report(choice)))
    text = markdown(choice)

    assert list(choice.kept) == told["kept"]
    assert set(NAMES) == {each["name"] for each in told["features"]}
    assert len(told["candidates"]) == len(told["correlation"])
    assert f"3 of 6 features stay: {', '.join(choice.kept)}." in text
    assert "1 more were in no split." in text
    assert "which is more important |" in text
