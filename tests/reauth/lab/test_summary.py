"""From scores to figures: what each of them says, on scores that were made up."""

import numpy as np
import pytest

from reauth.lab.cutting import Facts
from reauth.lab.episodes import Owned, Stream, owned, takeovers
from reauth.lab.summary import (
    Attack,
    Victim,
    by_user,
    calibration,
    compared,
    device_probe,
    drift,
    means,
    rates,
    shuffled_eer,
    takeover,
    votes,
)
from reauth.template import Drift
from tests.reauth.lab.test_episodes import policy


def draws(seed=0):
    return np.random.default_rng(seed)


def stream(scores):
    n = len(scores)
    return Stream(np.asarray(scores, float), 10.0 * np.arange(1, n + 1), np.zeros(n, int), 10.0 * n)


def victim(user, genuine, attacks, device="frame", calibrated=True, usual=(0.5, 1.0)):
    """A user with these scores; the policy of the playbook watches."""
    own = tuple(stream(scores) for scores in genuine)
    theirs = tuple(Attack(who, kind, stream(scores)) for who, kind, scores in attacks)
    after = [(attack.impostor, attack.stream) for attack in theirs]
    return Victim(
        user, device, 40, 0.0, usual, Drift(0.2, 0.1), calibrated, own, theirs, owned(policy, own),
        tuple(takeovers(policy, own, after, draws())),
    )  # fmt: skip


def town(gap, users=8, n=60):
    """Users whose scores are 1 apart from their impostors' by `gap` standard deviations."""
    rng = draws(7)
    return [
        victim(f"u{place}", [rng.normal(gap / 2, 1, n)], [
            (f"i{place}", "frame", rng.normal(-gap / 2, 1, n)),
            (f"j{place}", "remote", rng.normal(-gap, 1, n)),
        ])
        for place in range(users)
    ]  # fmt: skip


def test_windows_do_not_overlap_and_never_span_two_recordings():
    """A rest that fills no window is left out."""
    anna = victim("anna", [[1, 3, 5, 7, 9], [2, 4]], [("eve", "frame", [0, 0, 0])])

    found = compared([anna], 2)

    assert [2.0, 6.0, 3.0] == found.genuine.tolist()
    assert [0.0] == found.impostor.tolist()
    assert 0 == len(compared([anna], 9).genuine)


def test_votes_are_the_papers_statistic():
    """Each score counts once, by its rounded sign; the mean weighs them."""
    anna = victim("anna", [[-0.0001, -2.0, 0.5, 0.5]], [])
    scores = anna.genuine[0].scores

    assert [0.75] == votes(anna, scores, 4).tolist()
    assert [pytest.approx(-0.250025)] == means(anna, scores, 4).tolist()


def test_error_rates_come_by_window_with_intervals_over_users():
    """Longer windows err less; the interval holds the figure; both thresholds are told."""
    found = rates(town(1.0), (5, 20), draws())

    short, long = found["eer"]["5"], found["eer"]["20"]
    assert 0 <= long["pooled"] < short["pooled"] < 0.5
    assert short["ci"][0] <= short["pooled"] <= short["ci"][1]
    assert (96, 192, 8) == (
        short["genuine_windows"], short["impostor_windows"], short["users"],
    )  # fmt: skip
    assert found["auc"]["20"]["pooled"] > found["auc"]["5"]["pooled"] > 0.5
    kept = found["at_frozen_threshold"]["20"]
    assert 0 <= kept["fmr"] < 0.2
    assert 0 <= kept["fnmr"] < 0.2
    at = found["fnmr_at_fmr"]["5"]
    assert at["0.01"] >= at["0.05"] >= 0
    assert len(found["det"]["5"]["fmr"]) == len(found["det"]["5"]["fnmr"])


def test_impostors_of_the_same_class_are_told_apart():
    """They are the harder ones here, as in the public sets."""
    found = rates(town(1.0), (5,), draws())

    assert 96 == found["eer_same_device_class"]["5"]["impostor_windows"]
    assert found["eer_same_device_class"]["5"]["pooled"] > found["eer"]["5"]["pooled"]


def test_a_rate_of_too_little_is_none_and_says_so():
    """A window longer than what there is; a user whom nobody attacks."""
    lonely = [victim("anna", [[1.0] * 50], [])]

    for size, reason in ((20, "genuine windows: 2"), (5, "impostor windows: 0")):
        found = rates(lonely, (size,), draws())
        for kind in ("eer", "eer_same_device_class", "eer_by_votes", "auc"):
            assert found[kind][str(size)]["value"] is None
            assert reason in found[kind][str(size)]["reason"]
        assert {} == found["det"] == found["fnmr_at_fmr"]
    assert {} != rates([], (5,), draws())["eer"]["5"]


def test_takeovers_are_told_in_active_minutes_and_in_units():
    """Two low scores of three raise the alarm: at the second one, 20 s after the change."""
    people = [
        victim(f"u{place}", [[1.0] * 30], [("eve", "frame", [-1.0] * 9)]) for place in range(3)
    ]

    found = takeover(people, draws())

    assert (3, 2.0, pytest.approx(1 / 3)) == (
        found["episodes"], found["median_units"], found["median_minutes"],
    )  # fmt: skip
    assert {"3": 1.0, "6": 1.0, "10": 1.0, "20": 1.0, "30": 1.0, "80": 1.0} == (
        found["caught_within_min"]
    )
    assert (0.0, 0, 2.0, None, 1.0) == (
        found["false_alarms_per_8h"], found["false_alarms"], found["ania"], found["anga"],
        found["caught_before_session_end"],
    )  # fmt: skip
    assert 28 / 30 == pytest.approx(found["coverage"])


def test_who_got_away_counts():
    """In every share, and in the median; actions count until the session's end."""
    away = victim("anna", [[1.0] * 3], [("eve", "frame", [1.0] * 9), ("mal", "frame", [1.0] * 5)])

    found = takeover([away, away], draws())

    assert (None, [None, None], None) == (
        found["median_minutes"], found["median_minutes_ci"], found["p90_minutes"],
    )  # fmt: skip
    assert (0.0, 0.0, 7.0) == (
        found["caught_within_min"]["80"], found["caught_within_min_of_all"]["80"], found["ania"],
    )  # fmt: skip


def test_a_recording_that_ends_at_once_is_no_escape_but_is_told():
    """One impostor of two is caught, the other one's recording has one score."""
    anna = victim("anna", [[1.0] * 3], [("eve", "frame", [-1.0] * 9), ("mal", "frame", [1.0])])

    found = takeover([anna], draws())

    assert (1.0, 0.5, 0.5) == (
        found["caught_within_min"]["3"], found["caught_within_min_of_all"]["3"],
        found["caught_before_session_end"],
    )  # fmt: skip


def test_nobody_brings_nothing():
    """No user, no takeover: none, not zero."""
    found = takeover([], draws())

    assert (None, None, 0) == (
        found["false_alarms_per_8h"], found["median_minutes"], found["episodes"],
    )  # fmt: skip
    assert {None} == set(found["caught_within_min"].values())
    assert [0.0, None] == found["median_minutes_ci"]


def test_false_alarms_are_of_eight_active_hours():
    """Three alarms in an hour are 24."""
    anna = victim("anna", [[1.0]], [])
    told = Victim(
        "anna",
        "frame",
        40,
        0.0,
        (0.5, 1.0),
        Drift(0.2, 0.1),
        True,
        anna.genuine,
        (),
        Owned(3, 90, 45, 3600.0),
        (),
    )

    found = takeover([told], draws())

    assert (24.0, 30.0, 0.5) == (found["false_alarms_per_8h"], found["anga"], found["coverage"])


def test_drift_is_told_of_whole_recordings():
    """In deviations of what was held out, beside what was expected; short ones say little."""
    town = [
        victim("anna", [[0.5] * 60, [-0.5] * 60, [-9.0] * 10], [], usual=(1.0, 0.5)),
        victim("ben", [[0.0] * 60], [], usual=(1.0, 0.0)),
    ]

    told = drift(town)

    assert {"fall": pytest.approx(2.0), "spread": pytest.approx(1.0), "recordings": 2} == told[
        "seen"
    ]
    assert {"fall": pytest.approx(0.2), "spread": pytest.approx(0.1)} == told["expected"]
    assert None is drift([])["seen"]["fall"] is drift([])["expected"]["spread"]


def test_calibration_is_told_of_calibrated_users_only():
    """True ratios have a small error; ratios twice as sure as they may be a large one."""
    rng = draws(1)
    genuine, impostor = rng.normal(0.5, 1, 4000), rng.normal(-0.5, 1, 4000)
    true, proud = (
        victim("anna", [factor * genuine], [("eve", "frame", factor * impostor)])
        for factor in (1, 4)
    )
    lone = victim("ben", [genuine], [("eve", "frame", impostor)], calibrated=False)

    good, bad = calibration([true, lone]), calibration([proud])

    assert 0 < good["calibration_error"] < 0.03
    assert 0.1 < bad["calibration_error"]
    assert good["calibration_error_by_user"]["ben"] is None
    assert good["cllr"] < bad["cllr"]
    assert (None, None) == (
        calibration([lone])["calibration_error"], calibration([lone])["cllr"]
    )  # fmt: skip


def test_the_device_probe_sees_devices_and_nothing_else():
    """Own screens give everybody away; equal ones nobody. Without movement there is no device."""
    screens = {f"u{n}": Facts(0.016, 1000.0 + 200 * n, 900.0, 1.0) for n in range(6)}
    same = Facts(0.016, 1000.0, 900.0, 1.0)
    pairs = [(mine, theirs) for mine in screens for theirs in screens]
    none = Facts(np.nan, 0.0, 0.0, 0.0)

    apart = device_probe(
        {user: [facts, none] for user, facts in screens.items()},
        [(mine, theirs, screens[theirs]) for mine, theirs in pairs] + [("u1", "u2", none)],
    )
    alike = device_probe(
        {user: [same] for user in screens}, [(mine, theirs, same) for mine, theirs in pairs]
    )

    assert 1.0 == apart
    assert 0.5 == alike
    assert device_probe({"u1": [none]}, [("u1", "u1", same)]) is None
    assert device_probe({"u1": [same]}, [("u1", "u1", same)]) is None


def test_shuffled_labels_are_told_per_user():
    """Half of equal scores; whoever has one side only does not count."""
    rng = draws(3)
    parts = [(rng.normal(0, 1, 500), rng.normal(0, 1, 500)) for _ in range(6)]

    assert 0.5 == pytest.approx(shuffled_eer([*parts, (np.ones(3), np.empty(0))]), abs=0.03)
    assert shuffled_eer([]) is None


def test_every_user_has_a_row():
    """With what interfaces.md §7 wants of each."""
    rows = by_user(town(2.0, users=2), (5, 100))

    assert ["u0", "u1"] == [row["user"] for row in rows]
    assert {"user", "enrol_units", "test_units", "eer", "false_alarms", "detected"} < set(rows[0])
    assert (40, 60, None, "frame") == (
        rows[0]["enrol_units"], rows[0]["test_units"], rows[0]["eer"]["100"],
        rows[0]["device_class"],
    )  # fmt: skip
    assert 0 <= rows[0]["eer"]["5"] <= 0.5
    assert 0 <= rows[0]["detected"] <= 1
