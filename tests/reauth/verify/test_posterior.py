"""Who of all: the posterior over enrolled users."""

from dataclasses import replace

import numpy as np
import pytest

from reauth.features import FEATURE_SETS
from reauth.template import Template
from reauth.verify import VERIFIERS
from reauth.verify.posterior import posterior, rank
from tests.playbook import ALICE, MALLORY, OTHERS, Read, template, units

PEOPLE = {"alice": ALICE, **OTHERS}


def test_posteriors_and_the_share_of_a_stranger_make_one():
    """Bayes with equal priors: e^l of each over the sum, the stranger's e^0 included."""
    found = posterior(np.log([[2.0, 1e300], [1.0, 1.0]]))

    assert found == pytest.approx(np.array([[0.5, 1.0], [0.25, 1e-300]]))


def test_whoever_scores_most_comes_first():
    """Means over the sequence; two scores of one hand count as 2 / 1.2."""
    templates = [template("anna", bias=-1.0), template("bert", bias=0.5), template("carl")]

    found = rank(templates, Read(), np.array([[0.0], [0.0]]))

    likely = np.exp(np.array([0.5, 0.0, -1.0]) * 2 / 1.2)
    assert ["bert", "carl", "anna"] == [user for user, _ in found]
    assert likely / (likely.sum() + 1) == pytest.approx([posterior for _, posterior in found])


def test_a_template_that_was_made_alone_is_passed_over():
    """Its scores say how usual, not whose."""
    lone, known = template("anna", provisional=True), template("bert")

    assert [("bert", 0.5)] == rank([lone, known], Read(), np.array([[0.0]]))
    assert [] == rank([lone], Read(), np.array([[0.0]]))


@pytest.mark.parametrize("name", VERIFIERS)
def test_every_verifier_names_whoever_it_was(name):
    """Whatever its insides; and a stranger's strokes are not alice's."""
    verifier = VERIFIERS[name]
    features = FEATURE_SETS[verifier.features]

    def rows(hand, seed, count=40):
        return features.extract_many(units(features, hand, count, seed))

    drawn = {user: rows(hand, 1) for user, hand in PEOPLE.items()}
    blank = Template("", features.name, 1, name, 1, 1, False, {}, {}, ())
    templates = []
    for user, own in drawn.items():
        others = [[theirs] for other, theirs in drawn.items() if other != user]
        learnt = verifier.enrol([own], others, np.random.default_rng(0))
        made = replace(blank, user=user, arrays=learnt.arrays, calibration=learnt.calibration)
        templates.append(made)

    found = [rank(templates, verifier, rows(hand, 2, 15))[0][0] for hand in PEOPLE.values()]

    assert list(PEOPLE) == found
    strange = dict(rank(templates, verifier, rows(MALLORY, 3)))
    assert strange["alice"] < 0.01
