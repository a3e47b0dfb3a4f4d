"""Rules of generated people."""

import numpy as np

from reauth.enrol import Options, learn
from reauth.event import Kind
from reauth.features import FEATURE_SETS
from reauth.lab.synth import draw_person, recording
from reauth.trajectory import PauseSegmenter
from reauth.verify import VERIFIERS


def trajectories(person, movements, seed):
    segmenter = PauseSegmenter(0.5, 10, 0.025)
    found = segmenter.feed_many(recording(person, movements, np.random.default_rng(seed)))
    return [trajectory for _, trajectory in found] + segmenter.close()


def test_every_movement_gives_a_trajectory():
    """A pause follows each movement, and each has enough points."""
    person = draw_person(np.random.default_rng(1))

    assert len(trajectories(person, 30, 1)) == 30


def test_time_runs_on_and_the_same_seed_draws_the_same_person():
    """Recordings are what a browser could have sent, and can be made again."""
    person = draw_person(np.random.default_rng(5))
    events = recording(person, 5, np.random.default_rng(5))

    assert person == draw_person(np.random.default_rng(5))
    assert [event.t for event in events] == sorted(event.t for event in events)
    assert {Kind.MOVE, Kind.DOWN, Kind.UP} == {event.kind for event in events}


def test_generated_people_can_be_told_apart():
    """Otherwise neither the demo nor a test could show an alert."""
    people = [draw_person(np.random.default_rng(seed)) for seed in range(6)]
    own = [trajectories(people[0], 60, seed) for seed in (10, 11)]
    others = {str(n): [trajectories(person, 60, n)] for n, person in enumerate(people[1:5])}
    options = Options(min_trajectories=60)
    template = learn("u", own, others, options, np.random.default_rng(0), 0.0)
    extract, score = FEATURE_SETS["medvet"].extract_many, VERIFIERS["svm"].score_many

    genuine = score(template, extract(trajectories(people[0], 40, 12)))
    impostor = score(template, extract(trajectories(people[5], 40, 13)))

    assert np.median(genuine) > 0 > np.median(impostor)
