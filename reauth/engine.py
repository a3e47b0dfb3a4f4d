"""Live sessions: groups of batches in, what they brought about committed, alerts raised.

A group is handled from decoding to its commit before the next one is begun, so that memory never
runs ahead of the store by more than one group: when a commit fails, what the group touched is
forgotten and comes back from the store, and the browsers send again. Numbers are crunched on a
worker thread; the event loop only reads and writes.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Self

from reauth.alert import Alert
from reauth.brake import Brake
from reauth.check import Check, checks
from reauth.claim import Claim
from reauth.errors import StoreError, WireError
from reauth.evidence import alert_of, judged_by, resemblance_of, row_of
from reauth.group import Arrived, Group, Key, Live, LiveTab, advance, arrive_many
from reauth.lane import Recipe
from reauth.memory import Memory
from reauth.order import Offer, digest
from reauth.outcome import Scored, Verdict
from reauth.ports import Accepted, Commit, HeldRow, RawRow, Receipt, Store, TrajectoryRow
from reauth.refusals import Refusals
from reauth.settings import Settings
from reauth.sightings import Sightings
from reauth.tally import Tally

log = logging.getLogger(__name__)

_RECEIPTS = {
    Offer.NEW: Receipt.STORED,
    Offer.LATE: Receipt.STORED,
    Offer.DUPLICATE: Receipt.DUPLICATE,
    Offer.FORKED: Receipt.FORKED,
}


Dress = Callable[[Sequence[Alert], float], Awaitable[Sequence[Alert]]]


async def as_they_are(alerts: Sequence[Alert], now: float) -> Sequence[Alert]:
    """Alerts as the lanes raised them."""
    return alerts


def _key(claim: Claim) -> Key:
    return claim.user, claim.client


class Engine:
    """The house's engine: one for a process.

    Parameters
    ----------
    recipes
        The lanes; the first one decides which template a session is pinned to.
    clock
        Seconds since 1970.
    on_alerts
        Called with alerts that are new and stored, such as the outbox's `wake`.
    dress
        Gives alerts their severity before they are stored, and holds some back.
    """

    def __init__(
        self,
        store: Store,
        recipes: Sequence[Recipe | Check],
        settings: Settings,
        clock: Callable[[], float],
        on_alerts: Callable[[Sequence[Alert]], None] = lambda alerts: None,
        dress: Dress = as_they_are,
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._on_alerts = on_alerts
        self._dress = dress
        self._recipes = recipes
        self._memory = Memory(store, recipes)
        self._brake = Brake(settings.alerts)
        self._refusals = Refusals(settings.ingest.bad_tokens, settings.ingest.bad_tokens_within)
        self._sightings = Sightings(settings.absence)
        self._lock = asyncio.Lock()
        self._worker = ThreadPoolExecutor(1, "engine")
        self._ticker: asyncio.Task[None] | None = None
        self._ticked = float("-inf")
        self.counters: Counter[str] = self._memory.counters
        self._tally = Tally(self.counters, self._brake)
        self.scoring = 0
        """Batches that are being read and compared."""

    async def __aenter__(self) -> Self:
        """Go on from what is stored, and begin to keep the time."""
        now = self._clock()
        await self._memory.refresh(now)
        await self._memory.remind()
        for name in await self._store.held_tabs():
            await self._memory.tab(name, (None, ""))
        gap, skew = self._settings.identity_lane.session_gap, self._settings.ingest.skew
        for key in await self._store.moved_since(now - gap - skew):
            # Whoever never moves again has a last movement all the same.
            await self._memory.fetch(key, now)
        self._ticker = asyncio.create_task(self._keep_time())  # noqa: TID251 - held, and ended
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop; everything acknowledged is stored already."""
        async with self._lock:
            if self._ticker:
                self._ticker.cancel()
            self._worker.shutdown()

    @property
    def sessions(self) -> int:
        """Sessions in memory."""
        return len(self._memory.live)

    async def receive(self, accepted: Sequence[Accepted]) -> list[Receipt]:
        """Handle one group; return what became of each batch once that is durable.

        Raises
        ------
        StoreError
            If it cannot be kept now; nothing of it has happened then.
        """
        loop = asyncio.get_running_loop()
        async with self._lock:
            group = Group(self._clock())
            with self._at_work(len(accepted)), self._undone_unless_committed(group):
                arrived = await loop.run_in_executor(self._worker, self._read, accepted)
                await self._memory.refresh(group.now)
                for item in arrived:
                    if isinstance(item, Arrived) and item.batch.tab not in self._memory.tabs:
                        await self._memory.tab(item.batch.tab, _key(item.accepted.claim))
                receipts = [
                    self._admit(group, source, item)
                    for source, item in zip(accepted, arrived, strict=True)
                ]
                await self._finish(group)
            return receipts

    async def refused(self, claims: Sequence[Claim]) -> None:
        """Count senders whose page tokens were refused; many of one sender are an alert.

        Raises
        ------
        StoreError
            If the alert cannot be kept now.
        """
        now = self._clock()
        found = [self._refusals.note(claim, now) for claim in claims]
        alerts = [alert for alert in found if alert is not None]
        if alerts:
            await self._raise(alerts, now)

    async def noted(self, claims: Sequence[Claim]) -> None:
        """Take what the proxy tells beside batches; what it adds up to may be an alert.

        Raises
        ------
        StoreError
            If the alert cannot be kept now.
        """
        async with self._lock:
            alerts = self._tally.silent(self._sightings.noted(claims))
        if alerts:
            await self._raise(alerts, self._clock())

    async def _raise(self, alerts: Sequence[Alert], now: float) -> None:
        dressed = await self._dress(alerts, now)
        self._tell(await self._store.commit(Commit(alerts=dressed)))

    def _tell(self, new: Sequence[Alert]) -> None:
        if new:
            self.counters["alerts_raised_total"] += len(new)
            self._on_alerts(new)

    async def tick(self, now: float) -> None:
        """Let time pass: give up holes, end movements that rest, put away what is idle."""
        lane = self._settings.identity_lane
        async with self._lock:
            if now < self._ticked:
                self._set_back(now)
            self._ticked = now
            group = Group(now)
            with self._undone_unless_committed(group):
                await self._memory.refresh(now)
                for tab in [tab for tab in self._memory.tabs.values() if tab.stream.waiting]:
                    self._take(group, tab, None)
                self._rest(group, now - lane.rest)
                if group.ready or group.resting:
                    await self._finish(group)
            idle = self._settings.ingest.tab_idle
            self._memory.put_away(now - idle, now - max(lane.session_gap, lane.rest) - 1.0)

    def _set_back(self, now: float) -> None:
        """The clock was set back: nothing was heard of later than now, or it would never rest."""
        for live in self._memory.live.values():
            live.seen = min(live.seen, now)
        for tab in self._memory.tabs.values():
            tab.last_seen = min(tab.last_seen, now)

    async def _keep_time(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            try:
                await self.tick(self._clock())
            except Exception as error:  # time goes on, whatever went wrong in a second of it
                self.counters['ingest_dropped_total{cause="tick"}'] += 1
                if isinstance(error, StoreError):
                    log.warning("tick_failed", extra={"fault": str(error)})
                else:
                    log.exception("tick_failed", extra={"fault": type(error).__name__})

    @contextmanager
    def _at_work(self, batches: int) -> Iterator[None]:
        self.scoring = batches
        try:
            yield
        finally:
            self.scoring = 0

    @contextmanager
    def _undone_unless_committed(self, group: Group) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._memory.undo(group)
            raise

    def _read(self, accepted: Sequence[Accepted]) -> list[Arrived | WireError]:
        allow_json = self._settings.ingest.allow_json
        return arrive_many(accepted, allow_json)

    def _admit(self, group: Group, source: Accepted, item: Arrived | WireError) -> Receipt:
        """Put one batch in its tab's order, and take what can be taken."""
        if isinstance(item, WireError):
            group.rejects.append((group.now, str(item), source.claim.user))
            self.counters[f'ingest_dropped_total{{cause="{item}"}}'] += 1
            self._sightings.lost(source.claim)
            return Receipt.MALFORMED
        claim, batch = source.claim, item.batch
        key, tab = _key(claim), self._memory.tabs[batch.tab]
        group.tabs[tab.tab] = tab
        tab.last_seen = group.now
        offer = self._offer(tab, key, item, group.now)
        if offer is not Offer.DUPLICATE:
            late = offer is not Offer.NEW
            group.raw.append(RawRow(tab.tab, batch.seq, claim.received, claim, source.body, late))
        if offer is Offer.NEW:
            self._take(group, tab, batch.seq)
            if tab.stream.is_held(batch.seq):
                held = HeldRow(tab.tab, batch.seq, claim.received, claim, source.body)
                group.held.append(held)
        if offer is Offer.FORKED:
            self._sightings.forked(claim, batch.tab)
        self._tally.batch(offer, item)
        return _RECEIPTS[offer]

    @staticmethod
    def _offer(tab: LiveTab, key: Key, item: Arrived, now: float) -> Offer:
        """What a batch is to its tab.

        A tab has one owner, as its page token is bound to user and client: anybody else forks it.
        """
        if not tab.forked and tab.key == key:
            offer = tab.stream.offer(item.batch.seq, digest(item.accepted.body), item, now)
            tab.forked = offer is Offer.FORKED
            return offer
        return Offer.FORKED

    def _take(self, group: Group, tab: LiveTab, new: int | None) -> None:
        """Move what is in order to the group; of that, `new` has never been held in the store."""
        group.tabs[tab.tab] = tab
        for ready in tab.stream.take(group.now, self._settings.ingest.reorder):
            group.ready.append((tab, ready))
            if ready.seq != new:
                group.delivered.append((tab.tab, ready.seq))

    def _rest(self, group: Group, since: float) -> None:
        for live in self._memory.live.values():
            if not live.rested and live.seen <= since:
                group.resting.append(live)
                group.live[live.id] = live

    async def _finish(self, group: Group) -> None:
        """Fetch what is needed, compute, commit, tell."""
        for key in {tab.key for tab, _ in group.ready}:
            if not self._memory.has(key):
                await self._memory.fetch(key, group.now)
        gap, skew = self._settings.identity_lane.session_gap, self._settings.ingest.skew
        with self._tally.timed("score_seconds"):
            await asyncio.get_running_loop().run_in_executor(
                self._worker, advance, group, self._memory.live, self._memory.begin, gap, skew
            )
        found = [row_of(live, outcome, group.now) for live, outcome in group.outcomes]
        rows = [row for row in found if row is not None]
        alerts = await self._alerts(group, rows) + await self._sighted(group)
        commit = Commit(
            raw=group.raw,
            tabs=[tab.row() for tab in group.tabs.values()],
            held=group.held,
            delivered=group.delivered,
            sessions=[live.row() for live in group.live.values()],
            trajectories=rows,
            alerts=await self._dress(alerts, group.now),
            rejects=group.rejects,
            deletions=self._memory.deletions,
        )
        with self._tally.timed("ingest_commit_seconds"):
            new = await self._store.commit(commit)
        self._tally.rows(commit)
        # Only what is stored for good has been seen before: a group that failed comes again.
        for check in checks(self._recipes):
            check.detector.remember(
                [
                    outcome.trajectory
                    for _, outcome in group.outcomes
                    if isinstance(outcome, Scored) and outcome.lane == check.name
                ]
            )
        self._tally.committed(group)
        self._tell(new)

    async def _alerts(self, group: Group, rows: Sequence[TrajectoryRow]) -> list[Alert]:
        """An alert for each verdict against a user, with the scores that it rests on."""
        alerts = []
        for live, verdict in group.outcomes:
            if isinstance(verdict, Verdict) and not verdict.genuine:
                alerts.append(await self._alert(live, verdict, rows, group.now))
        return self._brake.pressed(alerts, group.now)

    async def _alert(
        self, live: Live, verdict: Verdict, rows: Sequence[TrajectoryRow], now: float
    ) -> Alert:
        compared = (live.id, verdict.lane, verdict.version)
        fresh = [
            row
            for row in rows
            if (row.session, row.lane, row.template_version) == compared
            and row.number <= verdict.number
        ]
        stored = await self._store.trajectories_of(
            live.id, verdict.lane, verdict.window, verdict.version
        )
        known = {row.number: row for row in (*stored, *fresh)}
        rested_on = [known[number] for number in sorted(known)]
        judged = judged_by(live, verdict)
        alert = alert_of(live, verdict, judged[1] if judged else None, rested_on, now)
        if judged is None or not self._settings.alerts.resembles:
            return alert
        recipe, template = judged
        # Whoever it may be is looked for once an alert, not on the way of every movement.
        enrolled = await self._memory.enrolled(template.device)
        resembles = await asyncio.get_running_loop().run_in_executor(
            self._worker, resemblance_of, alert, rested_on, enrolled, recipe
        )
        return replace(alert, resembles=resembles)

    async def _sighted(self, group: Group) -> list[Alert]:
        """What the batches of a group tell of programs; counted where numbers are crunched."""
        loop = asyncio.get_running_loop()
        seen = self._sightings.seen
        return self._tally.silent(await loop.run_in_executor(self._worker, seen, group.ready))
