"""Gamboa's verifier."""

from dataclasses import replace

import numpy as np
import pytest

from reauth.app import identity_recipe
from reauth.enrol import learn, options_of
from reauth.errors import NotEnrolled
from reauth.features.gamboa import Gamboa
from reauth.lane import Lane
from reauth.outcome import Verdict
from reauth.session import Session
from reauth.settings import Enrolment, IdentityLane, Settings
from reauth.verify.calibrate import ratios
from reauth.verify.learn import MIN_GENUINE
from reauth.verify.likelihood import FLOOR
from reauth.verify.weibull import USUAL, Weibull, raw, usual
from tests.live import EPOCH, INTRUDER, movement

PLAIN = Weibull()


def cloud(count, centre, seed):
    """Features of somebody, (count, 5): the first two tell, the others are noise."""
    return np.random.default_rng(seed).normal([centre, centre, 0, 0, 0], 1.0, (count, 5))


OWN = [cloud(40, 0.0, 1), cloud(40, 0.0, 2)]
OTHERS = [[cloud(30, 2.0, 3)], [cloud(10, -2.0, 4), cloud(20, -2.0, 5)], [cloud(30, 2.5, 6)],
          [cloud(30, -2.5, 7)]]  # fmt: skip


def learnt(verifier=PLAIN, own=OWN, others=OTHERS, seed=0):
    return verifier.enrol(own, others, np.random.default_rng(seed))


def template_of(found, template):
    return replace(
        template,
        arrays=found.arrays,
        calibration=found.calibration,
        provisional=found.provisional,
    )


def test_it_keeps_the_features_that_tell_the_user_apart():
    """And two numbers of each for the user and for every other user."""
    arrays = learnt().arrays

    assert set(arrays["selected"].tolist()) <= {0.0, 1.0}
    assert (5, len(arrays["selected"])) == arrays["log_a"].shape == arrays["b"].shape


def test_a_raw_score_is_the_ratio_of_the_densities():
    """Of the user's to the mean of the others', in plain arithmetic."""
    arrays = {
        "selected": np.array([1.0, 0.0]),
        "least": np.zeros(2),
        "span": np.ones(2),
        "log_a": np.log([[2.0, 1.0], [1.0, 1.0], [3.0, 1.0]]),
        "b": np.array([[1.5, 2.0], [1.0, 1.0], [2.0, 1.0]]),
    }
    z = np.array([0.5, 0.3]) + 0.1

    def likelihood(a, b):
        a, b = np.array(a), np.array(b)
        return np.prod(a * b * z ** (b - 1) * np.exp(-a * z**b))

    own = likelihood([2.0, 1.0], [1.5, 2.0])
    others = (likelihood([1.0, 1.0], [1.0, 1.0]) + likelihood([3.0, 1.0], [2.0, 1.0])) / 2

    assert [np.log(own / others)] == pytest.approx(raw(arrays, np.array([[0.3, 0.5, 9.0]])))


def test_the_score_is_the_calibrated_ratio(alice):
    """Nats, one by one or many."""
    found = learnt()
    template = template_of(found, alice)
    new = cloud(20, 0.0, 9)

    scores = PLAIN.score_many(template, new)

    assert ratios(raw(found.arrays, new), found.calibration).tolist() == scores.tolist()
    assert [PLAIN.score(template, each) for each in new] == scores.tolist()
    assert PLAIN.calibrated(template)


def test_with_too_few_others_it_learns_the_user_alone(alice):
    """It says that it is provisional, and tells the usual from the unusual."""
    found = learnt(others=OTHERS[:2])

    assert (True, 0) == (found.provisional, found.n_impostor)
    assert not learnt(Weibull(min_users=0), others=OTHERS[:2]).provisional
    assert learnt(Weibull(min_users=0), others=[*OTHERS[:1], [np.empty((0, 5))], []]).provisional
    template = template_of(found, alice)
    own, strange = cloud(200, 0.0, 8), cloud(200, 0.0, 8) + 6
    assert not PLAIN.calibrated(template)
    assert np.mean(PLAIN.score_many(template, own) > 0) == pytest.approx(0.8, abs=0.1)
    assert np.mean(PLAIN.score_many(template, strange) > 0) < 0.05


def test_alone_it_looks_at_what_most_selections_held():
    """Nothing can be selected without others; of an unknown set it takes all."""
    names = Gamboa.names

    assert list(USUAL) == [names[place] for place in usual(64)]
    assert [0, 1, 2] == usual(3)


def test_others_are_drawn_where_there_are_more_than_models():
    """A template's size and the time of a score do not grow with the installation."""
    found = learnt(Weibull(models=2))

    assert 3 == len(found.arrays["log_a"])
    assert 120 == found.n_impostor


def test_every_own_stroke_is_judged_once():
    """Held-out ratios come by session, all of them from models that had not seen them."""
    found = learnt()

    assert [40, 40] == [len(part) for part in found.held_out]
    assert [30] * 4 == [len(part) for part in found.impostors]
    assert (80, 120) == (found.n_genuine, found.n_impostor)


def test_too_few_strokes_are_refused():
    """The message says how many are missing."""
    with pytest.raises(NotEnrolled, match="5 more"):
        learnt(own=[cloud(MIN_GENUINE - 5, 0.0, 1)])


def test_a_feature_that_never_changes_does_no_harm():
    """Somebody who never pauses has a density all the same."""

    def still(part):
        return np.column_stack((part, np.full(len(part), 3.0)))

    found = learnt(own=list(map(still, OWN)), others=[list(map(still, user)) for user in OTHERS])

    assert np.isfinite(np.concatenate(found.held_out)).all()


def test_what_lies_far_from_everything_is_nobodys():
    """All densities are at the floor there: their ratio is nothing."""
    arrays = learnt().arrays
    assert FLOOR < 0

    assert [0.0] == pytest.approx(raw(arrays, np.full((1, 5), 1e9)), abs=1.0)


def test_it_watches_live_by_one_setting():
    """`verifier = "weibull"`: strokes are cut, learnt and compared by the product's own way."""
    lane = IdentityLane(verifier="weibull", window=10)
    settings = Settings(
        identity_lane=lane, enrolment=Enrolment(min_trajectories=100, false_alarms_per_8h=20.0)
    )
    recipe = identity_recipe(settings)

    def strokes(person, sample):
        return [stroke for _, stroke in recipe.segmenter().feed_many(movement(person, 60, sample))]

    others = {f"u{person}": [strokes(person, 1)] for person in range(1, 5)}
    own = [strokes(0, 1), strokes(0, 2)]
    template = learn("alice", own, others, options_of(settings), np.random.default_rng(0), EPOCH)

    def last_verdict(person):
        outcomes = Session([Lane(recipe, template)]).receive(movement(person, 40, 9))
        return [each.genuine for each in outcomes if isinstance(each, Verdict)][-1]

    assert "gamboa" == template.feature_set
    assert (True, False) == (last_verdict(0), last_verdict(INTRUDER))
