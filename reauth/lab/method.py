"""What is evaluated: a verifier and a policy by name, and the settings that they work under.

Names become the shipped parts in every process anew, so that nothing but plain values travels
between processes, and a key of them says when work must be done again.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import reauth
from reauth.decide import POLICIES, Policy
from reauth.decide import RECOMMENDED as RECOMMENDED_POLICY
from reauth.enrol import BACKGROUND, LEAST, Options, options_of
from reauth.errors import SettingsError
from reauth.event import Event
from reauth.features import FeatureSet
from reauth.lab.comparisons import COMPARISONS
from reauth.lab.cutting import Units, clock_of, cut
from reauth.lab.resample import resampled
from reauth.segment import SEGMENTERS, Cut
from reauth.settings import Settings
from reauth.template import Template
from reauth.trajectory import Floats, Segmenter, Trajectory
from reauth.verify import RECOMMENDED as RECOMMENDED_VERIFIER
from reauth.verify import VERIFIERS, Verifier

RECOMMENDED = "recommended"


@dataclass(frozen=True, slots=True)
class Variant:
    """What is changed of what ships, to see what it is worth; by default nothing.

    Parameters
    ----------
    resample
        s; every recording is laid on a grid of so much before it is cut. 0 leaves it as it is.
    without
        Groups of features that are left out.
    verifier
        Fields of the verifier, and what they are instead.
    """

    resample: float = 0.0
    without: tuple[str, ...] = ()
    verifier: tuple[tuple[str, float], ...] = ()


SHIPPED = Variant()


class Without:
    """A feature set less some groups of its numbers.

    Raises
    ------
    SettingsError
        If there is no such group, or nothing is left.
    """

    def __init__(self, features: FeatureSet, groups: Sequence[str]) -> None:
        unknown = [group for group in groups if group not in features.groups]
        if unknown:
            known = ", ".join(features.groups)
            raise SettingsError(
                f"features '{features.name}' have no group '{unknown[0]}'; they have: {known}"
            )
        out = {name for group in groups for name in features.groups[group]}
        self._kept = [place for place, name in enumerate(features.names) if name not in out]
        if not self._kept:
            raise SettingsError(f"without {', '.join(groups)} no feature is left")
        self._features = features
        self.name, self.version = features.name, features.version
        self.segmenter, self.points = features.segmenter, features.points
        self.names = tuple(features.names[place] for place in self._kept)
        self.units = tuple(features.units[place] for place in self._kept)
        self.groups = {
            group: tuple(name for name in names if name not in out)
            for group, names in features.groups.items()
        }

    def extract(self, trajectory: Trajectory) -> Floats:
        """Give (d,) numbers of one trajectory; `TooShort` as the whole set."""
        return self._features.extract(trajectory)[self._kept]

    def extract_many(self, trajectories: Sequence[Trajectory]) -> Floats:
        """Give (n, d); `TooShort` as the whole set."""
        return np.ascontiguousarray(self._features.extract_many(trajectories)[:, self._kept])


@dataclass(frozen=True, slots=True)
class Method:
    """A verifier and a policy under settings; `least` units are needed to enrol.

    `settings` names verifier and policy in its `identity_lane`, as an installation's do; the
    verifier may be one of the laboratory's `COMPARISONS`, too.
    """

    settings: Settings
    least: int
    variant: Variant = SHIPPED

    @property
    def options(self) -> Options:
        """How users are learnt: as the settings have it, but for the least number of units."""
        lane = self.settings.identity_lane
        other = COMPARISONS.get(lane.verifier)
        if other is None:
            found = options_of(self.settings)
        else:
            features = lane.features or other.features
            stands_in = replace(lane, verifier=RECOMMENDED_VERIFIER, features=features)
            found = options_of(replace(self.settings, identity_lane=stands_in))
        verifier: Any = other or found.verifier
        return replace(
            found,
            min_trajectories=self.least,
            verifier=replace(verifier, **dict(self.variant.verifier)),
            features=self._left(found.features),
        )

    def _left(self, features: FeatureSet) -> FeatureSet:
        out = self.variant.without
        return Without(features, out) if out else features

    @property
    def verifier(self) -> Verifier:
        """The shipped verifier, but for what the variant changes; or a comparison."""
        return self.options.verifier

    @property
    def features(self) -> FeatureSet:
        """The feature set that it compares."""
        return self.options.features

    @property
    def gap(self) -> float:
        """s; such a pause ends a session."""
        return self.settings.identity_lane.session_gap

    def segmenter(self) -> Segmenter:
        """A fresh segmenter, of the rule that the feature set is made for."""
        lane = self.settings.identity_lane
        return SEGMENTERS[self.features.segmenter](Cut(lane.pause, lane.points, lane.grid))

    def cut(self, events: Sequence[Event]) -> Units:
        """Cut a recording into units, as it was made or as the variant's clock would tell it."""
        step = self.variant.resample
        if not step:
            return cut(events, self.segmenter, self.gap)
        units = cut(resampled(events, step), self.segmenter, self.gap)
        return replace(units, facts=replace(units.facts, clock=clock_of(events)))

    def policy(self, template: Template) -> Policy:
        """A fresh policy for a user, its limits from the template alone."""
        lane = self.settings.identity_lane
        return POLICIES[lane.policy](template, lane.window)

    def most(self, others: int) -> int:
        """How many units are taken of each of so many other users, as `reauth enrol` does."""
        wanted = self.settings.enrolment.background_per_user
        return max(min(wanted, BACKGROUND // max(1, others)), LEAST)

    @property
    def enrolling_key(self) -> str:
        """A name of all settings that a template rests on; the policy is none of them."""
        lane, wanted = asdict(self.settings.identity_lane), asdict(self.settings.enrolment)
        del lane["policy"]
        changed = asdict(self.variant)
        return key_of({"lane": lane, "enrolment": wanted, "least": self.least, "but": changed})

    @property
    def cutting_key(self) -> str:
        """The same of what decides how recordings are cut."""
        lane = asdict(self.settings.identity_lane)
        kept = {name: lane[name] for name in ("pause", "points", "grid", "session_gap")}
        grid = self.variant.resample
        return key_of({"cut": kept, "segmenter": self.features.segmenter, "resampled": grid})


def method_of(
    settings: Settings, verifier: str, policy: str, least: int, variant: Variant = SHIPPED
) -> Method:
    """Make a method from the names on a command line.

    Raises
    ------
    SettingsError
        If a table has no such name, or the features no such group; the message tells those that
        there are.
    """
    verifiers = {**VERIFIERS, **COMPARISONS}
    lane = replace(
        settings.identity_lane,
        verifier=_known(verifiers, verifier, RECOMMENDED_VERIFIER, "verifier"),
        policy=_known(POLICIES, policy, RECOMMENDED_POLICY, "policy"),
    )
    method = Method(replace(settings, identity_lane=lane), least, variant)
    _ = method.features  # a group that there is not is told before any work
    return method


def _known(table: Mapping[str, Any], name: str, recommended: str, what: str) -> str:
    if name == RECOMMENDED:
        return recommended
    if name not in table:
        known = ", ".join([RECOMMENDED, *table])
        raise SettingsError(f"there is no {what} '{name}'; there are: {known}")
    return name


def key_of(values: Any) -> str:
    """Give a name of plain values and of this code, 32 hex digits."""
    text = json.dumps([values, code()], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@cache
def code() -> str:
    """Give a name of the code that results rest on: of all of the package's sources."""
    home = Path(reauth.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(home.rglob("*.py")):
        digest.update(path.relative_to(home).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
