"""One evaluation under several seeds."""

import pytest

from reauth.lab.seeds import over_seeds, summed, text
from tests.reauth.lab.towns import build, request


def report(eer, minutes):
    told = {"pooled": eer, "per_user_mean": eer}
    return {
        "eer": {"50": told}, "eer_same_device_class": {"50": {"value": None}},
        "by_seconds": {"19": {"eer": told}},
        "takeover": {
            "false_alarms_per_8h": 1.0, "median_minutes": minutes,
            "caught_within_min": {"6": 0.5, "20": 0.75},
        },
        "calibration_error": 0.04,
    }  # fmt: skip


def test_the_sum_is_mean_least_and_most():
    """Of every main figure; one that a seed does not have has no mean, and says what there is."""
    told = summed((1, 2, 3), [report(0.1, 5.0), report(0.2, None), report(0.06, 4.0)])

    found = told["figures"]
    assert [1, 2, 3] == told["seeds"]
    rate = found["EER, 50 units"]
    assert (pytest.approx(0.12), 0.06, 0.2) == (rate["mean"], rate["least"], rate["most"])
    assert [0.1, 0.2, 0.06] == rate["values"]
    assert (None, 4.0, 5.0) == tuple(found["median minutes"][x] for x in ("mean", "least", "most"))
    assert [None] * 3 == found["EER, 50 units, same class"]["values"]
    lines = text(told).splitlines()
    assert "| seeds 1, 2, 3 | mean | least to most |" == lines[0]
    assert "| EER, 19 s | 12.0 % | 6.0 % to 20.0 % |" in lines
    assert "| median minutes | - | 4.00 to 5.00 |" in lines
    assert "| EER, 50 units, same class | - |  |" in lines


def test_the_report_is_the_first_seeds_with_the_sum_of_all(tmp_path):
    """Each seed deals its own folds; labels are shuffled once."""
    data = build(tmp_path / "data", twice=5, once=0, movements=25)

    both = over_seeds(request(data, tmp_path / "out", windows=(5,), shuffled=2), (1, 4)).report
    alone = over_seeds(request(data, tmp_path / "out", windows=(5,), shuffled=2), (1,)).report

    seeds = both.pop("seeds")
    assert alone == both
    assert both["shuffled_label_eer"] is not None
    assert [1, 4] == seeds["seeds"]
    assert alone["eer"]["5"]["pooled"] == seeds["figures"]["EER, 5 units"]["values"][0]
