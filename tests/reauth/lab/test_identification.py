"""How often a name would be right, on scores that are written into the movement."""

from dataclasses import replace

import numpy as np
import pytest

from reauth.evidence import LIKELY
from reauth.lab.identification import Named, named, sentence
from tests.playbook import template


class Columns:
    """A verifier that reads a user's scores out of the column that the template names."""

    def score_many(self, template, x):
        """Give (n,) of (n, d)."""
        return x[:, int(template.arrays["bias"][0])]

    def calibrated(self, template):
        """A provisional template's scores are no ratios."""
        return not template.provisional


ANNA, BERT, CARL, DORA = (
    template(name, bias=float(place)) for place, name in enumerate(("anna", "bert", "carl", "dora"))
)
FOLDS = ((ANNA, BERT), (CARL, DORA))


def drawn(*scores):
    """Twenty strokes of somebody who is to each of the four as these scores say."""
    return np.tile(np.array(scores, dtype=float), (20, 1))


def test_a_name_is_right_or_wrong_and_a_strangers_is_always_wrong():
    """Anna is taken for herself, or without her template for Bert; Carl for nobody, then Dora."""
    sequences = [(ANNA, drawn(2, 1, -1, 3)), (CARL, drawn(3, 3, -1, 2)), (DORA, drawn(3, 0, -1, 2))]

    found = named(FOLDS, sequences, Columns())

    assert (3, 2.0, 2) == (found.sequences, found.users, found.first)
    assert (3, 2, 2) == (found.named, found.right, found.strangers)
    assert 0.4 == found.precision


def test_only_the_own_fold_is_a_candidate():
    """The other one's templates have seen this user's movement as somebody else's."""
    [found] = [named(FOLDS, [(BERT, drawn(-1, 2, 5, 5))], Columns())]

    assert (1, 1, 1, 0) == (found.first, found.named, found.right, found.strangers)
    assert found.posterior > LIKELY


def test_without_candidates_nothing_is_told():
    """One alone is no choice, and scores of a template made alone are no ratios."""
    alone = replace(BERT, provisional=True)

    assert named([(ANNA,)], [(ANNA, drawn(2, 0, 0, 0))], Columns()) is None
    assert named([(ANNA, alone)], [(ANNA, drawn(2, 0, 0, 0))], Columns()) is None
    assert named([(ANNA, BERT)], [(CARL, drawn(2, 0, 0, 0))], Columns()) is None
    assert named([(ANNA, BERT)], [], Columns()) is None


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (
            Named(200, 13.5, 90, 0.33, 6, 5, 4),
            "the own user came first for 45% of 200 sequences among 14 users, told as 33%; an "
            "enrolled intruder's alert would name somebody for 3.0%, rightly in 5 of 6 cases; a "
            "stranger's, always wrongly, for 2.0%. If every other intruder is enrolled, 50% of "
            "names are right.",
        ),
        (
            Named(200, 13.5, 90, 0.33, 0, 0, 0),
            "the own user came first for 45% of 200 sequences among 14 users, told as 33%; an "
            "enrolled intruder's alert would name somebody for 0.0%; a stranger's, always "
            "wrongly, for 0.0%.",
        ),
    ],
)
def test_it_is_told_in_words(found, words):
    """With how few it rests on; of no names there is no share that is right."""
    assert words == sentence(found)
