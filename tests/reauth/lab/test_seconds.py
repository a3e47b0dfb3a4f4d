"""Error rates by active seconds."""

import numpy as np
import pytest

from reauth.lab.episodes import Stream
from reauth.lab.seconds import rates_by_seconds, spans
from tests.reauth.lab.test_summary import draws, town, victim


def stream(scores, at, active):
    return Stream(np.array(scores), np.array(at), np.zeros(len(scores), int), active)


def test_a_window_is_the_mean_of_what_became_known_in_it():
    """Windows follow each other without a gap; the rest at the end is none."""
    anna = victim("anna", [[1.0]], [])
    given = stream([1.0, 3.0, -2.0, 9.0], [4.0, 9.9, 10.0, 31.0], 35.0)

    found = spans(10, anna, given)

    assert [2.0, -2.0] == found[:2].tolist()
    assert (3, True) == (len(found), np.isnan(found[2]))


def test_silence_is_counted_and_no_rate_is_of_it():
    """Units come every 10 s here: of windows of 5 s every other one is silent."""
    found = rates_by_seconds(town(2.0), (5, 50, 10_000), draws())

    assert pytest.approx(0.5, abs=0.02) == found["5"]["silent"]
    assert 8 * 60 == pytest.approx(found["5"]["eer"]["genuine_windows"], abs=8)
    assert found["50"]["eer"]["pooled"] < found["5"]["eer"]["pooled"] < 0.3
    assert 0.0 == found["50"]["silent"]
    assert {"0.05", "0.01"} == set(found["50"]["fnmr_at_fmr"])
    assert found["50"]["auc"]["pooled"] > 0.9
    assert None is found["10000"]["silent"]
    assert "genuine windows: 0" in found["10000"]["eer"]["reason"]


def test_same_class_leaves_other_devices_out():
    """The town's second impostor, who is easier, has another device."""
    found = rates_by_seconds(town(1.0), (30,), draws())["30"]

    whole, same = found["eer"], found["eer_same_device_class"]
    assert same["impostor_windows"] * 2 == whole["impostor_windows"]
    assert same["pooled"] >= whole["pooled"]
