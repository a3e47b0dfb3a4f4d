"""Learning a user: from trajectories to a template with a quality report.

`learn` is pure and takes everything as an argument, so that it runs in a thread, in a worker
process or in the laboratory alike. What training sees and what calibrates, sets limits and
reports quality never overlap: sessions and other users are left out whole. `Enroller` gathers
from the store, and decides when it is time.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import chain
from typing import Any

import numpy as np

from reauth.device import known
from reauth.errors import NotEnrolled, StoreError, TemplateError, TooShort
from reauth.features import FEATURE_SETS, FeatureSet
from reauth.pace import MEASURABLE, WORKDAY, Sessions, progress, trajectory_rate
from reauth.ports import Enrolled, PersonRow, Store
from reauth.quality import expected
from reauth.settings import Settings
from reauth.template import Drifts, Shared, Template
from reauth.trajectory import Floats, Trajectory
from reauth.verify import VERIFIERS, Verifier, features_for
from reauth.verify.svm import MIN_USERS, Svm
from reauth.verify.weibull import Weibull

log = logging.getLogger(__name__)

LEAST = 20
"""Trajectories without which somebody is no example of another user (one calibration block)."""

BACKGROUND = 6000
"""Trajectories of all others together that are loaded to train one user; the verifier draws
1500 of them, calibration and quality use them all."""

WINDOWS = (10, 20, 50, 100, 200)
"""Scores that quality is reported for: those of the first measurements (biometrics.md §6)."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to learn.

    Parameters
    ----------
    min_trajectories
        Fewer are refused; 300 are G12 of biometrics.md.
    features, verifier
        What to make of a trajectory, and what compares it.
    windows
        Numbers of scores that quality is reported for.
    false_alarms_per_8h
        Wanted false alarms in 8 active hours of the user.
    policy
        Whose decisions quality is reported of.
    drifts
        How later sessions are expected to differ; None for what the verifier expects.
    """

    min_trajectories: int = 300
    features: FeatureSet = FEATURE_SETS["medvet"]
    verifier: Verifier = VERIFIERS["svm"]
    windows: tuple[int, ...] = WINDOWS
    false_alarms_per_8h: float = 1.0
    policy: str = "window"
    drifts: Drifts | None = None

    @property
    def made_with(self) -> tuple[str, str]:
        """Verifier and features with their versions, as `Shared` names them."""
        verifier, features = self.verifier, self.features
        return f"{verifier.name} {verifier.version}", f"{features.name} {features.version}"

    def measured(self, shared: Shared) -> Drifts | None:
        """Give the measured drifts; None where they were measured of something else."""
        return shared.drifts if (shared.verifier, shared.features) == self.made_with else None


def learn(
    user: str,
    genuine: Sessions,
    background: Mapping[str, Sessions],
    options: Options,
    rng: np.random.Generator,
    now: float,
) -> Template:
    """Learn a user against others; version 0, as the store counts versions.

    Parameters
    ----------
    user
        Whom the template will describe.
    genuine
        The user's trajectories, session by session, in order of time.
    background
        The other users', likewise; they should be of the user's device class, or the template
        tells devices apart (biometrics.md §4, wrong cohort).
    options
        How to learn.
    rng
        Draws folds and samples; the same generator, the same template.
    now
        s since 1970.

    Raises
    ------
    NotEnrolled
        If the user has too few trajectories; the message says how many are missing.
    """
    own = _rows(options.features, genuine)
    count = sum(map(len, own))
    if count < options.min_trajectories:
        missing = options.min_trajectories - count
        raise NotEnrolled(
            f"{count} trajectories, {options.min_trajectories} are needed: {missing} to go"
        )
    others = [
        rows
        for name in sorted(background)
        if sum(map(len, rows := _rows(options.features, background[name]))) >= LEAST
    ]
    learnt = options.verifier.enrol(own, others, rng)
    pace = trajectory_rate(genuine)
    drifts = options.drifts or options.verifier.drifts
    often = len(own) > 1 and list(map(len, own)) == list(map(len, learnt.held_out))
    template = Template(
        user=user,
        feature_set=options.features.name,
        feature_version=options.features.version,
        verifier=options.verifier.name,
        verifier_version=options.verifier.version,
        version=0,
        provisional=learnt.provisional,
        arrays=learnt.arrays,
        calibration=learnt.calibration,
        held_out=learnt.held_out,
        false_alarms=_false_alarms(pace, options.false_alarms_per_8h),
        drift=drifts.often if often else drifts.once,
        pace=pace,
        devices=known(chain.from_iterable(genuine)),
        n_genuine=learnt.n_genuine,
        n_impostor=learnt.n_impostor,
        n_background_users=len(others),
        enrolled_at=now,
    )
    judged = expected(template, learnt.impostors, options.windows, rng, options.policy)
    return replace(template, quality=judged)


def _false_alarms(pace: float, per_8h: float) -> float:
    """Wanted false alarms for each trajectory; one in two is as many as there can be."""
    return min(per_8h / (pace * WORKDAY / 3600), 0.5)


def _rows(features: FeatureSet, sessions: Sessions) -> list[Floats]:
    """Give one (n, d) array a session that has any; too short trajectories are left out."""
    rows = [rows_of(features, session) for session in sessions]
    return [each for each in rows if len(each)]


def rows_of(features: FeatureSet, session: Sequence[Trajectory]) -> Floats:
    """Give (n, d) of a session's trajectories; too short ones are left out."""
    try:
        return features.extract_many(session)
    except TooShort:
        return features.extract_many([each for each in session if _fits(features, each)])


def _fits(features: FeatureSet, trajectory: Trajectory) -> bool:
    try:
        features.extract(trajectory)
    except TooShort:
        return False
    return True


class Enroller:
    """Gathers from the store, learns off the event loop, keeps what was learnt.

    Training runs in a thread: libsvm and numpy let go of the interpreter while they work.

    Parameters
    ----------
    store
        Where trajectories come from and templates go.
    settings
        `[enrolment]` and `[identity_lane]`.
    clock
        s since 1970.
    """

    def __init__(self, store: Store, settings: Settings, clock: Callable[[], float]) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._tried: dict[str, int] = {}
        self._seen: dict[str, tuple[int, int]] = {}

    async def status(self, user: str | None = None) -> list[dict[str, Any]]:
        """Tell how far one user's enrolment has come (known or not), or everybody's.

        Returns
        -------
        list
            As interfaces.md §4 has it, and with the quality its `limit`, `reason`, `policy` and
            `spacing_h`. A quality that is another policy's is left out.
        """
        if user is None:
            return [self._told(person) for person in await self._store.people()]
        person = await self._store.person(user)
        return [self._told(person or _stranger(user))]

    async def train(self, user: str) -> Template:
        """Learn a user now, and make the result the user's active template.

        Raises
        ------
        NotEnrolled
            If data are short (the message says how many are missing), or the user was deleted
            while this ran.
        StoreError
            If the store fails.
        """
        genuine = await self._store.genuine(user, self._settings.enrolment.max_trajectories)
        return await self._store.save_template(await self.learnt(user, genuine))

    async def learnt(self, user: str, genuine: Sessions) -> Template:
        """Learn a user from these sessions and everybody else's, off the loop; keep nothing.

        Raises
        ------
        NotEnrolled
            As `train`.
        StoreError
            If the store fails.
        """
        people = await self._store.people()
        others = sum(1 for person in people if person.user != user and person.trajectories)
        most = min(self._settings.enrolment.background_per_user, BACKGROUND // max(1, others))
        background = await self._store.background(user, max(most, LEAST))
        newest = next((person.newest_version for person in people if person.user == user), 0)
        options, rng = await self._options(), draws_of(user, newest + 1)
        template = await asyncio.to_thread(
            learn, user, genuine, background, options, rng, self._clock()
        )
        if await self._store.person(user) is None:
            raise NotEnrolled("the user was deleted meanwhile")
        return template

    async def _options(self) -> Options:
        """How to learn: with the drift that was measured here, of what is used now."""
        options, shared = options_of(self._settings), await self._store.shared()
        return options if shared is None else replace(options, drifts=options.measured(shared))

    async def train_due(self) -> AsyncIterator[Template]:
        """Learn everybody whose time has come; each is kept before it is yielded."""
        people = await self._store.people()
        for person in people:
            if self._may(person) and await self._wants(person, people):
                self._tried[person.user] = person.trajectories
                try:
                    yield await self.train(person.user)
                except NotEnrolled:
                    # Trajectories of sessions under suspicion are counted, but do not train.
                    continue

    async def run(self) -> None:
        """Learn whoever is due, at intervals, until cancelled; do nothing if not wanted."""
        while self._settings.enrolment.automatic:
            try:
                async for template in self.train_due():
                    log.info("enrolled", extra={"version": template.version})
            except StoreError:
                log.warning("enrolment_postponed")
            await asyncio.sleep(self._settings.enrolment.check)

    def _may(self, person: PersonRow) -> bool:
        """Whether to look at a user at all.

        Not while paused, not where somebody has gone back to an older version, and not before a
        tenth more is there than at the last attempt.
        """
        tried = self._tried.get(person.user, 0)
        enough = max(self._settings.enrolment.min_trajectories, 1.1 * tried)
        as_it_was = person.version == person.newest_version
        return not person.paused and as_it_was and person.trajectories >= enough

    async def _wants(self, person: PersonRow, people: Sequence[PersonRow]) -> bool:
        """Whether to learn a user: first, with others at last, with full data, for a new version.

        Full data are those that the template has not seen half of.
        """
        if person.version == 0:
            return True
        wanted = self._settings.enrolment
        if person.provisional:
            known = [each for each in people if each.trajectories >= LEAST]
            return len(known) > max(wanted.min_background_users, MIN_USERS)
        learnt_from = await self._learnt_from(person)
        full = person.trajectories >= wanted.full_trajectories
        return learnt_from == 0 or (full and 2 * learnt_from < wanted.full_trajectories)

    async def _learnt_from(self, person: PersonRow) -> int:
        """How many trajectories a user's template was made from; 0 if it can be used no longer."""
        version, count = self._seen.get(person.user, (0, 0))
        if version != person.version:
            try:
                template = await self._store.template(person.user)
            except TemplateError:
                template = None
            count = template.n_genuine if template else 0
            self._seen[person.user] = person.version, count
        return count

    def _told(self, person: PersonRow) -> dict[str, Any]:
        needed = self._settings.enrolment.min_trajectories
        spread = (person.last or 0.0) - (person.first or 0.0)
        since = person.first if spread >= MEASURABLE else None
        come = progress(person.trajectories, needed, since, self._clock())
        lane = self._settings.identity_lane
        quality = (person.quality or {}).get(str(lane.window))
        if quality is not None and not _tells(quality, lane.policy):
            quality = None
        learnt = person.version > 0
        return {
            "user": person.user,
            "state": _state(person).value,
            "trajectories": come.trajectories,
            "needed": come.needed,
            "eta_s": 0.0 if learnt else come.eta_s,
            "version": person.version,
            "quality": quality if learnt else None,
        }


def draws_of(user: str, version: int) -> np.random.Generator:
    """What a template of this version is drawn with: learnt again, it is the same."""
    digest = blake2b(f"{user}\0{version}".encode(), digest_size=8).digest()
    return np.random.default_rng(int.from_bytes(digest))


def options_of(settings: Settings) -> Options:
    """How the settings want users to be learnt."""
    wanted, lane = settings.enrolment, settings.identity_lane
    verifier = VERIFIERS[lane.verifier]
    if isinstance(verifier, Svm):
        verifier = replace(verifier, c=wanted.svm_c, min_users=wanted.min_background_users)
    elif isinstance(verifier, Weibull):
        verifier = replace(verifier, min_users=wanted.min_background_users)
    return Options(
        min_trajectories=wanted.min_trajectories,
        features=features_for(lane.verifier, lane.features),
        verifier=verifier,
        windows=tuple(sorted({*WINDOWS, lane.window})),
        false_alarms_per_8h=wanted.false_alarms_per_8h,
        policy=lane.policy,
    )


def _tells(quality: Mapping[str, Any], policy: str) -> bool:
    """Whether a stored quality has a figure, of the policy that decides."""
    known = quality["far"] is not None or quality["frr"] is not None
    return known and bool(quality.get("policy", "window") == policy)


def _state(person: PersonRow) -> Enrolled:
    if person.paused:
        return Enrolled.PAUSED
    if person.version:
        return Enrolled.PROVISIONAL if person.provisional else Enrolled.ACTIVE
    return Enrolled.GATHERING if person.trajectories else Enrolled.NONE


def _stranger(user: str) -> PersonRow:
    return PersonRow(user, 0, None, None, 0, 0, False, False, None, None)
