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
from typing import Any

import numpy as np

from reauth.device import UNTOLD, alike, cohort, likeness, split
from reauth.enrolment_document import enrolment_document
from reauth.errors import NotEnrolled, StoreError, TemplateError
from reauth.features import FEATURE_SETS, FeatureSet, rows_of
from reauth.pace import WORKDAY, Sessions, trajectory_rate
from reauth.person import DeviceRow, PersonRow
from reauth.ports import Store
from reauth.quality import expected
from reauth.settings import Settings
from reauth.template import Drifts, Template
from reauth.trajectory import Floats, Trajectory
from reauth.verify import VERIFIERS, Verifier, features_for
from reauth.verify.learn import MIN_USERS
from reauth.verify.svm import Svm
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
    device
        The device class to learn; None for the commonest.
    min_users
        Others on the user's device class who are enough to be told from; with fewer it is all.
    """

    min_trajectories: int = 300
    features: FeatureSet = FEATURE_SETS["medvet"]
    verifier: Verifier = VERIFIERS["svm"]
    windows: tuple[int, ...] = WINDOWS
    false_alarms_per_8h: float = 1.0
    policy: str = "window"
    drifts: Drifts | None = None
    device: str | None = None
    min_users: int = 3

    @property
    def made_with(self) -> tuple[str, str]:
        """Verifier and features with their versions, as `Shared` names them."""
        verifier, features = self.verifier, self.features
        return f"{verifier.name} {verifier.version}", f"{features.name} {features.version}"


def learn(
    user: str,
    genuine: Sessions,
    background: Mapping[str, Sessions],
    options: Options,
    rng: np.random.Generator,
    now: float,
) -> Template:
    """Learn a user on one device class against others; version 0, as the store counts versions.

    Parameters
    ----------
    user
        Whom the template will describe.
    genuine
        The user's trajectories, session by session, in order of time.
    background
        The other users', likewise; those of the user's device class alone where that is enough,
        as the template would tell devices apart (biometrics.md §4, wrong cohort).
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
    device, genuine = _on(genuine, options.device)
    own = _rows(options.features, genuine)
    count = sum(map(len, own))
    if count < options.min_trajectories:
        missing = options.min_trajectories - count
        raise NotEnrolled(
            f"{count} trajectories, {options.min_trajectories} are needed: {missing} to go"
        )
    enough = max(options.min_users, MIN_USERS)
    others_on_it = cohort(background, device, LEAST, enough)
    others = [
        rows
        for name in sorted(others_on_it)
        if sum(map(len, rows := _rows(options.features, others_on_it[name]))) >= LEAST
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
        devices=(device,),
        n_genuine=learnt.n_genuine,
        n_impostor=learnt.n_impostor,
        n_background_users=len(others),
        enrolled_at=now,
    )
    judged = expected(template, learnt.impostors, options.windows, rng, options.policy)
    return replace(template, quality=judged)


def _on(genuine: Sessions, device: str | None) -> tuple[str, Sessions]:
    """The device class to learn, and a user's trajectories on it, session by session."""
    if device is not None:
        return device, [alike(session, device) for session in genuine]
    dealt = split(genuine)
    return next(iter(dealt.items()), (UNTOLD, []))


def _false_alarms(pace: float, per_8h: float) -> float:
    """Wanted false alarms for each trajectory; one in two is as many as there can be."""
    return min(per_8h / (pace * WORKDAY / 3600), 0.5)


def _rows(features: FeatureSet, sessions: Sessions) -> list[Floats]:
    """Give one (n, d) array a session that has any; too short trajectories are left out."""
    rows = [rows_of(features, session) for session in sessions]
    return [each for each in rows if len(each)]


class Enroller:
    """Gathers from the store, learns in a thread, keeps what was learnt.

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
        self._tried: dict[tuple[str, str], int] = {}
        self._seen: dict[tuple[str, str], tuple[int, int]] = {}

    async def status(self, user: str | None = None) -> list[dict[str, Any]]:
        """Tell how far one user's enrolment has come (known or not), or everybody's.

        Each as `enrolment_document` has it.
        """
        if user is None:
            found = await self._store.people()
        else:
            found = [await self._store.person(user) or _stranger(user)]
        return [enrolment_document(each, self._settings, self._clock()) for each in found]

    async def train(self, user: str) -> list[Template]:
        """Learn a user now on each device class with enough, and make the results active.

        Returns
        -------
        list
            The templates, that of the commonest class first.

        Raises
        ------
        NotEnrolled
            If data are short (the message says how many are missing), or the user was deleted
            while this ran.
        StoreError
            If the store fails.
        """
        person = await self._store.person(user) or _stranger(user)
        commonest, *more = person.pooled() or [DeviceRow(UNTOLD)]
        found = [await self._train(user, commonest.device)]
        for row in more:
            if row.trajectories >= self._settings.enrolment.min_trajectories:
                try:
                    found.append(await self._train(user, row.device))
                except NotEnrolled:
                    # Counted are those too that are too short or under suspicion.
                    continue
        return found

    async def _train(self, user: str, device: str) -> Template:
        learnt = await self.learnt(user, device, await self.gathered(user, device))
        return await self._store.save_template(learnt)

    async def gathered(self, user: str, device: str) -> list[list[Trajectory]]:
        """A user's trajectories that a device class is learnt from, the newest, by session."""
        person = await self._store.person(user) or _stranger(user)
        names = [name for name, pool in person.pools().items() if pool == device]
        return await self._store.genuine(
            user, self._settings.enrolment.max_trajectories, names
        )

    async def learnt(
        self,
        user: str,
        device: str,
        genuine: Sessions,
        background: Mapping[str, Sessions] | None = None,
    ) -> Template:
        """Learn a user's device class from these sessions and others', off the loop; keep nothing.

        Parameters
        ----------
        background
            The others' sessions; None for what `others` gives.

        Raises
        ------
        NotEnrolled
            As `train`.
        StoreError
            If the store fails.
        """
        if background is None:
            background = await self.others(user, device)
        person = await self._store.person(user)
        newest = 0 if person is None else person.newest_version
        options, rng = await self._options(), draws_of(user, newest + 1)
        # What was gathered before classes were told has none; its movement tells its sampling.
        options = replace(options, device=None if device == UNTOLD else device)
        template = await asyncio.to_thread(
            learn, user, genuine, background, options, rng, self._clock()
        )
        if await self._store.person(user) is None:
            raise NotEnrolled("the user was deleted meanwhile")
        return template

    async def _options(self) -> Options:
        """How to learn: with the drift that was measured here, of what is used now."""
        options, shared = options_of(self._settings), await self._store.shared()
        if shared is None or (shared.verifier, shared.features) != options.made_with:
            return options
        return replace(options, drifts=shared.drifts)

    async def others(self, user: str, device: str) -> dict[str, list[list[Trajectory]]]:
        """The others' trajectories: of the same device class, or of all where those are too few."""
        people = await self._store.people()
        wanted = self._settings.enrolment
        others = [person for person in people if person.user != user and person.trajectories]
        same = [each for each in others if each.on(device) >= LEAST]
        names = None
        if len(same) >= max(wanted.min_background_users, MIN_USERS):
            others = same
            known = {row.device for person in same for row in person.devices}
            names = sorted(name for name in known if likeness(name, device) >= 0)
        most = min(wanted.background_per_user, BACKGROUND // max(1, len(others)))
        return await self._store.background(user, max(most, LEAST), names)

    async def train_due(self) -> AsyncIterator[Template]:
        """Learn everybody whose time has come; each is kept before it is yielded.

        A later device is an operator's to learn: who brings it does not become the user by staying.
        """
        people = await self._store.people()
        for person in people:
            rows = [row for row in person.pooled() if row.version or not person.version]
            for row in () if person.paused else rows:
                if self._may(person.user, row) and await self._wants(person.user, row, people):
                    self._tried[person.user, row.device] = row.trajectories
                    try:
                        yield await self._train(person.user, row.device)
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

    def _may(self, user: str, row: DeviceRow) -> bool:
        """Not where somebody went back to an older version, nor before a tenth more is there."""
        tried = self._tried.get((user, row.device), 0)
        enough = max(self._settings.enrolment.min_trajectories, 1.1 * tried)
        return row.version == row.newest_version and row.trajectories >= enough

    async def _wants(self, user: str, row: DeviceRow, people: Sequence[PersonRow]) -> bool:
        """Whether to learn a class: first, with others at last, with full data, for a new version.

        Full data are those that the template has not seen half of.
        """
        if row.version == 0:
            return True
        wanted = self._settings.enrolment
        if row.provisional:
            known = [each for each in people if each.trajectories >= LEAST]
            return len(known) > max(wanted.min_background_users, MIN_USERS)
        learnt_from = await self._learnt_from(user, row)
        full = row.trajectories >= wanted.full_trajectories
        return learnt_from == 0 or (full and 2 * learnt_from < wanted.full_trajectories)

    async def _learnt_from(self, user: str, row: DeviceRow) -> int:
        """How many trajectories a class's template was made from; 0 if it can be used no longer."""
        version, count = self._seen.get((user, row.device), (0, 0))
        if version != row.version:
            try:
                template = await self._store.template(user, row.version)
            except TemplateError:
                template = None
            count = template.n_genuine if template else 0
            self._seen[user, row.device] = row.version, count
        return count


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
        min_users=wanted.min_background_users,
    )


def _stranger(user: str) -> PersonRow:
    return PersonRow(user, 0, None, None, 0, 0, False, False, None, None)
