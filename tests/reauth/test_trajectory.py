"""Medvet's rule for cutting trajectories, and what else ends one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reauth.event import Event, Kind, Mark, Samples
from reauth.lab.datasets import open_dataset
from reauth.trajectory import PauseSegmenter, Trajectory


def segmenter(points=3, grid=0.0, **kw):
    return PauseSegmenter(pause=0.5, points=points, grid=grid, **kw)


def run(*ts, page=0, start=0.0):
    """Movements at these times, each at a place of its own."""
    return [Event(Kind.MOVE, page, t, start + 10.0 * t, 0.0) for t in ts]


def times(found):
    return [each.t.tolist() for _, each in found]


def test_the_last_points_before_a_pause_are_the_trajectory():
    """Longer runs give their end; the event after the pause completes it."""
    found = segmenter().feed_many(run(0.0, 0.1, 0.2, 0.3, 0.8))

    assert [4] == [index for index, _ in found]
    assert [[0.1, 0.2, 0.3]] == times(found)


def test_a_pause_is_half_a_second_to_the_tick():
    """Binary fractions do not decide: 0.7 - 0.2 is a pause, a tick less is none."""
    assert 1 == len(segmenter().feed_many(run(0.0, 0.1, 0.2, 0.7)))
    assert [] == segmenter().feed_many(run(0.0, 0.1, 0.2, 0.6999))


def test_a_shorter_run_gives_nothing():
    """Fewer than the wanted points are no trajectory, nor a part of the next one."""
    found = segmenter().feed_many(run(0.0, 0.1, 2.0, 2.1, 2.2, 3.0))

    assert [[2.0, 2.1, 2.2]] == times(found)


def test_the_pointer_rests_though_events_come():
    """Events at the same place are no movement: the pause counts from the last new place."""
    rest = [Event(Kind.MOVE, 0, 0.2 + 0.1 * i, 2.0, 0.0) for i in range(6)]

    found = segmenter().feed_many([*run(0.0, 0.1, 0.2), *rest, *run(0.75)])

    assert [[0.0, 0.1, 0.2]] == times(found)


steps = st.sampled_from((0.0, 0.01, 0.03, 0.03, 0.03, 0.6, -0.1))
kinds = st.sampled_from((Kind.MOVE,) * 12 + tuple(Kind))
exts = st.sampled_from((0, int(Mark.FOCUS), int(Mark.PAGEHIDE)))
drawn = st.lists(st.tuples(kinds, steps, st.integers(0, 3), exts), min_size=1, max_size=60)


@given(st.lists(drawn, max_size=3))
def test_columns_give_what_their_events_give(batches):
    """A batch as columns and event by event: the same trajectories, and the same state."""
    alone, together, columns = segmenter(), segmenter(), segmenter()
    t = 0.0
    for rows in batches:
        ts = [t := t + step for _, step, _, _ in rows]
        events = [
            Event(kind, 5, at, float(x), 0.0, ext)
            for at, (kind, _, x, ext) in zip(ts, rows, strict=True)
        ]
        all_kinds, _, *others = zip(*events, strict=True)
        one_by_one = [(at, found) for at, each in enumerate(events) for found in alone.feed(each)]
        ways = [one_by_one, together.feed_many(events),
                columns.feed_many(Samples(5, all_kinds, *others))]
        first, *same = [[(at, found.id) for at, found in way] for way in ways]
        assert [first] * 2 == same
    assert alone.to_bytes() == together.to_bytes() == columns.to_bytes()


def test_events_are_thinned_to_the_grid():
    """Greedily: the first is kept, then each that is far enough from the last kept."""
    cut = segmenter(grid=0.025)
    cut.feed_many(run(*(i * 0.01 for i in range(9))))

    [trajectory] = cut.close()

    assert [0.0, 0.03, 0.06] == trajectory.t.tolist()


def test_two_events_of_one_time_are_one_even_without_a_grid():
    """Time strictly increases: browsers stamp the events of one frame alike."""
    cut = segmenter()
    cut.feed_many([*run(0.0, 0.1, 0.2), Event(Kind.MOVE, 0, 0.2, 99.0, 0.0)])

    [trajectory] = cut.close()

    assert [0.0, 0.1, 0.2] == trajectory.t.tolist()


def test_places_that_are_none_are_passed_over():
    """Recorders write 65535 where there was no position; NaN is none either."""
    bad = [Event(Kind.MOVE, 0, 0.15, 65535.0, 0.0), Event(Kind.MOVE, 0, 0.16, 0.0, float("nan"))]
    cut = segmenter()
    events = run(0.0, 0.1, 0.2)
    cut.feed_many([*events[:2], *bad, *events[2:]])

    [trajectory] = cut.close()

    assert [0.0, 1.0, 2.0] == trajectory.x.tolist()


def test_movement_with_a_button_held_is_movement():
    """A drag is a movement; press, release and wheel neither count nor cut."""
    events = run(0.0, 0.1, 0.2)
    events[1] = events[1]._replace(ext=1)
    events[1:1] = [Event(Kind.DOWN, 0, 0.05, 0.0, 0.0), Event(Kind.WHEEL, 0, 0.06, 0.0, 0.0, -3)]
    cut = segmenter()
    cut.feed_many(events)

    assert [0.0, 0.1, 0.2] == cut.close()[0].t.tolist()


def test_pages_interleave_and_never_mix():
    """A trajectory never spans two tabs, though the tabs' events alternate."""
    one, two = run(0.0, 0.2, 0.4, page=1), run(0.1, 0.3, 0.5, page=2, start=900.0)
    cut = segmenter()
    cut.feed_many([event for pair in zip(one, two, strict=True) for event in pair])

    found = cut.close()

    assert [(1, [0.0, 0.2, 0.4]), (2, [0.1, 0.3, 0.5])] == [
        (each.page, each.t.tolist()) for each in found
    ]


@pytest.mark.parametrize("mark", [Mark.HIDDEN, Mark.PAGEHIDE, Mark.SCREEN])
def test_the_end_of_a_page_ends_its_trajectory(mark):
    """Hidden, gone, or of another scale: what was drawn until then counts, as at a pause."""
    end = Event(Kind.MARKER, 0, 0.25, 0.0, 0.0, mark)

    found = segmenter().feed_many([*run(0.0, 0.1, 0.2), end, *run(0.3, 0.4)])

    assert [3] == [index for index, _ in found]
    assert [[0.0, 0.1, 0.2]] == times(found)


def test_a_lost_focus_does_not_cut():
    """Blur, focus and resize happen in the middle of a movement."""
    cut = segmenter()
    cut.feed_many([*run(0.0, 0.1), Event(Kind.MARKER, 0, 0.15, 0.0, 0.0, Mark.BLUR), *run(0.2)])

    assert 1 == len(cut.close())


def test_missing_samples_drop_what_lay_before():
    """Nobody knows whether a pause followed; what comes after the hole begins anew."""
    gap = Event(Kind.GAP, 0, 0.25, 0.0, 0.0, 7)
    found = segmenter().feed_many(
        [*run(0.0, 0.1, 0.2), gap, *run(0.3, 0.4, 0.5, 1.5), *run(2.0, page=3)]
    )

    assert [[0.3, 0.4, 0.5]] == times(found)


def test_an_end_of_a_page_never_seen_is_nothing():
    """Markers of pages without movement are common."""
    assert [] == segmenter().feed_many([Event(Kind.MARKER, 5, 0.0, 0.0, 0.0, Mark.PAGEHIDE)])


def test_a_clock_that_steps_back_breaks_the_run():
    """Never a negative interval: what lay before is dropped, as at missing samples."""
    found = segmenter().feed_many(run(5.0, 5.1, 5.2, 1.0, 1.1, 1.2, 2.0))

    assert [[1.0, 1.1, 1.2]] == times(found)


def test_closing_by_time_gives_what_the_next_event_would_have_given():
    """A timer may be earlier than the next movement; it may not change the trajectory."""
    timed, waited = segmenter(), segmenter()
    events = run(0.0, 0.1, 0.2)
    timed.feed_many(events)
    waited.feed_many(events)

    assert [] == timed.close(before=0.6999)
    early = timed.close(before=0.7)
    late = [each for _, each in waited.feed_many(run(1.0))]

    assert [each.id for each in early] == [each.id for each in late]
    assert [] == timed.feed_many([Event(Kind.MOVE, 0, 0.9, 2.0, 0.0)]), "the same place is rest"
    timed.feed_many(run(1.0))
    assert waited.to_bytes() == timed.to_bytes()


def test_closing_all_forgets_the_pages():
    """The session is over: the next one begins with nothing."""
    cut = segmenter()
    cut.feed_many(run(0.0, 0.1))

    assert [] == cut.close()
    assert segmenter().to_bytes() == cut.to_bytes()


def test_one_page_too_many_ends_the_one_that_rested_longest():
    """Memory is bounded, and what was drawn still counts."""
    cut = segmenter(max_pages=2)
    cut.feed_many(run(0.0, 0.1, 0.2, page=1) + run(0.3, page=2))

    found = cut.feed_many(run(0.4, page=3))

    assert [[0.0, 0.1, 0.2]] == times(found)
    assert 3 + 2 * (42 + 24) == len(cut.to_bytes())


def test_a_restored_segmenter_goes_on_where_it_was():
    """A session is stored between two batches, in the middle of a movement."""
    first, second = segmenter(), segmenter()
    first.feed_many(run(0.0, 0.1, page=2**128 - 1))

    second.from_bytes(first.to_bytes())
    second.feed_many(run(0.2, page=2**128 - 1))

    [trajectory] = second.feed(run(0.8, page=2**128 - 1)[0])
    assert [0.0, 0.1, 0.2] == trajectory.t.tolist()
    assert 2**128 - 1 == trajectory.page


def test_a_state_of_another_version_or_length_is_refused():
    """An old or damaged state is named as such; the segmenter keeps its own."""
    cut = segmenter()
    cut.feed_many(run(0.0, 0.1))
    state = cut.to_bytes()

    for wrong in (b"\x09" + state[1:], state[:-1], state + b"\x00", b""):
        with pytest.raises(ValueError, match="state"):
            cut.from_bytes(wrong)
    assert state == cut.to_bytes()


@pytest.mark.parametrize(
    "wrong", [{"points": 1}, {"pause": 0.0}, {"grid": -1.0}, {"max_pages": 0}]
)
def test_settings_that_cannot_work_are_refused(wrong):
    """At the start, not at the first movement."""
    with pytest.raises(ValueError, match="needed"):
        PauseSegmenter(**{"pause": 0.5, "points": 3, "grid": 0.0, **wrong})


def test_a_trajectory_is_named_by_its_content():
    """The same points have the same name, up to a tick of the clock; others another."""
    t, x, y = np.array([1.0, 1.1]), np.array([0.0, 1.0]), np.array([0.0, 2.0])
    name = Trajectory(7, t, x, y).id

    assert 32 == len(name)
    assert name == Trajectory(7, t + 1e-6, x, y).id
    others = [(8, t, x, y), (7, t + 1e-4, x, y), (7, t, x + 1, y), (7, t, x, y + 1)]
    assert name not in {Trajectory(*each).id for each in others}
    clicked = Trajectory(7, t, x, y, np.array([Kind.MOVE, Kind.DOWN], np.int8))
    assert name != clicked.id


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "sessions", "count", "some"),
    [
        ("hbrs", 105, 18_077, {"rw2fEVhPyQo4A1a5": 419 + 372, "UMPNCk7jetfgBMYV": 13 + 43}),
        ("balabit_train", 65, 41_679, {"user7": 4046, "user12": 7970, "user35": 2966}),
        ("balabit_test", 816, 25_317, {"user12": 3936, "user21": 1707}),
        ("sapimouse", 118, 2_695, {}),
        ("delbot_circles", 852, 826, {"circles_bot_pynput": 381, "circles_human_vm": 141}),
    ],
)
def test_public_sets_give_the_counts_found_for_them(data, name, sessions, count, some):
    """`shared/data/README.md` counted trajectories by the paper's rule without this code."""
    found, read = {}, 0
    for user, _, events in open_dataset(data, name):
        cut = PauseSegmenter(pause=0.5, points=10, grid=0.025)
        found[user] = found.get(user, 0) + len(cut.feed_many(events)) + len(cut.close())
        read += 1

    assert (sessions, count) == (read, sum(found.values()))
    assert some == {user: found[user] for user in some}
