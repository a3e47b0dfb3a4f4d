"""A report on disk: what is said is what was counted."""

import json

import numpy as np
import pytest

from reauth.lab.evaluate import Result
from reauth.lab.report import SEEN, dumped, markdown, title_of, write
from reauth.lab.seconds import rates_by_seconds
from reauth.lab.seeds import summed
from reauth.lab.summary import by_user, calibration, rates, takeover
from tests.reauth.lab.test_summary import town, victim


def reported(victims, **protocol):
    """A report of made-up people."""
    rng = np.random.default_rng(0)
    return {
        "protocol": {
            "verifier": "svm", "policy": "window", "unseen_impostors": True, "seed": 1,
            "users_enrolled": len(victims), "users_background": 3, "data": "/some/town",
            "same_device_class_only": False, "resampled_ms": None, "without": [],
            "features": "medvet", "policy_window": 20,
            "versions": {"reauth": "1", "features": 1, "verifier": 1, "code": "c" * 64},
            "data_sha256": "d" * 64, **protocol,
        },
        **rates(victims, (5, 500), rng),
        "by_seconds": rates_by_seconds(victims, (50,), rng),
        "takeover": takeover(victims, rng),
        **calibration(victims),
        "device_probe_auc": 0.62, "shuffled_label_eer": 0.49, "fta": 0.0, "fte": 0.25,
        "unknown_device": 0.125,
        "units_per_active_hour": 400.0, "per_user": by_user(victims, (5, 500)),
        "failed_to_enrol": [{"user": "zoe", "reason": "7 to go"}],
    }  # fmt: skip


def test_a_report_is_json_text_and_pictures(tmp_path):
    """And all pictures that the text shows are there."""
    people = town(1.0, users=3)

    write(Result(reported(people), tuple(people)), tmp_path / "out")

    report = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert report["per_user"][0]["user"] == "u0"
    text = (tmp_path / "out" / "report.md").read_text("utf-8")
    assert "| users' own units dropped, on a device that they were not learnt on | 12.5% |" in text
    for name in ("det.svg", "scores.svg", "delays.svg", "users.svg"):
        assert f"({name})" in text
        assert (tmp_path / "out" / name).is_file()


def test_the_text_says_what_the_json_says():
    """Rates as percentages; what there was too little for, with the reason."""
    report = reported(town(1.0))

    text = markdown(report, [])

    told = report["eer"]["5"]
    assert f"| 5 | {told['pooled']:.1%} | {told['ci'][0]:.1%} to {told['ci'][1]:.1%} |" in text
    assert "500 units: genuine windows: 0" in text
    assert "| AUC of the device alone | 0.62 |" in text
    assert "| EER with shuffled labels | 49.0% |" in text
    assert "Not enrolled: `zoe`: 7 to go." in text
    rate = report["by_seconds"]["50"]["eer"]
    assert f"| 50 | {rate['pooled']:.1%} | {rate['ci'][0]:.1%} to {rate['ci'][1]:.1%} |" in text
    assert "## Over seeds" not in text


def test_several_seeds_are_summed_up_below():
    """With the range of each main figure."""
    report = reported(town(1.0, users=3))
    seeded = markdown({**report, "seeds": summed((1, 2), [report, report])}, [])

    alarms = report["takeover"]["false_alarms_per_8h"]
    assert "| seeds 1, 2 | mean | least to most |" in seeded
    assert f"| false alarms in 8 h | {alarms:.2f} | {alarms:.2f} to {alarms:.2f} |" in seeded


def test_the_title_says_so_where_impostors_were_seen():
    """Nobody shall quote such a figure for the other."""
    assert "svm with window on town" == title_of(reported([]))
    assert title_of(reported([], unseen_impostors=False)).endswith(SEEN)
    assert "same device class only" in title_of(reported([], same_device_class_only=True))
    changed = title_of(reported([], resampled_ms=25.0, without=["rest", "timing"]))
    assert changed.endswith("on a grid of 25 ms, without rest, timing")


def test_nobody_caught_is_an_empty_cell_not_a_number():
    """Infinity and None are no JSON numbers and no minutes."""
    away = victim("anna", [[1.0] * 3], [("eve", "frame", [1.0] * 9)])

    text = markdown(reported([away, away]) | {"failed_to_enrol": []}, [])

    assert "| median delay, active minutes |  | ∞ to ∞ |" in text
    assert "Not enrolled" not in text
    with pytest.raises(ValueError, match="JSON"):
        dumped({"delay": float("inf")})
