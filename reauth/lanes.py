"""The lanes of every session, from the names in the settings.

Tables know what there is; a name that none of them has is refused with the nearest one, as
settings are written by hand.
"""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import partial
from typing import TypeVar

from reauth.check import Check
from reauth.decide import POLICIES, Policy
from reauth.decide.fixed import FIXED, patience_of
from reauth.detect import DETECTORS
from reauth.errors import SettingsError
from reauth.features import FEATURE_SETS, FeatureSet
from reauth.lane import Recipe
from reauth.segment import SEGMENTERS, Cut
from reauth.settings import BotLane, ReplayLane, Settings
from reauth.template import Template
from reauth.trajectory import Segmenter
from reauth.verify import VERIFIERS

T = TypeVar("T")

WHOLE = "movement"
"""The segmenter of those lanes that know nobody: bots and replays are told by whole movements."""


class Rule:
    """The policy that the settings name, for sessions that begin from now on.

    Raises
    ------
    SettingsError
        If the table has no such policy; the message tells the nearest one.
    """

    def __init__(self, settings: Settings) -> None:
        self.take(settings)

    def take(self, settings: Settings) -> None:
        """Take up changed settings; what is wrong changes nothing."""
        lane = settings.identity_lane
        self._make = _named(POLICIES, lane.policy, "identity_lane.policy")
        self._window = lane.window

    def __call__(self, template: Template) -> Policy:
        """A fresh policy for a user."""
        return self._make(template, self._window)


def recipes(settings: Settings, rule: Rule | None = None) -> list[Recipe | Check]:
    """The lanes of every session, from the names in the settings.

    Parameters
    ----------
    rule
        Makes the policies, where they are to follow the settings; those given here if None.

    Raises
    ------
    SettingsError
        If a table has no such name (the message tells the nearest one), or trajectories would be
        too short for the features.
    """
    identity = identity_recipe(settings, rule)
    whole = identity.segmenter if features_of(settings).segmenter == WHOLE else None
    segmenter = whole or partial(SEGMENTERS[WHOLE], _cut(settings))
    asked = (("bot", settings.bot_lane), ("replay", settings.replay_lane))
    checks = [_check(name, lane, settings, segmenter) for name, lane in asked if lane.on]
    return [identity, *checks]


def kept_for(settings: Settings) -> str:
    """The lane that whole movements are kept for; arguments and errors as `recipes`."""
    if features_of(settings).segmenter == WHOLE:
        return "identity"
    return "bot" if settings.bot_lane.on else "replay"


def identity_recipe(settings: Settings, rule: Rule | None = None) -> Recipe:
    """How the lane is made that asks whether it is the user; arguments and errors as `recipes`."""
    lane = settings.identity_lane
    features = features_of(settings)
    if features.segmenter == "pause" and lane.points < features.points:
        raise SettingsError(
            f"identity_lane.points must be at least {features.points} for the {features.name} set"
        )
    return Recipe(
        name="identity",
        segmenter=partial(SEGMENTERS[features.segmenter], _cut(settings)),
        features=features,
        verifier=_named(VERIFIERS, lane.verifier, "identity_lane.verifier"),
        policy=rule or Rule(settings),
    )


def _check(
    name: str, lane: BotLane | ReplayLane, settings: Settings, segmenter: Callable[[], Segmenter]
) -> Check:
    section = f"{name}_lane"
    make = _named(FIXED, lane.policy, f"{section}.policy")
    detect = _named(DETECTORS, lane.detector, f"{section}.detector")
    detector = detect(settings.replay_lane.movements)
    return Check(name, segmenter, detector, partial(make, lane.bound), patience_of(lane.bound))


def _cut(settings: Settings) -> Cut:
    lane = settings.identity_lane
    return Cut(lane.pause, lane.points, lane.grid)


def features_of(settings: Settings) -> FeatureSet:
    """What the identity lane makes of a trajectory.

    Raises
    ------
    SettingsError
        If a table has no such name.
    """
    lane = settings.identity_lane
    verifier = _named(VERIFIERS, lane.verifier, "identity_lane.verifier")
    return _named(FEATURE_SETS, lane.features or verifier.features, "identity_lane.features")


def _named(table: Mapping[str, T], name: str, key: str) -> T:
    if name in table:
        return table[name]
    near = get_close_matches(name, list(table), n=1, cutoff=0.0)
    raise SettingsError(f"{key}: there is no '{name}'; did you mean '{near[0]}'?")
