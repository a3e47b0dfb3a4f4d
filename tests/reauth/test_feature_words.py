"""Every number has words, and the words are a reader's."""

import pytest

from reauth.feature_words import WORDS
from reauth.features import FEATURE_SETS


def test_every_feature_set_has_words():
    """A new set without any would be explained by nothing."""
    assert set(FEATURE_SETS) == set(WORDS)


@pytest.mark.parametrize("features", FEATURE_SETS.values(), ids=list(FEATURE_SETS))
def test_every_feature_of_a_set_has_words_of_its_own(features):
    """As many as numbers, none for what there is not, no two numbers of one name."""
    words = WORDS[features.name]
    names = [each.what for each in words.values()]

    assert set(features.names) == set(words)
    assert len(names) == len(set(names))
    for each in words.values():
        assert all((each.what, each.more, each.less, each.topic))
        assert each.more[0].isupper() and each.less[0].isupper() and not each.what.endswith(".")


@pytest.mark.parametrize("features", FEATURE_SETS.values(), ids=list(FEATURE_SETS))
def test_more_and_less_are_told_apart_unless_an_angle_closes(features):
    """Of a direction neither way is more."""
    for name, each in WORDS[features.name].items():
        if each.circular:
            unit = dict(zip(features.names, features.units, strict=True))[name]
            assert "rad" == unit
        else:
            assert each.more != each.less
