"""Classifiers of Lu's table."""

import sys

import numpy as np
import pytest

from reauth.errors import SettingsError
from reauth.lab.boost import CLASSIFIERS, PLAIN, TUNED, boosted, learn, learn_boosted, xgboost


def easy(seed, count=200, holes=0.1):
    """Two features of which the first tells, with holes."""
    rng = np.random.default_rng(seed)
    human = rng.random(count) < 0.7
    x = np.column_stack((human + 0.2 * rng.normal(size=count), rng.normal(size=count)))
    x[rng.random(count) < holes, 1] = np.nan
    return x, human


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_each_tells_what_is_easily_told(name):
    """Above 0 for a person; what is missing is no obstacle to trees.

    To the SVM it is: -100 stands for it, and nothing is scaled (Lu §6.3).
    """
    if name == "XGBoost":
        pytest.importorskip("xgboost")
    holes = 0.0 if name == "SVM" else 0.1
    rows, human = easy(2, holes=holes)
    judge = learn(name, *easy(1, holes=holes), seed=1)

    assert np.mean((judge(rows) > 0) == human) > 0.95
    assert np.isfinite(judge(easy(2)[0])).all()


@pytest.mark.parametrize("settings", [PLAIN, TUNED])
def test_trees_learn_where_to_send_what_is_missing(settings):
    """NaN itself tells here; nothing is filled in."""
    pytest.importorskip("xgboost")
    human = np.arange(100) % 2 == 0
    x = np.where(human, np.nan, 1.0)[:, None]

    assert [True, False] == (learn_boosted(x, human, settings, 1)(x[:2]) > 0).tolist()


def test_the_papers_parameters_reach_the_trees():
    """Depth 4 and weight 1.5 (Lu §6.3.2)."""
    pytest.importorskip("xgboost")
    config = boosted(*easy(1), TUNED, 1).save_config()

    for told in ('"max_depth":"4"', '"min_child_weight":"1.5"', '"eta":"0.30'):
        assert told in config


def test_a_missing_extra_is_told_in_one_line(monkeypatch):
    """With what to type."""
    monkeypatch.setitem(sys.modules, "xgboost", None)

    with pytest.raises(SettingsError, match=r"^xgboost is missing: pip install 'reauth\[boost\]'$"):
        xgboost()
