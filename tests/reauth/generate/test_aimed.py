"""Which movements of people generators learn from."""

from reauth.event import Kind
from reauth.generate.aimed import aimed, chord, moves
from tests.reauth.generate.crowd import drawn


def test_clicks_and_wheel_are_left_out_and_time_begins_at_zero():
    """A click lies between two moves, where the pointer is."""
    kinds = [Kind.MOVE, Kind.DOWN, Kind.MOVE]

    found = moves(drawn([7.0, 7.125, 7.25], [1.4, 1.4, 9.0], [0.0, 0.0, 0.0], kinds))

    assert ([0.0, 0.25], [1.0, 9.0]) == (found.t.tolist(), found.x.tolist())
    assert found.kinds is None


def test_the_chord_is_the_way_from_the_first_point_to_the_last():
    """x real, y imaginary."""
    assert 3 + 4j == chord(drawn([0, 1, 2], [1, 9, 4], [1, 9, 5]))


def test_who_wanders_about_or_stays_is_not_aimed():
    """Straight on is; there and back is not, nor a tremor, nor what has no points."""
    times = [0.0, 0.1, 0.2, 0.3]
    on = drawn(times, [0, 40, 80, 120], [0, 0, 0, 0])
    back = drawn(times, [0, 90, 40, 20], [0, 0, 0, 0])
    still = drawn(times, [0, 1, 2, 4], [0, 0, 0, 0])
    short = drawn(times[:3], [0, 40, 80], [0, 0, 0])

    assert [120.0] == [each.x[-1] for each in aimed([on, back, still, short])]
