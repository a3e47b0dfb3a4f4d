"""Which features a verifier compares."""

import pytest

from reauth.verify import VERIFIERS, features_for


@pytest.mark.parametrize("name", VERIFIERS)
def test_every_verifier_knows_features_that_it_is_made_for(name):
    """So that one word in the settings is enough."""
    assert VERIFIERS[name].features == features_for(name).name


def test_other_features_may_be_tried():
    """By name; the verifier's own only where none is given."""
    assert "medvet" == features_for("svm", "medvet").name
    with pytest.raises(KeyError):
        features_for("svm", "medved")
