"""What is evaluated: a verifier and a policy by name, and the settings that they work under.

Names become the shipped parts in every process anew, so that nothing but plain values travels
between processes, and a key of them says when work must be done again.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import reauth
from reauth.decide import POLICIES, Policy
from reauth.decide import RECOMMENDED as RECOMMENDED_POLICY
from reauth.enrol import BACKGROUND, LEAST, Options, options_of
from reauth.errors import SettingsError
from reauth.features import FeatureSet
from reauth.segment import SEGMENTERS, Cut
from reauth.settings import Settings
from reauth.template import Template
from reauth.trajectory import Segmenter
from reauth.verify import RECOMMENDED as RECOMMENDED_VERIFIER
from reauth.verify import VERIFIERS, Verifier

RECOMMENDED = "recommended"


@dataclass(frozen=True, slots=True)
class Method:
    """A verifier and a policy under settings; `least` units are needed to enrol.

    `settings` names verifier and policy in its `identity_lane`, as an installation's do.
    """

    settings: Settings
    least: int

    @property
    def options(self) -> Options:
        """How users are learnt: as the settings have it, but for the least number of units."""
        return replace(options_of(self.settings), min_trajectories=self.least)

    @property
    def verifier(self) -> Verifier:
        """The shipped verifier."""
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
        return key_of({"lane": lane, "enrolment": wanted, "least": self.least})

    @property
    def cutting_key(self) -> str:
        """The same of what decides how recordings are cut."""
        lane = asdict(self.settings.identity_lane)
        kept = {name: lane[name] for name in ("pause", "points", "grid", "session_gap")}
        return key_of({"cut": kept, "segmenter": self.features.segmenter})


def method_of(settings: Settings, verifier: str, policy: str, least: int) -> Method:
    """Make a method from the names on a command line.

    Raises
    ------
    SettingsError
        If a table has no such name; the message tells those it has.
    """
    lane = replace(
        settings.identity_lane,
        verifier=_known(VERIFIERS, verifier, RECOMMENDED_VERIFIER, "verifier"),
        policy=_known(POLICIES, policy, RECOMMENDED_POLICY, "policy"),
    )
    return Method(replace(settings, identity_lane=lane), least)


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
