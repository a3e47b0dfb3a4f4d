"""Decomposing movements: what is drawn of strokes comes back, and nothing is ever not a number."""

import tarfile
from io import TextIOWrapper

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reauth.decomposition import STROKES, Signal, decompose, fitted
from reauth.decomposition import drawn as drawn_by
from reauth.event import Kind
from reauth.lognormal import Stroke, parameters, trace
from reauth.movement import MovementSegmenter
from reauth.recording import read_recording
from reauth.trajectory import Trajectory

coordinates = st.floats(-65000, 65000, allow_nan=False)


def hand(seed, count, apart=(0.1, 0.4)):
    """Strokes as a hand makes them, one begun some tenths of a second after the other."""
    rng = np.random.default_rng(seed)
    onsets = np.cumsum(rng.uniform(*apart, count)) - apart[0]
    strokes = []
    for t0 in onsets:
        angle = rng.uniform(-3, 3)
        row = rng.uniform((80, -2.0, 0.12), (600, -1.0, 0.45))
        strokes.append(Stroke(row[0], t0, row[1], row[2], angle, angle + rng.uniform(-1, 1)))
    return strokes


def drawn(strokes, period=0.008, span=2.8, start=(100.0, 200.0)):
    """The points that a mouse of this period gives of strokes."""
    t = np.arange(0.0, span, period)
    return Trajectory(0, t, *trace(strokes, t, start).T)


def turned(trajectory, angle=0.0, by=(0.0, 0.0), later=0.0):
    """The same movement elsewhere, turned and at another time."""
    at = (trajectory.x + 1j * trajectory.y) * np.exp(1j * angle) + complex(*by)
    return Trajectory(0, trajectory.t + later, at.real, at.imag)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("pixels", [False, True], ids=["exact", "whole-pixels"])
def test_sums_of_strokes_are_made_up_to_25_db(count, pixels):
    """However they overlap, and also where a screen rounds the places."""
    for seed in range(12):
        exact = drawn(hand(seed, count))
        shown = Trajectory(0, exact.t, exact.x.round(), exact.y.round()) if pixels else exact

        assert decompose(shown).snr_db >= 25


def test_strokes_that_lie_apart_come_back():
    """Each with its own parameters; the low-pass costs little of them."""
    errors = []
    for seed in range(15):
        strokes = hand(seed, 3, apart=(1.1, 1.2))
        found = decompose(drawn(strokes, span=4.5)).strokes

        assert len(found) == 3
        for got, was in zip(found, strokes, strict=True):
            turns = np.exp(1j * (np.array((got.theta_s, got.theta_e)) - (was.theta_s, was.theta_e)))
            away = got.d / was.d - 1, got.peak - was.peak, got.sigma - was.sigma
            errors.append(np.abs((*away, *np.angle(turns))))

    assert np.median(errors, axis=0) == pytest.approx(0, abs=0.01)
    assert np.max(errors, axis=0) == pytest.approx(0, abs=0.15)


@pytest.mark.parametrize("angle", [0.0, 2.1])
def test_where_when_and_which_way_change_nothing(angle):
    """Moving, turning and waiting move, turn and delay the strokes, and that is all."""
    for seed in range(6):
        whole = drawn(hand(seed, 3))
        other = turned(whole, angle, (640.0, -400.0), 3600.0)
        found, moved = decompose(whole, polish=0), decompose(other, polish=0)
        rows, others = parameters(found.strokes), parameters(moved.strokes)

        assert moved.snr_db == pytest.approx(found.snr_db, abs=0.01)
        assert others[:, :4] == pytest.approx(rows[:, :4], rel=5e-3, abs=5e-3)
        turns = np.exp(1j * (others[:, 4:] - rows[:, 4:] - angle))
        assert turns == pytest.approx(np.ones_like(turns), abs=5e-3)
        # Where strokes overlap, the joint fit has many ways down that are nearly as good.
        assert decompose(other).snr_db == pytest.approx(decompose(whole).snr_db, abs=0.5)


def test_the_joint_fit_makes_up_more():
    """Each stroke was found beside neighbours that were not there yet."""
    for seed in range(6):
        whole = drawn(hand(seed, 4))

        assert decompose(whole).snr_db > decompose(whole, polish=0).snr_db


def test_the_joint_fit_finds_what_was_moved_a_little():
    """In so few steps only with every column of its Jacobian right."""
    t, rows = np.arange(-0.1, 2.0, 0.005), parameters(hand(5, 2, apart=(0.3, 0.4)))
    moved = rows * (1.2, 1, 1, 1.1, 1, 1) + (0, 0.01, 0.03, 0, 0.3, -0.4)

    found = fitted(moved, Signal(t, drawn_by(rows, t).sum(axis=0)), 7)

    assert found == pytest.approx(rows, rel=1e-9, abs=1e-9)


def test_what_comes_long_after_the_beginning_does_not_count():
    """A segmenter cuts there; whoever calls without one is not kept waiting."""
    whole = drawn(hand(2, 2))
    t, x, y = (np.append(each, more) for each, more in zip(
        (whole.t, whole.x, whole.y), ([5.1, 900.0], [0.0, 9.0], [0.0, 9.0]), strict=True
    ))  # fmt: skip

    assert decompose(Trajectory(0, t, x, y)) == decompose(whole)


def test_strokes_stand_in_the_order_of_their_peaks():
    """Features part them in two halves of the movement."""
    peaks = [stroke.peak for stroke in decompose(drawn(hand(3, 4))).strokes]

    assert peaks == sorted(peaks)
    assert len(peaks) > 1


@pytest.mark.parametrize("points", [0, 1])
def test_no_movement_has_no_strokes(points):
    """One point, or none, or many in one place."""
    none = decompose(Trajectory(0, np.zeros(points), np.zeros(points), np.zeros(points)))
    still = decompose(Trajectory(0, np.arange(9.0), np.full(9, 5.0), np.full(9, 7.0)))

    assert none.strokes == still.strokes == ()
    assert none.snr_db == still.snr_db == 0


def test_clicks_and_times_that_repeat_are_passed_over():
    """A click lies where the pointer is; of two points at one time the first counts."""
    whole = drawn(hand(2, 2))
    kinds = np.zeros(len(whole.t) + 1, dtype=np.int8)
    kinds[40] = int(Kind.DOWN)
    t, x, y = (np.insert(each, 40, each[40]) for each in (whole.t, whole.x, whole.y))
    clicked = Trajectory(0, t, x + 900 * (kinds > 0), y, kinds)
    twice = Trajectory(0, t, x, y)

    assert decompose(clicked) == decompose(whole) == decompose(twice)


@pytest.mark.parametrize("speed", [40.0, 900.0, 60000.0])
def test_a_straight_line_at_one_speed_is_made_up(speed):
    """No hand draws it, and a program's movement must have numbers, too."""
    t = np.arange(0, 1.5, 0.008)

    found = decompose(Trajectory(0, t, speed * t, 0.5 * speed * t))

    assert found.snr_db > 20
    assert np.isfinite(parameters(found.strokes)).all()


def test_a_jump_is_one_stroke():
    """Two points: a program that sets the pointer."""
    found = decompose(Trajectory(0, np.array([0.0, 0.2]), np.array([0.0, 500.0]), np.zeros(2)))

    assert 1 <= len(found.strokes) <= STROKES
    end = trace(found.strokes, np.array([9.0]), (0.0, 0.0))[0]
    assert end == pytest.approx((500, 0), abs=50)


@given(
    st.lists(st.tuples(st.floats(0, 3), coordinates, coordinates), min_size=1, max_size=12),
    st.floats(0, 2e9),
    st.sampled_from((0, 3)),
)
@settings(max_examples=60)
def test_numbers_are_finite_whatever_was_drawn(points, start, polish):
    """Whatever comes: repeated times, leaps across screens, long rests."""
    t, x, y = np.array(points).T
    found = decompose(Trajectory(0, start + np.cumsum(t), x, y), polish)

    assert np.isfinite(parameters(found.strokes)).all()
    assert 0 <= found.snr_db <= 100
    assert len(found.strokes) <= STROKES


@pytest.mark.data
def test_movements_of_people_are_made_up(data):
    """biometrics.md §1.3 asks for 15 to 25 dB; 95 in 100 reach 18 on H-BRS."""
    found = [decompose(each).snr_db for each in _movements(data)]

    assert len(found) > 20
    assert np.median(found) >= 25
    assert np.percentile(found, 5) >= 18


def _movements(data):
    """Some movements of the first recording."""
    with tarfile.open(data / "hbrs.tar.gz") as archive:
        member = next(each for each in archive if each.name.endswith(".csv"))
        lines = TextIOWrapper(archive.extractfile(member), encoding="utf-8", newline="")
        events = read_recording(lines, member.name).events
    return [unit for _, unit in MovementSegmenter(0.5).feed_many(events)][::8][:40]
