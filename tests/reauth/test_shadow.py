"""A shadow and the active template on movement that neither has seen."""

import json
from dataclasses import replace

import numpy as np
import pytest

from reauth.enrol import Options, learn
from reauth.shadow import (
    FAR,
    LEAST,
    Comparison,
    Parts,
    Verdict,
    compare,
    comparison_document,
    comparison_from,
    parted,
    strangers,
)
from tests.playbook import ALICE, MALLORY, OTHERS, trajectories

NOW = 1_780_000_000.0
DAY = 86_400.0
OPTIONS = Options(min_trajectories=60, windows=(10,))


def lived(hand, seed, end, count=40):
    """A session that ended at a time, s since 1970."""
    drawn = trajectories(hand, count, seed)
    return [replace(each, t=each.t + end - drawn[-1].t[-1]) for each in drawn]


BACKGROUND = {name: [lived(hand, 3, NOW - 11 * DAY)] for name, hand in OTHERS.items()}
OWN = [lived(ALICE, seed, NOW - 11 * DAY) for seed in (1, 2)]


def taught(own, seed=0):
    """A template of these sessions."""
    rng = np.random.default_rng(seed)
    return learn("alice", own, BACKGROUND, OPTIONS, rng, NOW - 10 * DAY)


@pytest.fixture(scope="module")
def active():
    """Learnt of Alice as she was."""
    return taught(OWN)


@pytest.fixture(scope="module")
def wrong():
    """Learnt of somebody else under her name: as bad as can be."""
    return taught([lived(MALLORY, seed, NOW - 11 * DAY) for seed in (1, 2)])


UNSEEN = {name: [lived(hand, 8, NOW - 3 * DAY, 80)] for name, hand in OTHERS.items()}
LATER = Parts((), (), [lived(ALICE, seed, NOW - 2 * DAY) for seed in (5, 6, 7)], 0)


def told(active, shadow, parts=LATER, unseen=UNSEEN, window=10):
    """The comparison, always with the same draws."""
    return compare(active, shadow, (parts, unseen), window, np.random.default_rng(1))


def test_every_session_is_in_one_part_only():
    """What trains is not what is compared; the newest candidates are held out whole."""
    old, new = OWN, [lived(ALICE, 5, NOW - 2 * DAY)]
    candidates = [lived(ALICE, seed, NOW - DAY + seed) for seed in range(20, 24)]

    parts = parted([*old, *new], candidates, NOW - 10 * DAY)

    trains = {each.id for session in (*parts.known, *parts.taught) for each in session}
    judged = {each.id for session in parts.held_out for each in session}
    everything = {each.id for session in (*old, *new, *candidates) for each in session}
    assert not trains & judged
    assert everything == trains | judged
    assert (old, candidates[:3], [*new, candidates[3]], 1) == (
        parts.known, parts.taught, parts.held_out, parts.candidates
    )  # fmt: skip


@pytest.mark.parametrize(("count", "held"), [(0, 0), (1, 0), (2, 1), (3, 1), (6, 2)])
def test_one_candidate_in_three_is_held_out(count, held):
    """Of one alone none: it is what the shadow is for."""
    candidates = [OWN[0]] * count

    assert held == parted([], candidates, NOW).candidates


def test_the_others_are_parted_by_time_too():
    """Of somebody who came later, two thirds train and a third is unseen."""
    early, late = OWN[0], [lived(ALICE, seed, NOW) for seed in (1, 2, 3)]

    train, unseen = strangers({"bob": [early, late[0]], "carl": late, "dora": [early]}, NOW - DAY)

    assert {"bob": [early], "carl": late[:2], "dora": [early]} == train
    assert {"bob": [late[0]], "carl": late[2:]} == unseen


def test_a_template_beside_itself_is_no_worse_and_differs_by_nothing(active):
    """Both meet the same windows, and the same draws of them."""
    found = told(active, active)

    assert Verdict.NOT_WORSE is found.verdict
    assert found.active == found.shadow
    assert (0.0, 0.0) == found.difference
    assert (3, 12, 3, 24, 10) == (
        found.sessions, found.windows, found.users, found.other_windows, found.window
    )  # fmt: skip


def test_a_shadow_of_somebody_else_is_worse(active, wrong):
    """It refuses the user at the same share of strangers; turned round it is better."""
    found = told(active, wrong)

    assert Verdict.WORSE is found.verdict
    assert found.shadow.frr > found.active.frr
    assert not found.promotable
    assert Verdict.BETTER is told(wrong, active).verdict


def test_rates_lie_in_their_intervals_and_the_curve_goes_one_way(active, wrong):
    """From everybody accepted to (nearly) nobody."""
    found = told(active, wrong)

    for rates in (found.active, found.shadow):
        assert rates.ci[0] <= rates.frr <= rates.ci[1]
        fars, frrs = zip(*rates.det, strict=True)
        assert sorted(fars, reverse=True) == list(fars)
        assert sorted(frrs) == list(frrs)
        assert (1.0, 0.0) == rates.det[0]
    assert FAR == found.far


def test_numbers_come_from_held_out_sessions_only(active):
    """What the shadow learnt from, were it ever so bad, changes no number."""
    swapped = replace_parts(LATER, taught=[lived(MALLORY, 9, NOW)], known=[lived(MALLORY, 8, NOW)])
    worse = replace_parts(LATER, held_out=[lived(MALLORY, seed, NOW) for seed in (5, 6, 7)])

    assert told(active, active) == told(active, active, swapped)
    assert told(active, active).active.frr < told(active, active, worse).active.frr


def replace_parts(parts, **changes):
    """Parts of which some differ."""
    return replace(parts, **changes)


def test_where_windows_are_few_smaller_ones_are_taken(active):
    """Two sessions of 40 scores hold no window of 100, but eight of 10."""
    assert 10 == told(active, active, window=100).window


def test_too_little_is_unknown_and_says_what_is_missing(active):
    """Neither promoted by itself nor called better."""
    few = replace_parts(LATER, held_out=LATER.held_out[:1])

    for found in (told(active, active, few), told(active, active, unseen={})):
        assert Verdict.UNKNOWN is found.verdict
        assert found.active is None
        assert f"{LEAST} of each are needed" in found.reason
        assert not found.promotable


def test_a_shadow_that_accepts_more_strangers_is_not_promoted_by_itself(active):
    """The quality reports look at strangers whom cross-fitting held out; both must agree."""
    quality = {10: replace(active.quality[10], far=0.9)}

    found = told(active, replace(active, quality=quality))

    assert "accepts more strangers" == found.reason
    assert not found.promotable
    unknown = told(active, replace(active, quality=None))
    assert "do not say" in unknown.reason
    assert told(active, active).promotable


def test_a_comparison_survives_json(active, wrong):
    """As the store keeps it and the page shows it."""
    for found in (told(active, wrong), told(active, active, unseen={})):
        assert found == comparison_from(json.loads(json.dumps(comparison_document(found))))
    assert isinstance(comparison_from(comparison_document(found)), Comparison)
