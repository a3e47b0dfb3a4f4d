"""The document's sections on programs and recordings: every figure, nobody's name."""

import pytest

from reauth.lab.attacked import attacks, bots, replays, without_people

FLAGGED = {"1": 0.75, "5": 1.0}
BOTS = {
    "detector": "default", "seed": 1, "trajectories": {"human": 2000, "bot": 900}, "fta": 0.125,
    "accuracy": 0.95, "auc": 0.99312, "recall_at_1pct_fpr": {"1": 0.9, "5": None},
    "recall_ci": {"1": [0.85, 0.93], "5": None},
    "frozen": {size: {"limit": -1.0, "fpr": 0.011, "recall": 0.88} for size in "15"},
    "left_out_of_training": ["secret-person"],
    "per_source": {
        "wind": {"side": "bot", "trajectories": 500, "flagged": FLAGGED},
        "secret-person": {"side": "human", "trajectories": 40, "flagged": FLAGGED},
    },
    "leave_one_out": {
        "recall_at_1pct_fpr": {"1": 0.7, "5": 0.97}, "per_source": {"wind": {"1": 0.6, "5": 0.8}},
    },
}  # fmt: skip
RECALL = {"exact": 1.0, "1px": 0.995, "3px": None}
REPLAYS = {
    "detector": "turned", "seed": 2, "played": 900, "human_false_flags": 0.00042,
    "flags": {"flagged": 3, "movements": 7143}, "library": {"movements": 2000, "with_shape": 1200},
    "recall": RECALL, "recall_browser": RECALL, "recall_frames": RECALL, "recall_elsewhere": RECALL,
    "lookup_ms": {"10000": 0.412}, "median_ms": {"10000": 0.2}, "flags_by_size": {"10000": 0.0004},
}  # fmt: skip
ATTACKS = {
    "within_s": 120.0,
    "attacks": [
        {"attack": "wind", "account": "p1", "wanted": "bot", "after": 14.1, "alerts": ["bot"],
         "right": True},
        {"attack": "lognormal", "account": "p2", "wanted": "bot", "after": None, "alerts": [],
         "right": False},
    ],
    "people": {"count": 6, "minutes": 29.8, "alerts": [{"alerts": ["impostor"]}]},
}  # fmt: skip


@pytest.mark.parametrize(
    ("section", "line"),
    [
        (bots({"known": BOTS}), "| 1 | 90.0 % | 85.0 % to 93.0 % | 70.0 % | 88.0 % | 1.1 % |"),
        (bots({"known": BOTS}), "| 5 | - |  | 97.0 % | 88.0 % | 1.1 % |"),
        (bots({"known": BOTS}), "| wind | 500 | 75.0 % | 100.0 % | 60.0 % | 80.0 % |"),
        (replays({"live": REPLAYS}), "### live: detector turned"),
        (replays({"live": REPLAYS}), "| elsewhere | 100.0 % | 99.5 % | - |"),
        (replays({"live": REPLAYS}), "| 10000 | 0.200 | 0.412 | 0.040 % |"),
        (attacks({"range": ATTACKS}), "| wind | bot | 14.1 | bot | yes |"),
        (attacks({"range": ATTACKS}), "| lognormal | bot | - | none | **no** |"),
        (attacks({"range": ATTACKS}), "6 people, 29.8 minutes of movement: alerts impostor."),
    ],
)
def test_every_figure_is_told(section, line):
    """Also what is missed."""
    assert line in section.splitlines()


def test_without_leaving_out_there_is_no_figure_of_it():
    """The rules of a first day learn nothing."""
    rules = {name: each for name, each in BOTS.items() if name != "leave_one_out"}

    assert "| wind | 500 | 75.0 % | 100.0 % | - | - |" in bots({"rules": rules}).splitlines()


def test_people_are_taken_out():
    """Programs stay; another report is left as it is."""
    kept, other = dict(BOTS), {"rounds": []}
    for each in (kept, other):
        without_people(each)

    assert ["wind"] == list(kept["per_source"])
    assert "secret" not in str(kept)
    assert {"rounds": []} == other
