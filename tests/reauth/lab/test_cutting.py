"""From recordings to units: the same ones as live, and when they were known."""

import numpy as np
import pytest

from reauth.decide.window import WindowPolicy
from reauth.event import Event, Kind, runs
from reauth.features import FEATURE_SETS
from reauth.lab.cutting import Facts, Units, cut, glance, read, rows_of, write
from reauth.lab.synth import draw_person, recording
from reauth.lane import Lane, Recipe
from reauth.outcome import Scored
from reauth.session import Session
from reauth.trajectory import PauseSegmenter, Trajectory
from reauth.verify import VERIFIERS
from tests.playbook import moves

GAP = 600.0


def paused():
    return PauseSegmenter(0.5, 3, 0.0)


def lane():
    return PauseSegmenter(0.5, 10, 0.025)


def made_up(movements=12, seed=3):
    rng = np.random.default_rng(seed)
    return recording(draw_person(rng), movements, rng)


def test_a_unit_is_known_when_its_pause_is_over():
    """At the event that completed it, in active time; the last one at the last event."""
    events = moves(0.0, 0.1, 0.2, 5.0, 5.1, 5.2)

    units = cut(events, paused, GAP)

    assert [5.0, 5.2] == units.at.tolist()
    assert [0, 0] == units.run.tolist()
    assert 5.2 == units.facts.active


def test_long_gaps_are_no_activity_and_end_sessions():
    """A minute counts, more does not; ten minutes end the session and what it was about."""
    events = moves(0.0, 0.1, 0.2, 60.2, 60.3, 60.4, 160.4, 160.5, 160.6, 800.0, 800.1, 800.2)

    units = cut(events, paused, GAP)

    assert [60.2, 60.4, 60.6, 60.8] == pytest.approx(units.at.tolist())
    assert [0, 0, 0, 1] == units.run.tolist()


def test_the_device_is_known_by_its_period():
    """The median step between movements, pauses and simultaneous events left out."""
    steps = [0.0, 0.016, 0.016, 0.032, 0.048, 5.0, 5.016]
    events = [Event(Kind.MOVE, 0, t, 10.0 * t, 100.0) for t in steps]
    events.append(Event(Kind.WHEEL, 0, 5.017, 9999.0, 9999.0, 1))

    facts = cut(events, paused, GAP).facts

    assert pytest.approx(0.016) == facts.period
    assert ("frame", pytest.approx(50.16), 100.0) == (
        facts.device_class, facts.right, facts.bottom,
    )  # fmt: skip
    classes = [Facts(period, 0, 0, 0).device_class for period in (0.008, 0.052, 0.109, np.nan)]
    assert ["native", "slow", "remote", "unknown"] == classes


def test_a_recording_of_nothing_has_no_units():
    """Empty files are legal; so are scrolls alone."""
    for events in ([], [Event(Kind.WHEEL, 0, 1.0, 0.0, 0.0, 1)]):
        units = cut(events, paused, GAP)

        assert ((), 0, 0.0) == (units.trajectories, len(units.at), units.facts.active)
        assert "unknown" == units.facts.device_class


def test_units_are_those_that_a_live_session_compares(alice):
    """The same features and scores as `Session.receive` on the same events, one by one."""
    events = made_up()
    features, verifier = FEATURE_SETS["medvet"], VERIFIERS["svm"]
    recipe = Recipe("identity", lane, features, verifier, lambda _: WindowPolicy(0.0, 5, 3))
    live = []
    for run in runs(None, events, GAP):
        session = Session([Lane(recipe, alice)])
        outcomes = [one for event in run for one in session.receive([event])] + session.rest()
        live += [one.score for one in outcomes if isinstance(one, Scored)]

    rows, places = rows_of(features, cut(events, lane, GAP).trajectories)

    assert len(live) == len(places) > 5
    assert live == verifier.score_many(alice, rows).tolist()


def test_what_is_too_short_is_left_out_by_place():
    """It is counted as a failure to acquire, not as a score."""
    long, short = (Trajectory(0, np.arange(n) / 10.0, np.arange(n) * 1.0, np.zeros(n))
                   for n in (10, 3))  # fmt: skip

    rows, places = rows_of(FEATURE_SETS["medvet"], [short, long, short])

    assert [1] == places.tolist()
    assert (1, 39) == rows.shape
    assert (0, 39) == rows_of(FEATURE_SETS["medvet"], [])[0].shape


def test_what_the_points_were_survives_too(tmp_path):
    """Kinds and the rest before, where a segmenter gives them."""
    t = np.arange(3.0)
    given = (Trajectory(0, t, t, t), Trajectory(0, t, t, t, np.array([0, 1, 2], np.int8), 0.7))
    facts = Facts(0.01, 1.0, 2.0, 3.0)

    write(Units(given, np.zeros(2), np.zeros(2, np.int64), facts), tmp_path / "units.npz")
    plain, marked = read(tmp_path / "units.npz").trajectories

    assert (None, True) == (plain.kinds, np.isnan(plain.rest))
    assert ([0, 1, 2], 0.7) == (marked.kinds.tolist(), marked.rest)


@pytest.mark.parametrize("events", [made_up(), []])
def test_units_survive_a_file(events, tmp_path):
    """Bit for bit, the empty ones too; nothing of a half-written one is left."""
    units = cut(events, lane, GAP)

    write(units, tmp_path / "units.npz")
    again = read(tmp_path / "units.npz")

    assert [one.id for one in units.trajectories] == [one.id for one in again.trajectories]
    assert units.at.tolist() == again.at.tolist()
    assert units.run.tolist() == again.run.tolist()
    assert np.array_equal(
        [units.facts.period, units.facts.active], [again.facts.period, again.facts.active],
        equal_nan=True,
    )  # fmt: skip
    assert [tmp_path / "units.npz"] == list(tmp_path.iterdir())
    clocked = Facts(0.025, 1.0, 2.0, 3.0, 0.008)
    assert ("native", clocked) == (clocked.device_class, Facts(*clocked.numbers))
    facts, count = glance(tmp_path / "units.npz")
    assert (len(units.at), units.facts.active) == (count, facts.active)
