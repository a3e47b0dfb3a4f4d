"""What every kind of program keeps to, present and future."""

import numpy as np
import pytest

from reauth.generate import GENERATORS, REPLAYS
from reauth.generate.aimed import aimed, chord
from reauth.generate.clock import sampled
from reauth.movement import LEAST_TIME, LONGEST
from tests.reauth.generate.crowd import crowd

WAYS = [
    ((100.0, 200.0), (700.0, 500.0)),
    ((640.0, 400.0), (610.0, 445.0)),
    ((5.0, 5.0), (5.0, 900.0)),
]


@pytest.fixture(scope="module")
def people():
    return crowd()


@pytest.fixture(scope="module", params=GENERATORS)
def generator(request, people):
    if request.param == "gan":
        pytest.importorskip("torch")
    return GENERATORS[request.param](people)


def test_a_generator_is_named_as_in_the_table(generator, request):
    """Reports name generators by it."""
    assert generator.name == request.node.callspec.params["generator"]


@pytest.mark.parametrize("way", WAYS, ids=("far", "near", "down"))
def test_it_draws_whole_px_at_times_that_rise_from_zero(generator, way):
    """What a program sends to a browser."""
    for seed in range(20):
        found = generator.draw(*way, np.random.default_rng(seed))

        assert 0 == found.t[0]
        assert (np.diff(found.t) > 0).all()
        assert np.array_equal(np.rint(found.x), found.x)
        assert np.array_equal(np.rint(found.y), found.y)
        assert found.kinds is None
        assert len(found.t) == len(found.x) == len(found.y) >= 2


@pytest.mark.parametrize("way", WAYS, ids=("far", "near", "down"))
def test_it_goes_from_start_to_target(generator, way):
    """Or, where that is the kind, where somebody went, wherever it is asked to go."""
    for seed in range(20):
        found = generator.draw(*way, np.random.default_rng(seed))
        if generator.name in REPLAYS:
            assert generator.draw(way[1], way[0], np.random.default_rng(seed)).id == found.id
        else:
            assert way == ((found.x[0], found.y[0]), (found.x[-1], found.y[-1]))


def test_the_same_seed_gives_the_same_movement_and_another_one_another(generator):
    """A benchmark must be the same tomorrow; and no two movements may be one."""
    one, same, other = (generator.draw(*WAYS[0], np.random.default_rng(seed)) for seed in (1, 1, 2))

    assert one.id == same.id
    assert one.id != other.id


def test_it_takes_as_long_and_goes_as_far_as_people_do(generator, people):
    """Else one number would tell it from them; of 100 movements 90 must."""
    known = aimed(people)
    longest = max(each.t[-1] for each in known)
    rng = np.random.default_rng(3)
    good = 0
    for _ in range(100):
        found = generator.draw(*rng.uniform(100, 900, (2, 2)), rng)
        path = np.hypot(np.diff(found.x), np.diff(found.y)).sum()
        good += LEAST_TIME <= found.t[-1] <= min(LONGEST, 1.3 * longest) and (
            path <= 2 * abs(chord(found))
        )

    assert good >= 90


def test_a_device_that_looks_at_it_sees_a_movement(generator):
    """125 Hz with a browser's jitter: most points are a place of their own."""
    found = generator.draw(*WAYS[0], np.random.default_rng(1))
    told = sampled(found, 0.008, 0.002, np.random.default_rng(2))

    assert len(told.t) >= 10
    assert (found.x[-1], found.y[-1]) == (told.x[-1], told.y[-1])


def test_most_kinds_can_do_without_people():
    """A bot's author need not have recorded anybody."""
    for name in ("straight", "bezier", "wind", "function-quadratic-gaussian"):
        found = GENERATORS[name](()).draw(*WAYS[0], np.random.default_rng(1))

        assert LEAST_TIME <= found.t[-1] <= LONGEST
