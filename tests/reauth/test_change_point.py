"""The moment of one change in mean: where it was planted, and none where there was none."""

import numpy as np
import pytest

from reauth.change_point import LEAST, change_of


def drawn(seed, *parts):
    """Scores about one mean after the other, each of a spread of 1 nat."""
    numbers = np.random.default_rng(seed)
    return np.concatenate([numbers.normal(mean, 1.0, count) for mean, count in parts])


@pytest.mark.parametrize("place", [5, 20, 60, 95])
def test_a_planted_change_is_found_where_it_was(place):
    """To within a few scores, at three spreads; the means on either side are those planted."""
    found = [change_of(drawn(seed, (1.0, place), (-2.0, 100 - place))) for seed in range(40)]

    assert 36 <= sum(abs(each.place - place) <= 2 for each in found)
    assert abs(np.mean([each.before for each in found]) - 1.0) < 0.3
    assert abs(np.mean([each.after for each in found]) + 2.0) < 0.3


def test_the_place_is_the_one_of_least_squares():
    """Held against the definition, tried one by one."""
    scores = drawn(3, (0.5, 13), (-1.0, 21))

    def squares(place):
        parts = scores[:place], scores[place:]
        return sum(float(((part - part.mean()) ** 2).sum()) for part in parts)

    tried = range(LEAST, len(scores) - LEAST + 1)
    assert min(tried, key=squares) == change_of(scores).place


def test_where_nothing_changed_there_is_seldom_a_change():
    """Schwarz' criterion asks for more evidence than chance gives in nearly all sessions."""
    found = [change_of(drawn(seed, (0.0, 100))) for seed in range(200)]

    assert sum(each is not None for each in found) <= 0.1 * len(found)


@pytest.mark.parametrize("scores", [[], [1.0], [1.0, 1.0, 1.0, -9.0, -9.0], [2.0] * 40])
def test_too_few_and_all_alike_have_none(scores):
    """One odd movement is no change, and no score is divided by nothing."""
    assert change_of(scores) is None


def test_a_change_without_any_spread_is_found():
    """Numbers that a hand never gives, and a test may."""
    assert 4 == change_of([1.0] * 4 + [0.0] * 4).place
