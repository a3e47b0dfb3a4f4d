"""Evidence in words: what is planted is said, what is usual is not, and too little is unknown."""

from dataclasses import replace

import numpy as np
import pytest

from reauth.explain import (
    LEAST_OWN,
    LEAST_SEEN,
    MOST_Z,
    by_chance,
    deviation_of,
    explain,
    looked_at,
    mechanical_words,
    replayed,
    rule_words,
)
from reauth.features import FEATURE_SETS
from reauth.trajectory import Trajectory
from tests.hands import hand, moved
from tests.reauth.detect.crowd import line
from tests.rows import alarm, learnt

USED = {"medvet": "pause", "movement": "movement", "gamboa": "stroke"}
"""Each verifier's set, and how what it describes is cut."""

ANNA = hand(1)


def faster(drawn, times):
    """The same movements in less time."""
    return [replace(each, t=each.t[0] + (each.t - each.t[0]) / times) for each in drawn]


def said(found):
    """All sentences."""
    return " / ".join(each.text for each in found.deviations)


@pytest.mark.parametrize(("name", "cut"), USED.items())
def test_a_faster_hand_is_said_to_be_faster(name, cut):
    """By about as much as it is, in every set that a verifier uses."""
    own, other = moved(ANNA, 90, 2, cut), faster(moved(ANNA, 40, 3, cut), 1.9)

    found = explain(FEATURE_SETS[name], own, other, most=30)

    speeds = [one for one in found.deviations if "speed" in one.feature and one.z > 0]
    assert "" == found.reason
    assert speeds, said(found)
    assert any(1.5 < one.seen / one.median < 2.4 for one in speeds), said(found)
    assert "times the user's median" in said(found)


def test_the_sentence_has_the_words_and_the_number():
    """As an analyst reads it."""
    own, other = moved(ANNA, 90, 2, "movement"), faster(moved(ANNA, 40, 3, "movement"), 1.9)

    found = explain(FEATURE_SETS["movement"], own, other, most=30)

    [told] = [one for one in found.deviations if one.text.startswith("Moves faster than usual: ")]
    times, _, what = told.text.removeprefix("Moves faster than usual: ").partition(" times ")
    assert f"the user's median {told.name}" == what
    assert float(times) == pytest.approx(told.seen / told.median, abs=0.06)
    assert told.low < told.median < told.high
    assert "px/s" == told.unit


@pytest.mark.parametrize(("name", "cut"), USED.items())
def test_the_users_own_later_movements_hardly_differ(name, cut):
    """What is said of everybody says nothing: of dozens of numbers few stand out by chance."""
    told = [
        len(explain(FEATURE_SETS[name], own, later, most=99).deviations)
        for seed in (1, 2, 4)
        for own, later in [(moved(hand(seed), n, seed + n, cut) for n in (90, 60))]
    ]

    assert sum(told) / len(told) < 2


@pytest.mark.parametrize(("name", "cut"), USED.items())
def test_somebody_else_stands_out(name, cut):
    """The strongest first, one of each topic, far enough to be told."""
    own, other = moved(ANNA, 90, 2, cut), moved(hand(9), 60, 5, cut)

    found = explain(FEATURE_SETS[name], own, other)

    strengths = [abs(one.z) for one in found.deviations]
    assert strengths
    assert sorted(strengths, reverse=True) == strengths
    assert 6 >= len(strengths)


def test_a_remote_desktop_is_explained_by_few_words_not_by_nine_speeds():
    """One of each topic: nine speeds that are all higher are one thing."""
    own, other = moved(ANNA, 90, 2), faster(moved(ANNA, 40, 3), 3)

    found = explain(FEATURE_SETS["medvet"], own, other, most=39)

    assert 1 == sum(each.text.startswith("Moves faster than") for each in found.deviations)


def test_too_little_is_unknown_and_says_why():
    """Neither few own movements nor one odd one explain anything."""
    own, other = moved(ANNA, 90, 2), moved(hand(9), 30, 5)
    features = FEATURE_SETS["medvet"]

    few = explain(features, own[: LEAST_OWN - 1], other)
    odd = explain(features, own, other[: LEAST_SEEN - 1])

    assert ((), f"{LEAST_OWN - 1} movements of the user's own") == (
        few.deviations,
        few.reason.partition(" on this")[0],
    )
    assert f"{LEAST_SEEN - 1} anomalous movements; {LEAST_SEEN} are needed" == odd.reason


def test_the_anomalous_movements_are_no_past_of_their_own():
    """Once an alert is dismissed they are among the user's; they must not vouch for themselves."""
    own, other = moved(ANNA, 90, 2), moved(hand(9), 60, 5)
    features = FEATURE_SETS["medvet"]

    assert explain(features, own, other) == explain(features, [*own, *other], other)


def test_only_what_the_verifier_looks_at_is_told():
    """Gamboa's selects a few features; another one's deviation decided nothing."""
    place = float(FEATURE_SETS["gamboa"].names.index("length"))
    chosen = replace(learnt(), arrays={"selected": np.array([place])})
    own, other = moved(ANNA, 90, 2, "stroke"), moved(hand(9), 60, 5, "stroke")
    features = FEATURE_SETS["gamboa"]

    found = explain(features, own, other, chosen)

    assert {"length"} >= {each.feature for each in found.deviations}
    assert len(features.names) == len(looked_at(features, learnt()))


def test_an_angle_that_closes_has_no_far_ends():
    """Around the left, 179 and -179 degrees are neighbours."""
    features = FEATURE_SETS["medvet"]

    def towards(angle, count, seed):
        rng = np.random.default_rng(seed)
        for number in range(count):
            way = np.cumsum(rng.uniform(5, 9, 10))
            at = angle + rng.normal(0, 0.05)
            t = number + np.arange(10) * 0.03
            yield Trajectory(0, t, way * np.cos(at), way * np.sin(at))

    left, nearly = [*towards(np.pi, 60, 1)], [*towards(-np.pi + 0.01, 40, 2)]
    down = [*towards(np.pi / 2, 40, 3)]

    assert "direction" not in said(explain(features, left, nearly))
    [told] = [one for one in explain(features, left, down).deviations if "direction" in one.name]
    assert "Heads another way than usual" in told.text
    assert 90 == pytest.approx(told.seen, abs=2)


def test_what_never_varied_has_a_deviation_all_the_same():
    """Half the values alike leave the median deviation 0; all alike leave no scale at all."""
    same = np.full(60, 2.0)

    assert MOST_Z == deviation_of(same, np.full(5, 3.0))
    assert -MOST_Z == deviation_of(same, np.full(5, 1.0))
    assert 0.0 == deviation_of(same, np.full(5, 2.0))
    mostly = np.array([2.0] * 50 + [4.0] * 10)
    assert 0 < deviation_of(mostly, np.full(5, 3.0)) < MOST_Z


def test_values_of_two_kinds_are_compared_by_how_many_lie_where():
    """To the left and to the right about as often: the median jumps, and nothing has changed."""
    usual, later = np.repeat((-500.0, 500.0), (46, 44)), np.repeat((-500.0, 500.0), (14, 16))

    assert by_chance(usual, later)
    assert not by_chance(usual, np.repeat((-500.0, 500.0), (2, 28)))
    spread = np.linspace(-1, 1, LEAST_OWN)
    assert by_chance(spread, np.full(LEAST_SEEN - 1, 9.0)), "seven say little"
    assert not by_chance(spread, np.full(LEAST_SEEN, 9.0))


def test_a_programs_movement_is_said_to_be_too_exact():
    """Each rule by its words, how often, the commonest first; of short movement nothing."""
    found = mechanical_words([line(), line()])

    assert any(each.startswith("Speed that hardly varies") for each in found)
    assert all(each.endswith("2 of 2 movements") for each in found)
    assert () == mechanical_words([])
    assert () == mechanical_words(moved(ANNA, 20, 2, "movement"))


def test_a_replay_is_said_with_the_time_of_what_was_played_again():
    """Found among earlier movements; what came later cannot have been recorded."""
    earlier = moved(ANNA, 40, 2, "movement", start=1000.0)
    again = replace(earlier[7], t=earlier[7].t + 9000)
    new = moved(hand(3), 3, 4, "movement", start=12000.0)

    [found] = replayed([again, *new], earlier)

    assert (float(again.t[-1]), True) == (found.movement, found.exact)
    assert float(earlier[7].t[-1]) == found.earlier
    assert [] == replayed([earlier[7]], [again])


def test_what_was_counted_is_said_in_the_rules_words():
    """An alert of absence rests on no score."""
    counted = alarm("a", kind="absence", rule="silent", low=12, limit=10)

    assert rule_words(counted).endswith("told that it was there: 12; 10 raise an alert")
    assert "" == rule_words(alarm("b"))
