"""What a template promises before anybody compares against it."""

from dataclasses import FrozenInstanceError, dataclass, replace

import pytest

from reauth.errors import TemplateError
from reauth.template import check, comparable
from tests.playbook import template


@dataclass
class Named:
    """A feature set or verifier, as far as a template knows it."""

    name: str
    version: int = 1


def test_a_template_fits_what_it_was_made_with():
    """The same names and versions: comparing is allowed."""
    check(template(), Named("written"), Named("read"))


@pytest.mark.parametrize(
    ("features", "verifier"),
    [
        (Named("other"), Named("read")),
        (Named("written", 2), Named("read")),
        (Named("written"), Named("other")),
        (Named("written"), Named("read", 2)),
    ],
)
def test_any_other_version_is_refused(features, verifier):
    """A wrong score is worse than none; the message says what to do."""
    with pytest.raises(TemplateError, match="enrol anew"):
        check(template(), features, verifier)


@pytest.mark.parametrize("rate", [0.0, 1.0, -1.0, float("nan")])
def test_a_rate_of_false_alarms_lies_between_none_and_all(rate):
    """No limit could keep to any other."""
    with pytest.raises(ValueError, match="false alarms"):
        replace(template(), false_alarms=rate)


@pytest.mark.parametrize("pace", [0.0, -1.0, float("nan")])
def test_nobody_moves_less_than_never(pace):
    """Hours between false alarms are told by it."""
    with pytest.raises(ValueError, match="trajectories an hour"):
        replace(template(), pace=pace)


def test_a_template_cannot_be_changed():
    """Sessions share it."""
    with pytest.raises(FrozenInstanceError):
        template().threshold = 1.0


def test_scores_are_rounded_to_a_thousandth():
    """Far coarser than the last bits in which processors differ."""
    assert 0.123 == comparable(0.1234999)
    assert comparable(-1e-9) == 0.0


def test_a_template_stands_for_one_device_class():
    """Templates of old say the sampling alone, or several; of these nobody knows which."""
    one, old, several, none = (
        replace(template(), devices=devices)
        for devices in (("frame/mouse/small",), ("frame",), ("frame", "dense"), ())
    )

    assert ["frame/mouse/small", "frame/?/?", "?/?/?", "?/?/?"] == [
        each.device for each in (one, old, several, none)
    ]
    assert [3, 1, 1, 0] == [
        each.likeness("frame/mouse/small") for each in (one, old, several, none)
    ]
    assert [-1, -1, 1, 0] == [
        each.likeness("dense/mouse/small") for each in (one, old, several, none)
    ]
