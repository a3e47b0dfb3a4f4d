"""Verdicts feed back: what alerts were wrong about is learnt, once two people say that they were.

An analyst dismisses an alert as false; an approver who is somebody else confirms it; a template is
learnt with that session beside the active one; both are compared on what neither has seen; an
approver promotes it. Each step is one that somebody must take, and none can be left out: an
attacker who has deceived one analyst has taught nothing.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b

from reauth.access import Act, Who
from reauth.drift import taught
from reauth.enrol import Enroller, draws_of
from reauth.errors import NotEnrolled, StoreError, TemplateError
from reauth.features import FEATURE_SETS, rows_of
from reauth.label import (
    Label,
    NoLabel,
    NotAllowed,
    Standing,
    confirmed,
    rejected,
    same_person,
)
from reauth.pace import Sessions
from reauth.person import DeviceRow
from reauth.ports import Lessons, ShadowRow, ShadowState, Store
from reauth.quality import expected
from reauth.settings import Settings
from reauth.shadow import (
    Comparison,
    compare,
    comparison_document,
    comparison_from,
    parted,
    strangers,
)
from reauth.template import Template
from reauth.trajectory import Trajectory
from reauth.verify import VERIFIERS

log = logging.getLogger(__name__)

HOUSE = "reauth"
"""Who promotes where the settings let the comparison decide."""

LEAST_SHARE, MOST_SHARE = 0.25, 1.0
"""Of the false alarms that the settings want, what one user may have wanted: a quarter makes a
limit that notices a stranger later, and with less a user were unwatched in all but name."""


class Feedback:
    """One for a process.

    Parameters
    ----------
    store, settings, clock, enroller
        As the adapter's.
    lessons
        Where labels and shadows are kept.
    """

    def __init__(
        self,
        store: Store,
        lessons: Lessons,
        settings: Settings,
        clock: Callable[[], float],
        enroller: Enroller,
    ) -> None:
        self.lessons = lessons
        self._store = store
        self._settings = settings
        self._clock = clock
        self._enroller = enroller
        self._tried: set[tuple[str, str, int, tuple[str, ...]]] = set()
        self.counters: Counter[str] = Counter()

    async def confirm(self, alert: str, who: Who, reason: str = "") -> Label:
        """Say as the second person that it was the user: a shadow will be learnt with it.

        Raises
        ------
        NotAllowed
            If `who` may not approve, or closed the alert.
        NoLabel
            If there is no such candidate.
        """
        _approver(who)
        label = await self._label(alert)
        return await self._decided(confirmed(label, who.name, self._clock(), reason), label)

    async def reject(self, alert: str, who: Who, reason: str = "") -> Label:
        """Say that it may not have been the user, at any time: the session never trains again.

        A template that was made with it stays until somebody rolls it back or learns anew.

        Raises
        ------
        NotAllowed
            If `who` may not work on alerts.
        NoLabel
            If there is no such label, or it would not train anyway.
        """
        if not who.may(Act.WORK_ALERTS):
            raise NotAllowed(f"{who.name} may not reject: it needs '{Act.WORK_ALERTS}'")
        label = await self._label(alert)
        return await self._decided(rejected(label, who.name, self._clock(), reason), label)

    async def compare(self, user: str) -> list[ShadowRow]:
        """Learn a user's shadows anew, with every session that two people have confirmed.

        Raises
        ------
        NoLabel
            If there is no such session, or no template to compare with.
        NotEnrolled
            If there is too little to learn from.
        TemplateError
            If the active template is of other code.
        StoreError
            If the store fails.
        """
        labels = await self.lessons.labels(user, (Standing.CONFIRMED,))
        if not labels:
            raise NoLabel(f"{user} has no session that was confirmed to be theirs after an alert")
        rows = await self._classes(user)
        if not rows:
            raise NoLabel(f"{user} has no active template to compare with: `reauth enrol train`")
        found = [await self._shadow(user, row, labels) for row in rows]
        kept = [row for row in found if row is not None]
        if not kept:
            raise NoLabel("the confirmed sessions hold no movement on a device class of the user's")
        return kept

    async def promote(self, shadow: str, who: Who) -> Template:
        """Make a shadow the active template.

        Raises
        ------
        NotAllowed
            If `who` may not approve, or closed one of the alerts that it was learnt from.
        NoLabel
            If it does not wait, or what it rests on has changed.
        """
        _approver(who)
        for alert in (await self._waiting(shadow)).alerts:
            label = await self.lessons.label(alert)
            if label is not None and same_person(label.closed_by, who.name):
                raise NotAllowed(f"{who.name} closed alert {alert}: somebody else must promote")
        return await self._promoted(shadow, who.name)

    async def discard(self, shadow: str, who: Who) -> ShadowRow:
        """Reject a shadow; the sessions that it brought never train.

        Raises
        ------
        NotAllowed
            If `who` may not approve.
        NoLabel
            If it does not wait.
        """
        _approver(who)
        return await self.lessons.discard(shadow, who.name, self._clock())

    async def nudge(self, user: str, share: float, who: Who) -> Template:
        """Want another share of the settings' false alarms of a user, as their next version.

        It lasts until they are learnt anew, and its quality is estimated anew.

        Parameters
        ----------
        share
            `LEAST_SHARE` to `MOST_SHARE`, of the settings', whatever was wanted before.

        Raises
        ------
        NotAllowed
            If `who` may not approve, or the share lies outside.
        NoLabel
            If the user has no template.
        """
        _approver(who)
        if not LEAST_SHARE <= share <= MOST_SHARE:
            raise NotAllowed(f"a share between {LEAST_SHARE:g} and {MOST_SHARE:g} may be wanted")
        active = await self._store.template(user)
        if active is None:
            raise NoLabel(f"{user} has no active template")
        nudged = await self._nudged(active, share)
        return await self._store.save_template(nudged)

    async def run(self) -> None:
        """Learn shadows that are due, at intervals, until cancelled; do nothing if not wanted."""
        while self._settings.enrolment.automatic:
            try:
                await self.due()
            except StoreError:
                log.warning("feedback_postponed")
            await asyncio.sleep(self._settings.enrolment.check)

    async def due(self) -> list[ShadowRow]:
        """Learn a shadow wherever sessions were confirmed since; promote it if that is wanted."""
        labels = await self.lessons.labels(None, (Standing.CONFIRMED,))
        made = []
        for user in sorted({label.user for label in labels}):
            mine = [label for label in labels if label.user == user]
            rows = await self._classes(user)
            if not rows:
                await self._settle(mine)
            for row in rows:
                found = await self._try(user, row, mine)
                if found is not None:
                    made.append(found)
        return made

    async def _try(self, user: str, row: DeviceRow, labels: Sequence[Label]) -> ShadowRow | None:
        """Learn one, unless that was tried with the same; None where nothing came of it."""
        alerts = tuple(label.alert for label in labels)
        key = (user, row.device, row.version, alerts)
        waiting = await self.lessons.shadows(user, ShadowState.WAITING)
        known = {(each.device, each.base, each.alerts) for each in waiting}
        if key in self._tried or key[1:] in known:
            return None
        self._tried.add(key)
        try:
            found = await self._shadow(user, row, labels)
        except (NotEnrolled, TemplateError) as error:
            log.info("shadow_refused", extra={"reason": type(error).__name__})
            return None
        if found is not None:
            await self._promote_unasked(found)
        return found

    async def _promote_unasked(self, row: ShadowRow) -> None:
        if self._settings.enrolment.promote_unasked and comparison_from(row.comparison).promotable:
            await self._promoted(row.id, HOUSE)

    async def _promoted(self, shadow: str, by: str) -> Template:
        template = await self.lessons.promote(shadow, by, self._clock())
        self.counters["shadows_promoted_total"] += 1
        log.info("promoted", extra={"version": template.version})
        return template

    async def _settle(self, labels: Sequence[Label]) -> None:
        """Without a template there is nothing to compare with: enrolment will take them."""
        for label in labels:
            await self.lessons.decide(replace(label, standing=Standing.TAUGHT), label.standing)

    async def _shadow(
        self, user: str, row: DeviceRow, labels: Sequence[Label]
    ) -> ShadowRow | None:
        """Learn and keep the shadow of one class; None where no candidate is of it."""
        active = await self._store.template(user, row.version)
        candidates = await self._candidates(user, row.device)
        if active is None or not candidates:
            return None
        anchor = await self._store.template(user, active.anchor) if active.anchor else active
        genuine = await self._enroller.gathered(user, row.device)
        parts = parted(genuine, candidates, active.enrolled_at)
        known = await asyncio.to_thread(taught, anchor or active, parts.known)
        train = sorted([*known, *parts.taught], key=lambda session: float(session[0].t[0]))
        others = await self._enroller.others(user, row.device)
        learns, unseen = strangers(others, active.enrolled_at)
        shadow = await self._enroller.learnt(user, row.device, train, learns)
        rng, window = draws_of(user, active.version), self._settings.identity_lane.window
        found = await asyncio.to_thread(compare, active, shadow, (parts, unseen), window, rng)
        return await self._kept(row, shadow, found, labels)

    async def _candidates(self, user: str, device: str) -> list[list[Trajectory]]:
        person = await self._store.person(user)
        pools = {} if person is None else person.pools()
        names = [name for name, pool in pools.items() if pool == device]
        limit = self._settings.enrolment.max_trajectories
        return await self.lessons.candidates(user, limit, names)

    async def _kept(
        self, row: DeviceRow, shadow: Template, found: Comparison, labels: Sequence[Label]
    ) -> ShadowRow:
        now, alerts = self._clock(), tuple(label.alert for label in labels)
        text = "\0".join((shadow.user, row.device, str(row.version), repr(now), *alerts))
        name = blake2b(text.encode(), digest_size=8).hexdigest()
        what = shadow.user, row.device, row.version, now
        kept = ShadowRow(name, *what, ShadowState.WAITING, alerts, comparison_document(found))
        await self.lessons.keep(kept, shadow)
        self.counters[f'shadows_total{{verdict="{found.verdict}"}}'] += 1
        log.info("shadow_learnt", extra={"verdict": found.verdict})
        return kept

    async def _nudged(self, active: Template, share: float) -> Template:
        hourly = self._settings.enrolment.false_alarms_per_8h / 8
        wanted = min(share * hourly / active.pace, 0.5)
        nudged = replace(active, false_alarms=wanted)
        others = await self._enroller.others(active.user, active.device)
        return await asyncio.to_thread(_judged, nudged, others, self._settings)

    async def _classes(self, user: str) -> list[DeviceRow]:
        """Device classes with an active template that tells the user from others."""
        person = await self._store.person(user)
        if person is None:
            return []
        return [row for row in person.devices if row.version and not row.provisional]

    async def _label(self, alert: str) -> Label:
        label = await self.lessons.label(alert)
        if label is None:
            raise NoLabel(f"alert '{alert}' is not closed, or is about no user's session")
        return label

    async def _waiting(self, shadow: str) -> ShadowRow:
        found = await self.lessons.shadow(shadow)
        if found is None:
            raise NoLabel(f"there is no shadow '{shadow}'; `reauth feedback list` has them all")
        return found[0]

    async def _decided(self, label: Label, was: Label) -> Label:
        if not await self.lessons.decide(label, was.standing):
            raise NoLabel(f"somebody was faster with alert {label.alert}: `reauth feedback list`")
        return label


def _approver(who: Who) -> None:
    if not who.may(Act.APPROVE):
        raise NotAllowed(f"{who.name} may not approve: it needs '{Act.APPROVE}'")


def _judged(template: Template, others: Mapping[str, Sessions], settings: Settings) -> Template:
    """The template with its quality estimated anew, on what others did since it was learnt."""
    features, verifier = FEATURE_SETS[template.feature_set], VERIFIERS[template.verifier]
    _, unseen = strangers(others, template.enrolled_at)
    impostors = [
        verifier.score_many(template, rows)
        for sessions in unseen.values()
        if len(rows := rows_of(features, [one for session in sessions for one in session]))
    ]
    lane, rng = settings.identity_lane, draws_of(template.user, template.version)
    windows = sorted({*(template.quality or {}), lane.window})
    judged = expected(template, impostors, windows, rng, lane.policy)
    return replace(template, quality=judged)
