"""One group of batches between its arrival and its commit: pure work on sessions in memory.

The engine fetches what a group needs from the store, this file computes, and the engine commits
what came of it. Nothing here waits for anything.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import nextafter

from reauth.claim import Claim
from reauth.device import screen_class
from reauth.errors import WireError
from reauth.event import Event, Samples, runs
from reauth.lane import Lane
from reauth.order import Ready, TabStream
from reauth.outcome import Outcome
from reauth.ports import Accepted, HeldRow, RawRow, SessionRow, TabRow
from reauth.session import Session, step_many
from reauth.wire import Batch, decode, decode_json, decode_many, samples

MICRO = 64
"""Batches that are worked on at once: their numbers still fit the cache (scale.md section 2)."""

BEHIND = 86_400.0
"""s that a known page's clock may fall behind the time of receipt, beyond the skew: batches wait
in a page while there is no network, but none waits for a day."""

Key = tuple[str | None, str]
"""Whose session it is: user and client; of nobody known, the client alone."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A batch that could be read, with what it came as."""

    accepted: Accepted
    batch: Batch


@dataclass(slots=True)
class LiveTab:
    """A tab in memory: its stream, whose it is, how its clock is set, the class of its screen.

    None is what it has not told yet.
    """

    tab: bytes
    key: Key
    stream: TabStream[Arrived]
    offset: float | None = None
    last_t: float = 0.0
    last_seen: float = 0.0
    forked: bool = False
    screen: str | None = None

    def row(self) -> TabRow:
        """What the store keeps of it."""
        user, client = self.key
        place = (self.stream.next_seq, self.offset, self.last_t, self.last_seen)
        more = (self.stream.recent_bytes(), self.forked, self.screen)
        return TabRow(self.tab, user, client, *place, *more)


@dataclass(slots=True)
class Live:
    """A session in memory; `seen` is when its last batch came, `rested` if nothing came since."""

    id: str
    key: Key
    started: float
    session: Session
    claim: Claim
    seen: float = 0.0
    rested: bool = False

    def row(self) -> SessionRow:
        """What the store keeps of it."""
        user, client = self.key
        last = self.started if self.session.last is None else self.session.last
        times = (self.started, last, self.seen)
        how = (self.claim.site, self.claim.source, self.claim.confidence)
        state, lanes = self.session.to_bytes(), self.session.lanes
        known = [lane for lane in lanes if isinstance(lane, Lane)]
        cut = known[0].recipe.features.segmenter if known else "pause"
        return SessionRow(self.id, user, client, *times, *how, state, cut)


@dataclass(slots=True)
class Group:
    """What one group has touched and brought about."""

    now: float
    raw: list[RawRow] = field(default_factory=list)
    held: list[HeldRow] = field(default_factory=list)
    delivered: list[tuple[bytes, int]] = field(default_factory=list)
    tabs: dict[bytes, LiveTab] = field(default_factory=dict)
    live: dict[str, Live] = field(default_factory=dict)
    ready: list[tuple[LiveTab, Ready[Arrived]]] = field(default_factory=list)
    resting: list[Live] = field(default_factory=list)
    outcomes: list[tuple[Live, Outcome]] = field(default_factory=list)
    rejects: list[tuple[float, str, str | None]] = field(default_factory=list)
    skewed: int = 0


def arrive(accepted: Accepted, allow_json: bool) -> Arrived | WireError:
    """Read a batch, or say what is wrong with it."""
    try:
        readable = allow_json and accepted.body[:1] == b"{"
        batch = decode_json(accepted.body) if readable else decode(accepted.body)
    except WireError as error:
        return error
    return Arrived(accepted, batch)


def arrive_many(accepted: Sequence[Accepted], allow_json: bool) -> list[Arrived | WireError]:
    """Read batches, each as `arrive` does, all of them at once."""
    if allow_json:
        return [arrive(item, allow_json) for item in accepted]
    read = decode_many([item.body for item in accepted])
    return [
        batch if isinstance(batch, WireError) else Arrived(item, batch)
        for item, batch in zip(accepted, read, strict=True)
    ]


def session_id(key: Key, tab: bytes, seq: int, started: float) -> str:
    """A session's name, of where it began: the same input names it alike after a crash."""
    text = f"{key[0]!r}\0{key[1]}\0{tab.hex()}\0{seq}\0{started:.4f}".encode()
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def align(tab: LiveTab, batch: Batch, received: float, skew: float) -> tuple[float, bool]:
    """The batch's base on the session's clock (s since 1970), and whether the clock was set.

    A page keeps its own clock, which is steady within a page. Only where it is more than `skew`
    seconds from the time of receipt at the tab's first batch, or later that far in the future, or
    a day further than that in the past, its offset is set so that the batch ends when it was
    received. So no page can put its events where no calendar goes.
    """
    base = batch.base_ms / 1000
    end = base + (float(batch.times[-1]) if len(batch.times) else 0.0)
    first = tab.offset is None
    ahead = end + (tab.offset or 0.0) - received
    wrong = ahead > skew or -ahead > (skew if first else skew + BEHIND)
    if first or wrong:
        tab.offset = received - end if wrong else 0.0
    return base + (tab.offset or 0.0), wrong


def timed(tab: LiveTab, ready: Ready[Arrived], skew: float) -> tuple[Samples, bool]:
    """A batch's events on the session's clock, a gap in front where samples are missing."""
    batch, received = ready.item.batch, ready.item.accepted.claim.received
    base, wrong = align(tab, batch, received, skew)
    lost = batch.dropped if ready.missing or batch.dropped or wrong else None
    if batch.header.screen is not None:
        tab.screen = screen_class(*batch.header.screen)
    found = samples(batch, base, lost)
    found.screen = tab.screen
    if found:
        tab.last_t = found.times[-1]
    return found, wrong


def advance(
    group: Group,
    sessions: dict[Key, Live],
    begin: Callable[[str, Key, Claim, float], Live],
    gap: float,
    skew: float,
) -> None:
    """Let the sessions receive what is ready, and note what it brings about.

    Parameters
    ----------
    sessions
        The live ones; a session that ends is replaced by the one that follows.
    begin
        Makes a new session from its id, key, claim and start.
    gap
        s; a pause this long ends a session.
    skew
        s; see `align`.
    """
    for at in range(0, len(group.ready), MICRO):
        _step(group, group.ready[at : at + MICRO], sessions, begin, gap, skew)
    for live in group.resting:
        group.outcomes.extend((live, outcome) for outcome in live.session.rest())
        live.rested = True


def _step(
    group: Group,
    part: Sequence[tuple[LiveTab, Ready[Arrived]]],
    sessions: dict[Key, Live],
    begin: Callable[[str, Key, Claim, float], Live],
    gap: float,
    skew: float,
) -> None:
    work: list[tuple[Live, Sequence[Event]]] = []
    last: dict[str, float | None] = {}
    for tab, ready in part:
        found, wrong = timed(tab, ready, skew)
        group.skewed += wrong
        claim = ready.item.accepted.claim
        if not found:
            continue
        before = sessions.get(tab.key)
        live = _ongoing(before, claim.received + skew)
        if live is None and before is not None:
            # The store knows by this which of the two is the newer one.
            before.seen = min(before.seen, nextafter(group.now, 0.0))
            group.live[before.id] = before
        if live is None:
            started = found.times[0]
            name = session_id(tab.key, tab.tab, ready.seq, started)
            live = sessions[tab.key] = begin(name, tab.key, claim, started)
        first, *following = runs(last.get(live.id, live.session.last), found, gap)
        work.append((live, first))
        for run in following:
            group.resting.append(live)
            group.live[live.id] = live
            name = session_id(tab.key, tab.tab, ready.seq, run[0].t)
            live = sessions[tab.key] = begin(name, tab.key, claim, run[0].t)
            work.append((live, run))
        newest, past = found.times[-1], last.get(live.id, live.session.last)
        last[live.id] = newest if past is None else max(past, newest)
        live.claim, live.seen, live.rested = claim, group.now, False
        group.live[live.id] = live
    brought = step_many([(live.session, run) for live, run in work])
    for (live, _), outcomes in zip(work, brought, strict=True):
        group.outcomes.extend((live, outcome) for outcome in outcomes)


def _ongoing(live: Live | None, latest: float) -> Live | None:
    """The session, unless it has been beyond `latest` (s): it ended when our clock was set back.

    It would otherwise go on, whatever the pauses, until that time has come again. What it was
    amid is dropped: nobody knows whether a pause followed.
    """
    if live is None or live.session.last is None or live.session.last <= latest:
        return live
    return None
