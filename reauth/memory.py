"""What the engine keeps in memory, fetched from the store when it is needed and put away when idle.

Losing any of it loses nothing: the store knows each tab, session and template as of the last
commit. So whatever a failed commit has touched is simply forgotten.
"""

import logging
import struct
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from reauth.check import Check, checks, keeper
from reauth.claim import Claim, TokenVerdict
from reauth.device import likeness
from reauth.errors import TemplateError
from reauth.group import Arrived, Group, Key, Live, LiveTab, arrive
from reauth.lane import Recipe
from reauth.order import TabStream
from reauth.ports import Accepted, SessionRow, Store
from reauth.session import Session, pinned
from reauth.template import Template

log = logging.getLogger(__name__)

_TEMPLATES = 4096
"""Templates kept: 32 to 147 kB each (scale.md section 2), 0.6 GB at the very most."""
_CANDIDATES = 200
"""Users whom the movement under an alert is compared with: as many as are loaded in half a second
at the very worst, while everything else waits."""
_REFRESH = 1.0
"""s between looks at what other commands have changed; interfaces.md promises 5 s."""


class Memory:
    """Tabs, live sessions and templates.

    Parameters
    ----------
    recipes
        The lanes of every session.
    """

    def __init__(self, store: Store, recipes: Sequence[Recipe | Check]) -> None:
        self._store = store
        self._recipes = recipes
        self._actives: dict[str, dict[str, int]] = {}
        self._templates: dict[tuple[str, int], Template] = {}
        self._unusable: set[tuple[str, int]] = set()
        self._learnt: dict[str, tuple[float, bytes]] = {}
        self._version: int | None = None
        self._looked = float("-inf")
        self.deletions: int | None = None
        self.tabs: dict[bytes, LiveTab] = {}
        self.live: dict[Key, Live] = {}
        self.counters: Counter[str] = Counter()

    def undo(self, group: Group) -> None:
        """Forget what a failed group touched, and look before the next what others changed."""
        self._looked = float("-inf")
        for name in group.tabs:
            self.tabs.pop(name, None)
        for live in group.live.values():
            self.live.pop(live.key, None)

    def put_away(self, tabs_before: float, sessions_before: float) -> None:
        """Put out of memory what was last heard of before these times (s)."""
        for tab in [tab for tab in self.tabs.values() if tab.last_seen < tabs_before]:
            if not tab.stream.waiting:
                del self.tabs[tab.tab]
        for live in [live for live in self.live.values() if live.seen < sessions_before]:
            del self.live[live.key]

    async def tab(self, name: bytes, key: Key) -> LiveTab:
        """The tab in memory, else from the store, else a new one of `key`."""
        tab = self.tabs.get(name)
        if tab is None:
            tab = self.tabs[name] = await self._stored_tab(name) or LiveTab(name, key, TabStream())
        return tab

    async def _stored_tab(self, name: bytes) -> LiveTab | None:
        row = await self._store.tab(name)
        if row is None:
            return None
        stream: TabStream[Arrived] = TabStream(row.next_seq, row.recent)
        for held in await self._store.held(name):
            item = arrive(Accepted(held.claim, held.body), allow_json=True)
            if isinstance(item, Arrived):
                stream.hold(held.seq, item, held.received)
        place = (row.offset, row.last_t, row.last_seen, row.forked, row.screen)
        return LiveTab(name, (row.user, row.client), stream, *place)

    def has(self, key: Key) -> bool:
        """Whether all that `fetch` would fetch is here."""
        return key in self.live and len(self._active(key)) == len(self._versions(key[0]))

    def _versions(self, user: str | None) -> Collection[int]:
        """The versions of a user's active templates."""
        return self._actives.get(user, {}).values() if user is not None else ()

    def _active(self, key: Key) -> list[Template]:
        """The active templates of the key's user that are in memory: a session holds on to its own.
        """
        held = _held(self.live[key]) if key in self.live else ()
        own = {template.version: template for template in held}
        found = [
            own.get(version) or self._templates.get((key[0] or "", version))
            for version in self._versions(key[0])
        ]
        return [template for template in found if template is not None]

    async def fetch(self, key: Key, now: float) -> None:
        """Have the key's last session in memory, and its user's templates for one that begins."""
        for version in self._versions(key[0]):
            await self._template(key[0] or "", version)
        if key in self.live:
            return
        row = await self._store.session(*key)
        session = await self._restored(row) if row is not None else None
        if row is not None and session is not None:
            claim = Claim(
                user=row.user,
                client=row.client,
                site=row.site,
                issued=row.last_t,
                received=row.last_t,
                source=row.source,
                confidence=row.confidence,
                page="",
                token=TokenVerdict.RESTORED,
            )
            self.live[key] = Live(row.id, key, row.started, session, claim, now)
            await self._adopt(self.live[key])
            await self._anchor([self.live[key]])

    async def _restored(self, row: SessionRow) -> Session | None:
        """A stored session; None where its user is paused or deleted, or the code has changed."""
        try:
            versions, user = pinned(row.state), row.user or ""
            if versions and user not in self._actives:
                return None
            found = [await self._template(user, version) for version in versions]
            session = self._session([template for template in found if template is not None])
            session.restore(row.state)
        except (TemplateError, ValueError, struct.error):
            return None
        return session

    async def _template(self, user: str, version: int) -> Template | None:
        known = self._templates.get((user, version))
        self.counters[f"model_cache_{'misses' if known is None else 'hits'}_total"] += 1
        if known is None and (user, version) not in self._unusable:
            known = await self._usable(user, version)
            if known is not None:
                while len(self._templates) >= _TEMPLATES:
                    del self._templates[next(iter(self._templates))]
                self._templates[user, version] = known
        return known

    async def enrolled(self, device: str) -> list[Template]:
        """Active templates of a device class, one a user, those at hand first; at most so many."""
        fitting = [(user, _fitting(versions, device)) for user, versions in self._actives.items()]
        known = [(user, version) for user, version in fitting if version is not None]
        wanted = sorted(known, key=lambda name: name not in self._templates)
        found = [await self._template(user, version) for user, version in wanted[:_CANDIDATES]]
        return [template for template in found if template is not None]

    async def _usable(self, user: str, version: int) -> Template | None:
        """A template from the store; None where the code that made it was another.

        Its user counts as not enrolled until there is a newer one, and nobody else is affected.
        """
        try:
            return await self._store.template(user, version)
        except TemplateError as error:
            self._unusable.add((user, version))
            self.counters["templates_unusable_total"] += 1
            log.error("template_unusable", extra={"user": user, "fault": str(error)})
            return None

    async def refresh(self, now: float) -> None:
        """See what other commands have changed: training, pausing, rolling back, deleting."""
        if 0 <= now - self._looked < _REFRESH:
            return
        self._looked = now
        version = await self._store.version()
        if version == self._version:
            return
        deletions = await self._store.deletions()
        if self.deletions not in (None, deletions):
            await self._forget_deleted()
        self.deletions = deletions
        await self._learn()
        self._actives = await self._store.actives()
        self._templates = {
            name: template for name, template in self._templates.items() if name[0] in self._actives
        }
        self._unusable = {name for name in self._unusable if name[0] in self._actives}
        for live in list(self.live.values()):
            await self._adopt(live)
        await self._anchor(self.live.values())
        self._version = version

    async def remind(self) -> None:
        """Let the detectors that know movement again know what is stored, and nothing else."""
        for check in checks(self._recipes):
            check.detector.forget()
            if check.detector.remembers:
                lane = keeper(self._recipes, check)
                check.detector.remember(await self._store.newest(lane, check.detector.remembers))

    async def _learn(self) -> None:
        """Let the detectors take up what was learnt of everybody, each model once."""
        for check in checks(self._recipes):
            name = check.detector.name
            learnt = await self._store.learnt(name)
            if learnt is None or self._learnt.get(name) == learnt:
                continue
            self._learnt[name] = learnt
            try:
                check.detector.take(learnt[1])
            except TemplateError as error:
                self.counters["detectors_unusable_total"] += 1
                log.error("detector_unusable", extra={"detector": name, "fault": str(error)})

    async def _forget_deleted(self) -> None:
        """Drop what was remembered of people of whom the store knows no session any more.

        Held batches of others, whom no session is known of yet, come back from the store.
        """
        known = set(await self._store.moved_since(float("-inf")))
        self._templates.clear()
        for live in [live for live in self.live.values() if _deleted(live.key, known)]:
            del self.live[live.key]
        for tab in [tab for tab in self.tabs.values() if _deleted(tab.key, known)]:
            del self.tabs[tab.tab]
        for name in await self._store.held_tabs():
            await self.tab(name, (None, ""))
        await self.remind()

    async def _adopt(self, live: Live) -> None:
        """Give a session its user's templates on devices that it has none of.

        One whose user has none at all is forgotten.
        """
        user = live.key[0] or ""
        versions = self._actives.get(user, {})
        held = {template.device for template in _held(live)}
        if held and not versions:
            del self.live[live.key]
            return
        found = [
            await self._template(user, version)
            for device, version in versions.items()
            if device not in held
        ]
        live.session.take(template for template in found if template is not None)

    async def _anchor(self, sessions: Iterable[Live]) -> None:
        """Let lanes begin anew whose alert was closed: it has been said who it was."""
        alarmed = [
            (live.id, lane)
            for live in sessions
            for first in live.session.lanes
            for lane in first.devices
            if lane.opinion is not None and lane.opinion.alarmed
        ]
        unresolved = await self._store.unresolved() if alarmed else set()
        for session, lane in alarmed:
            if lane.opinion is not None and (session, lane.recipe.name) not in unresolved:
                lane.opinion.anchor()

    def begin(self, name: str, key: Key, claim: Claim, started: float) -> Live:
        """A new session, compared with the user's active templates where there are any."""
        return Live(name, key, started, self._session(self._active(key)), claim)

    def _session(self, templates: Sequence[Template]) -> Session:
        return Session.of(self._recipes).take(templates)


def _held(live: Live) -> list[Template]:
    """The templates that a session compares with."""
    lanes = [lane for first in live.session.lanes for lane in first.devices]
    return [lane.template for lane in lanes if lane.template is not None]


def _fitting(versions: Mapping[str, int], device: str) -> int | None:
    """The version of the class that has most in common with a class; None if none fits."""
    best = max(versions, key=lambda name: likeness(name, device))
    return versions[best] if likeness(best, device) >= 0 else None


def _deleted(key: Key, known: Collection[tuple[str, str]]) -> bool:
    """Whether nothing is known of a user; of nobody known, nothing was ever deleted."""
    return key[0] is not None and key not in known
