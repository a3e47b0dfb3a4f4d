"""One document of many reports."""

import json
from pathlib import Path

import pytest

from reauth.errors import SettingsError
from reauth.lab.document import gathered, rendered
from tests.reauth.lab.test_attacked import ATTACKS, BOTS, REPLAYS

ROOT = Path(__file__).parents[3]
RATE = {"pooled": 0.125, "ci": [0.1, 0.15], "per_user_mean": 0.11, "genuine_windows": 40}
NONE = {"value": None, "reason": "too few windows"}
EVALUATION = {
    "protocol": {
        "verifier": "svm", "policy": "window", "unseen_impostors": True, "users_enrolled": 25,
        "seed": 1, "data": "/data/of/anna/hbrs.tar.gz",
    },
    "eer": {"50": RATE, "500": NONE},
    "eer_same_device_class": {"50": {**RATE, "pooled": 0.2}, "500": NONE},
    "auc": {"50": {"pooled": 0.9321}, "500": NONE},
    "takeover": {
        "episodes": 353, "false_alarms_per_8h": 0.5, "median_minutes": None, "median_units": 319.0,
        "caught_within_min": {"3": 0.032, "6": 0.05, "30": 0.4},
    },
    "calibration_error": 0.047, "device_probe_auc": 0.866, "shuffled_label_eer": {"pooled": 0.508},
    "drift": {"seen": {"fall": 0.208, "spread": 0.27}, "expected": {"fall": 0.2, "spread": 0.25}},
    "fta": 0.0, "fte": 0.069, "units_per_active_hour": 395.2,
    "per_user": [{"user": "secret-token"}], "calibration_error_by_user": {"secret-token": 0.1},
    "failed_to_enrol": ["secret-token"],
}  # fmt: skip
PAPER = {
    "title": "Medvet 2014 on Balabit",
    "table": [
        {"row": "w = 50", "published": 0.2, "ours": 0.3, "ci": [0.2, 0.4], "within": False},
        {"row": "time", "published": 13.5, "ours": 12.0, "ci": [10, 14], "within": True,
         "unit": "min"},
    ],
    "differences": ["other people"],
}  # fmt: skip
SECONDS = {
    "eer": RATE, "eer_same_device_class": {"value": None}, "auc": {"pooled": 0.95},
    "silent": 0.03, "fnmr_at_fmr": {"0.05": 0.25},
}  # fmt: skip
CHANGED = {
    **EVALUATION,
    "protocol": {
        **EVALUATION["protocol"], "resampled_ms": 25.0, "without": ["timing"],
        "only_users": ["secret-token", "secret-too"],
    },
    "by_seconds": {"19": SECONDS},
    "seeds": {"seeds": [1, 2], "figures": {
        "EER, 50 units": {"mean": 0.11, "least": 0.1, "most": 0.12, "values": [0.1, 0.12]},
    }},
}  # fmt: skip
ABOVE = {"above": 0.021, "ci": [-0.01, 0.05]}
SETTING = {
    "data": "hbrs.tar.gz", "only_users": None, "users_enrolled": 25, "seed": 1,
    "verifier": "movement",
}  # fmt: skip
CLOCK = {
    "units_per_active_hour": 722.4,
    "50": {"any": {**RATE, "above": None}, "same": {**RATE, "pooled": 0.2, "above": ABOVE}},
}
ABLATION = {
    "ablation": [{"name": "values", "about": "no ranks", "as_recorded": CLOCK, "on_grid": CLOCK}],
    "setting": SETTING,
}
SAME = {**RATE, "with_all": 0.1, "above": ABOVE}
CURVE = {
    "curve": [{"enrolled": 300, "users": 12, "20": {"any": RATE, "same": SAME},
               "50": {"any": RATE, "same": SAME}}],
    "setting": {**SETTING, "only_users": 7},
}  # fmt: skip
ARM = {"eer": 0.1, "eer_ci": [0.05, 0.2], "accepted": 0.3, "refused": 0.0, "hostile": 2.5}
POISON = {"attacks": 10, "window": 20, "rounds": [{"guarded": ARM, "open": ARM}]}


@pytest.fixture
def folder(tmp_path):
    reports = {
        "hbrs": EVALUATION, "medvet": PAPER, "poison": POISON, "grid": CHANGED,
        "ablation": ABLATION, "curve": CURVE, "bots-known": BOTS, "replays-live": REPLAYS,
        "attacks": ATTACKS,
    }  # fmt: skip
    for name, report in reports.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.json").write_text(json.dumps(report))
    return tmp_path


@pytest.mark.parametrize(
    "line",
    [
        "### hbrs: svm with window, impostors unseen",
        "| 50 | 12.5 % | 10.0 % to 15.0 % | 20.0 % | 10.0 % to 15.0 % | 11.0 % | 0.932 | 40 |",
        "| 500 | - | too few windows | - |  | - | - | 0 |",
        "| 353 | 0.50 | - | 319 | 3.2 % | 5.0 % |",
        "| 0.047 | 0.866 | 50.8 % | 0.21 | 0.27 | 0.20, 0.25 |",
        "| w = 50 | 20.0 % | 30.0 % | 20.0 % to 40.0 % | **no** |",
        "| time | 14 | 12 | 10 to 14 | yes |",
        "* other people",
        "hbrs.tar.gz (2 of its users), every recording on a grid of 25 ms, without timing, "
        "25 users enrolled, seed 1; 395 units an active hour; failure to enrol 6.9 %, to acquire "
        "0.0 %.",
        "| 19 | 12.5 % | 10.0 % to 15.0 % | - |  | 0.950 | 25.0 % | 40 | 3.0 % |",
        "| EER, 50 units | 11.0 % | 10.0 % to 12.0 % |",
        "### ablation: movement on hbrs.tar.gz, impostors unseen, seed 1; 25 users enrolled",
        "| values | no ranks | 722 | 12.5 % | 20.0 % | +2.1 | -1.0 to +5.0 | 12.5 % | 20.0 % | +2.1"
        " | -1.0 to +5.0 |",
        "### curve: movement on hbrs.tar.gz (7 of its users), impostors unseen, seed 1",
        "| 300 | 12 | 12.5 % | 12.5 % | 10.0 % to 15.0 % | 10.0 % | +2.1 | -1.0 to +5.0 | 12.5 % |"
        " 12.5 % | 10.0 % to 15.0 % | 10.0 % | +2.1 | -1.0 to +5.0 |",
        "| 0 | guarded | 10.0 % | 5.0 % to 20.0 % | 30.0 % | 0.0 % | 2.5 |",
        "### bots-known: detector default",
        "### replays-live: detector turned",
        "### attacks: within 120 s of movement",
    ],
)
def test_every_figure_of_a_report_stands_in_the_document(folder, line):
    """As it was measured; what could not be is told with its reason."""
    assert line in rendered(gathered(folder)).splitlines()


def test_no_user_and_no_path_is_published(folder):
    """A public set's people are nobody's business here."""
    kept = json.dumps(gathered(folder))

    assert "secret" not in kept
    assert "/data/of/anna" not in kept


def test_impostors_that_were_seen_are_shouted(folder):
    """Or a flattering number would pass for an honest one."""
    seen = {**EVALUATION, "protocol": {**EVALUATION["protocol"], "unseen_impostors": False}}

    plain = {**seen, "shuffled_label_eer": 0.5}

    assert "impostors SEEN" in rendered({"hbrs": seen, "plain": plain})


def test_a_folder_without_reports_is_refused_with_the_next_step(tmp_path):
    """An empty document would look like a good one."""
    with pytest.raises(SettingsError, match="`reauth lab evaluate` first"):
        gathered(tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "report.json").write_text("{")
    with pytest.raises(SettingsError, match="is no report"):
        gathered(tmp_path)


def test_reports_of_several_folders_are_one_document(folder, tmp_path):
    """A folder may be a report's own; one that is not there has none."""
    own = tmp_path / "bots-known"
    found = gathered(own, tmp_path / "nowhere", tmp_path / "attacks")

    assert ["bots-known", "attacks"] == list(found)
    assert "secret" not in json.dumps(found)


def test_the_published_document_is_that_of_the_published_figures():
    """No number in it was typed."""
    figures = json.loads((ROOT / "bench" / "evaluation.json").read_text("utf-8"))

    assert rendered(figures) == (ROOT / "docs" / "EVALUATION.md").read_text("utf-8")
