"""Rules of the library: a replay is known, whoever moves anew is not."""

import numpy as np
import pytest

from reauth.detect.replay import (
    ALL_TEACH,
    ENOUGH,
    EXACT,
    LEAST,
    LEAST_LIMIT,
    LIMIT,
    MISSED,
    MOST_LIMIT,
    NEAR,
    NEW,
    RATE,
    STEEP,
    Library,
    Nearness,
)
from reauth.detect.shape import shape_of
from reauth.generate.perturbed import SHARE, perturbed
from reauth.lab.cutting import cut
from reauth.lab.datasets import open_dataset
from reauth.lab.filling import generated
from reauth.lab.replays import through_browser
from reauth.movement import MovementSegmenter
from reauth.trajectory import Trajectory
from tests.reauth.detect.test_shape import arc


def people(count, seed):
    """Movements of generated people that can be looked up."""
    found, stream = [], generated(np.random.default_rng(seed))
    while len(found) < count:
        each = next(stream)
        shape = shape_of(each)
        if not isinstance(shape, str) and not shape.plain:
            found.append(each)
    return found


def filled(movements, most=10_000):
    library = Library(most)
    for place, each in enumerate(movements):
        assert library.add(each, f"p{place}", float(place))
    return library


KNOWN = people(300, 1)


@pytest.fixture(scope="module")
def library():
    return filled(KNOWN)


def elsewhere(movement, x=211.0, y=-74.0, t=5000.0):
    return Trajectory(9, movement.t + t, movement.x + x, movement.y + y)


def test_an_exact_replay_is_known_wherever_it_is_played(library):
    """All of them, by name, place in the library and time."""
    for place, each in enumerate(KNOWN):
        match = library.look(elsewhere(each))

        assert (True, f"p{place}", float(place)) == (match.exact, match.name, match.at)
        assert EXACT == match.score < LEAST == library.score_many([each])[0]


@pytest.mark.parametrize(("size", "least"), [(1, 0.99), (3, 0.95)])
def test_a_perturbed_replay_is_known(library, size, least):
    """30 % of its points moved: the shares that G10 wants at least."""
    rng = np.random.default_rng(size)
    found = [library.look(perturbed(elsewhere(each), SHARE, size, rng)) for each in KNOWN]
    right = [match is not None and match.name == f"p{at}" for at, match in enumerate(found)]

    assert np.mean(right) >= least
    assert not any(match.exact for match in found if match is not None)


@pytest.mark.parametrize(("frames", "least"), [(False, 0.97), (True, 0.9)])
def test_a_replay_through_a_browser_is_known(library, frames, least):
    """Late by some ms, elsewhere on the page, and with points missing."""
    rng = np.random.default_rng(4)
    pieces = [through_browser(each, rng, frames) for each in KNOWN]
    known = [any(library.look(piece) is not None for piece in some) for some in pieces]

    assert np.mean(known) >= least


def test_who_moves_anew_is_not_known(library):
    """Generated people repeat their few paths far more than real ones, of whom none is flagged
    below; even of them hardly any is."""
    scores = np.array(library.score_many(people(2000, 2)))

    assert np.mean(scores < 0) <= 0.005
    assert {NEW} == set(scores[scores > 0].tolist())


@pytest.mark.parametrize("movement", [arc(7), arc(bend=0.0), arc(bend=5.0)])
def test_short_and_straight_movement_is_never_flagged(movement):
    """Though it was seen before: it is not even kept."""
    library = Library(10)

    assert not library.add(movement)
    assert 0 == len(library)
    assert library.look(movement) is None
    assert isinstance(library.score_many([movement])[0], str)


def test_what_was_made_too_plain_is_known_and_never_called_new():
    """A point moved took the bend below what is kept; a plain movement may not tell of anything."""
    library = filled([arc(bend=9.0)])
    plainer = arc(bend=7.0)

    assert library.look(plainer) is not None
    assert not library.add(plainer)
    assert ["too_plain"] == Library(10).score_many([plainer])


def test_time_is_part_of_a_movement():
    """The same path at another pace is no exact replay, and far enough off none at all."""
    library = filled([arc(duration=0.8)])

    assert not library.look(arc(duration=0.81)).exact
    assert library.look(arc(duration=0.9)) is None


def test_the_library_refreshes():
    """The oldest movement goes for a new one; memory stays."""
    library = filled(KNOWN, most=100)

    assert 100 == len(library)
    assert library.look(KNOWN[0]) is None
    assert "p299" == library.look(KNOWN[-1]).name
    assert 100 == len(library._durations)


def test_one_recording_does_not_drive_out_the_others():
    """Played a thousand times, it is kept once; so is what it is without its last step."""
    library = filled(KNOWN[:50], most=150)
    before = len(library)

    assert not any(library.add(elsewhere(KNOWN[7], t=float(at)), "mallory") for at in range(1000))
    assert before == len(library)
    assert all(library.look(each).exact for each in KNOWN[:50])
    assert "p7" == library.look(KNOWN[7]).name


def test_what_is_played_a_little_otherwise_is_another_movement():
    """Only the very same steps and times are one: what was moved by a px is kept beside it."""
    library, rng = filled(KNOWN[:1]), np.random.default_rng(2)

    assert library.add(perturbed(KNOWN[0], SHARE, 1.0, rng))
    assert library.look(KNOWN[0]).exact


def test_memory_is_what_is_said():
    """Arrays of the movements, and rows of the index beside them."""
    from reauth.detect.replay import BYTES  # noqa: PLC0415 - beside what it is compared with
    from reauth.detect.shape import NUMBERS  # noqa: PLC0415 - as above

    library = filled(KNOWN[:1])
    arrays = (
        library._outlines, library._durations, library._digests, library._times, library._owners,
    )  # fmt: skip

    assert BYTES == sum(each[:1].nbytes for each in arrays) + 8 * NUMBERS + 8


def test_less_left_is_more_evidence(library):
    """From an exact replay, by smaller and larger changes, to new movement; of one kind."""
    rng = np.random.default_rng(5)
    known = [each for each in KNOWN if shape_of(each).kind == 2][:40]
    asked = [perturbed(each, share, 3, rng) for each in known for share in (0.05, 0.2, 0.5)]
    found = [match for match in map(library.look, asked) if match is not None]
    ordered = sorted(found, key=lambda match: match.residual / match.limit)
    scores = [match.score for match in ordered]

    assert len(found) > 60
    assert sorted(scores) == scores
    assert EXACT <= scores[0] < scores[-1] < -4 < 0 < NEW


def test_scores_are_ratios_of_the_two_models():
    """By hand: at the limit RATE times the power, a tenth of it the power less one below that."""
    library = Library(10)
    library.add(arc())
    match = library.look(arc(bend=63.0))

    assert (LIMIT, STEEP) == library.limit("", 2)
    assert 0 < match.residual < LIMIT
    expected = np.log(RATE * STEEP) + (STEEP - 1) * np.log(match.residual / LIMIT)
    assert pytest.approx(expected) == match.score
    assert pytest.approx(np.log(1 / MISSED)) == library.score_many([arc(bend=150.0)])[0]


def test_three_replays_in_a_row_are_an_alarm_and_two_are_none():
    """The lane's bound is 10 nats; one that is new takes most of one back."""
    assert 3 * LEAST <= -10 < 2 * LEAST
    assert 3 * LEAST + NEW > -10


def test_limits_are_learnt_from_how_near_new_movements_come():
    """Where many are near it is low, where none is it is high, and it is of who was seen."""
    near, away = Nearness(), Nearness()
    for place in range(2 * ENOUGH):
        near.take(LEAST_LIMIT + 3 * (place + 0.5) / (2 * ENOUGH))
        away.take(np.inf)

    assert near.limit == LEAST_LIMIT
    assert LIMIT < away.limit <= MOST_LIMIT
    assert STEEP == away.steep


def test_a_limit_leaves_the_rate_that_it_is_for():
    """Of residuals that fall as a power, RATE lie below it."""
    rng = np.random.default_rng(6)
    known = Nearness()
    drawn = 5.0 * rng.random(100_000) ** (1 / 3.5)
    for each in drawn.tolist():
        known.take(each)

    assert 3.0 < known.steep < 4.0
    assert RATE / 3 < np.mean(drawn < known.limit) < 3 * RATE


def test_replays_teach_nothing():
    """Whoever plays one recording again and again does not lower the limit."""
    known = Nearness()
    known.take(0.0)
    known.take(LEAST_LIMIT / 2)

    assert Nearness() == known


def test_the_newest_count():
    """Old counts fade, as the library grows."""
    known = Nearness()
    for _ in range(50_000):
        known.take(NEAR + 1)

    assert known.known <= 4000


def test_a_person_has_a_limit_of_their_own_where_enough_is_known():
    """Else everybody's, else the one of the worst replay."""
    library = filled(KNOWN)
    for each in people(2 * ENOUGH, 7):
        library.add(each, "anna")
    kind = 2

    assert (LIMIT, STEEP) != library.limit("nobody", kind)
    assert library.limit("anna", kind) != library.limit("nobody", kind)
    assert (LIMIT, STEEP) == Library(10).limit("anna", kind)


def test_of_many_movements_only_some_teach():
    """A look-up for each would make a start with a full store slow."""
    library = Library(1000)
    for name in ("anna", None):
        library._nearness[name, 2] = Nearness(known=ALL_TEACH)
    known = []
    for each in [one for one in KNOWN if shape_of(one).kind == 2][:80]:
        library.add(each, "anna")
        known.append(library._nearness["anna", 2].known - ALL_TEACH)

    assert 0 < max(known) < 5


def test_what_fills_a_library_up_teaches_nothing():
    library = Library(1000)
    for each in people(2 * ENOUGH, 8):
        library.add(each, teach=False)

    assert (LIMIT, STEEP) == library.limit("", 2)


def test_as_a_detector_it_is_reminded_and_forgets():
    """As the engine calls it."""
    library = Library(500)
    library.take(b"")
    library.remember(KNOWN[:20])

    assert (500, "library", 1) == (library.remembers, library.name, library.version)
    assert library.score_many([KNOWN[3]])[0] < 0
    assert KNOWN[3].t[-1] == library.look(KNOWN[3]).at
    library.forget()
    assert [NEW] == library.score_many([KNOWN[3]])
    assert [] == library.score_many([])


def test_a_lost_last_step_does_not_hide_a_replay():
    """A px after a rest, undone by moving one point: the segmenter does not see it then."""
    base = arc()
    ends = (base.t[-1] + 0.3, base.x[-1] + 1, base.y[-1])
    points = zip((base.t, base.x, base.y), ends, strict=True)
    whole = Trajectory(0, *(np.append(each, end) for each, end in points))
    library = filled([whole])

    assert library.look(elsewhere(whole)).exact
    assert library.look(elsewhere(base)) is not None


def test_a_library_of_none_is_refused():
    with pytest.raises(ValueError, match="most >= 1"):
        Library(0)


@pytest.mark.data
def test_real_replays_are_known_and_real_people_are_not(data):
    """A few sessions of SapiMouse: the first recording of each is known, the second is new."""
    library, known, new = Library(10_000), [], []
    for place, (user, session, events) in enumerate(open_dataset(data, "sapimouse")):
        if place == 40:
            break
        found = cut(events, lambda: MovementSegmenter(0.5), 600.0).trajectories
        (known if session == "session_3min" else new).extend((user, each) for each in found)
    known = [each for user, each in known if library.add(each, user)]
    rng = np.random.default_rng(1)
    moved = [perturbed(elsewhere(plain(each)), SHARE, 3, rng) for each in known]

    assert len(known) > 500
    assert all(library.look(elsewhere(each)).exact for each in map(plain, known))
    assert np.mean([library.look(each) is not None for each in moved]) >= 0.95
    assert [] == [each for user, each in new if library.look(each, user) is not None]


def plain(movement):
    """Without clicks."""
    if movement.kinds is None:
        return movement
    moves = movement.kinds == 0
    return Trajectory(0, movement.t[moves], movement.x[moves], movement.y[moves])
