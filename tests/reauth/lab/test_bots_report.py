"""The report of people against programs: the same figures in three forms."""

import json

import numpy as np

from reauth.lab.bots import Found
from reauth.lab.bots_report import markdown, pooled, write

SOURCE = {"trajectories": 20, "fta": 0.25}
REPORT = {
    "detector": "default",
    "grid_ms": 25.0,
    "trajectories": {"human": 20, "bot": 40},
    "accuracy": 0.975,
    "auc": 0.9912,
    "recall_at_1pct_fpr": {"1": 0.91, "5": None},
    "recall_ci": {"1": [0.88, 0.93], "5": None},
    "limits": {"1": -1.5},
    "frozen": {
        "1": {"limit": -1.25, "fpr": 0.005, "recall": 0.85},
        "5": {"limit": -0.5, "fpr": None, "recall": None},
    },
    "per_source": {
        "ann": {**SOURCE, "side": "human", "flagged": {"1": 0.0}, "flagged_frozen": {"1": 0.0}},
        "wind": {**SOURCE, "side": "bot", "flagged": {"1": 0.91}, "flagged_frozen": {"1": 0.85}},
    },
    "fta": 0.25,
    "leave_one_out": {
        "recall_at_1pct_fpr": {"1": 0.625, "5": None},
        "per_source": {"wind": {"1": 0.625, "5": None}},
    },
}
FOUND = Found(
    REPORT, {"ann": np.array([1.0, 2.0]), "bob": np.empty(0)}, {"wind": np.array([-3.0, 0.5])}
)


def test_the_text_has_every_figure_and_says_what_is_unknown():
    """A dash where there are too few for a mean of five."""
    text = markdown(REPORT)

    assert "20 movements of people, 40 of programs" in text
    assert "| 1 | 91.0 % | 88.0 % to 93.0 % | -1.25 | 0.5 % | 85.0 % |" in text
    assert "| 5 | - | - | -0.50 | - | - |" in text
    assert "| wind | bot | 20 | 25.0 % | 91.0 % | - | 85.0 % | - | 62.5 % | - |" in text
    assert "62.5 % of movements, - of fives" in text


def test_a_report_without_leaving_out_says_nothing_of_it():
    """No empty promise."""
    told = {name: each for name, each in REPORT.items() if name != "leave_one_out"}

    assert "mean of programs" not in markdown(told)
    assert "| wind | bot | 20 | 25.0 % | 91.0 % | - | 85.0 % | - | - | - |" in markdown(told)


def test_all_three_are_written(tmp_path):
    """The JSON is the report itself; scores of all sources are drawn together."""
    write(FOUND, tmp_path)

    assert REPORT == json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert (tmp_path / "report.md").read_text("utf-8") == markdown(REPORT)
    assert "<svg" in (tmp_path / "bots.svg").read_text("utf-8")
    assert [[1.0, 2.0], [-3.0, 0.5]] == [side.tolist() for side in pooled(FOUND)]
