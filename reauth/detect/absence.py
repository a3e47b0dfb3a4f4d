"""Programs that act without a pointer, and telemetry that no hand can make.

Gamboa and Fred (2004, section 1) observe that whoever lacks the user's pointer may do without one.
So absence is evidence: pages that a browser shows tell that they were there, people who use them
press, touch or type. Impossibility is too: presses where the pointer never went, time that runs
faster than ours. All of it is counted for a person on a client, forgets after `within` seconds, and
is cut short by any input. Input by keyboard, touch, switch or voice is input: the observer tells
that there was some, never what. What is lost on the way makes us blind; it never speaks against
anybody.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from reauth.detect.pointer import Pointer, Told
from reauth.event import Kind
from reauth.settings import Absence as Limits

KEYS = 10_000
"""People and clients kept in mind; of whom nothing was heard for longest is forgotten first."""
PAGES = 64
"""Pages, tabs and sites kept of each."""
BESIDE = 3
"""Acts beside synthetic events: a login takes as many steps, and a page alone goes nowhere."""
FAST = 3
"""Batches of a tab with more than twice the time that has passed since its page was served. One
may come of a clock that was set; twice, as ours may be set too."""
GRACE = 2.0
"""s that a page's clock may run ahead of the note that it was served."""
CONSTANT = 1000
"""Intervals of one length to a tick of 0.1 ms: eight seconds of a 125 Hz mouse, whose own reports
jitter by more."""
FORKS = 3
"""Tabs of which two senders say different things under one number: a machine that was cloned or set
back to an earlier state has one now and then."""
NUMBERS = 100
"""Batches after which a share of them may be judged: 8 minutes of movement."""
FRESH = 10.0
"""s between a movement and its receipt, by both clocks, for it to tell when somebody moved."""
KNOWN = 0.5
"""Confidence of who it is, above which a user in two places is one person: a map of addresses has
this much, and may name a whole network; `default_user` has none."""
_MOVE, _CANCEL = int(Kind.MOVE), int(Kind.CANCEL)


class Reason(StrEnum):
    """Why; the `rule` of the alert."""

    SILENT = "silent"
    NO_INPUT = "no_input"
    AUTOMATION = "automation"
    UNTRUSTED = "untrusted"
    CLICKS = "clicks"
    FAST = "fast"
    CONSTANT = "constant"
    FORKS = "forks"
    GAPS = "gaps"
    TWO_PLACES = "two_places"

    @property
    def kind(self) -> str:
        """Of the alert: nothing came, or it came of no hand."""
        return "absence" if self in (Reason.SILENT, Reason.NO_INPUT) else "bot"


WORDS = {
    Reason.SILENT: "Watched pages that were served, of which none told that it was there",
    Reason.NO_INPUT: "Pages gone to and changes made since the last input of any kind",
    Reason.AUTOMATION: "A browser that says it is driven (navigator.webdriver)",
    Reason.UNTRUSTED: "Synthetic events, and pages gone to, without input",
    Reason.CLICKS: "Presses of a mouse in a row where the pointer had not gone",
    Reason.FAST: "Batches with more time in them than had passed",
    Reason.CONSTANT: "Intervals between moves that were all alike",
    Reason.FORKS: "Tabs of which two senders said different things",
    Reason.GAPS: "Batches that never came",
    Reason.TWO_PLACES: "Seconds in which the pointer moved on two clients at once",
}
"""What the level of an alert counts."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`level` of something has come to the `bound`; it began at `first` (s since 1970)."""

    reason: Reason
    level: float
    bound: float
    first: float


Who = tuple[str | None, str]
"""Whose: user and client; of nobody known, the client alone."""


class Tally:
    """The last times of something, as many as are wanted within a span.

    Examples
    --------
    >>> tally = Tally(3, within=60.0, spacing=5.0)
    >>> [tally.add(at) for at in (0.0, 1.0, 10.0, 50.0, 80.0)]
    [False, False, False, True, False]
    """

    __slots__ = ("_spacing", "_within", "times")

    def __init__(self, bound: int, within: float, spacing: float = 0.0) -> None:
        self.times: deque[float] = deque(maxlen=bound)
        self._within = within
        self._spacing = spacing

    def add(self, at: float) -> bool:
        """Note one at `at` (s); True where as many as wanted fall into the span."""
        if self.times and 0 <= at - self.times[-1] < self._spacing:
            return False
        self.times.append(at)
        return len(self.times) == self.times.maxlen and 0 <= at - self.times[0] <= self._within

    def recent(self, at: float) -> int:
        """How many fall into the span that ends at `at`."""
        return sum(0 <= at - time <= self._within for time in self.times)

    def found(self, reason: Reason, bound: float) -> Finding:
        """What it came to; counting begins anew."""
        finding = Finding(reason, len(self.times), bound, self.times[0])
        self.times.clear()
        return finding


@dataclass(slots=True)
class _Tab:
    """What a tab told: its first time by the page's clock, and when its page was served."""

    first: float
    served: float | None
    resolution: float | None = None
    untrusted: int = 0


class _Trail:
    """What is counted of one person on one client."""

    def __init__(self, limits: Limits) -> None:
        within, spacing = limits.within, limits.spacing
        self.silent = Tally(limits.silent_pages, within, spacing)
        self.acts = Tally(limits.acts, within, spacing)
        self.fast = Tally(FAST, within)
        self.forks = Tally(FORKS, within)
        self.pointer = Pointer()
        self.served: OrderedDict[str, float] = OrderedDict()
        self.sites: OrderedDict[str, None] = OrderedDict()
        self.tabs: OrderedDict[bytes, _Tab] = OrderedDict()
        self.forked: OrderedDict[bytes, None] = OrderedDict()
        self.untrusted = 0
        self.untrusted_since = 0.0
        self.webdriver = False
        self.numbers = self.missing = 0

    def tab(self, told: Told) -> _Tab:
        """Of a batch; a new one begins with it."""
        tab = self.tabs.pop(told.tab, None) or _Tab(told.base, self.served.get(told.page))
        self.tabs[told.tab] = tab
        _bound(self.tabs, PAGES)
        return tab


class Absence:
    """Counts what is missing and what is impossible, for each person on each client."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._trails: OrderedDict[Who, _Trail] = OrderedDict()
        self._moving: OrderedDict[str, _Places] = OrderedDict()

    def page(self, who: Who, page: str, site: str, again: bool, at: float) -> list[Finding]:
        """A watched page was served (s since 1970): `again`, if it was served of late."""
        trail = self._trail(who)
        trail.served[page], trail.sites[site] = at, None
        _bound(trail.served, PAGES)
        _bound(trail.sites, PAGES)
        found = []
        if trail.silent.add(at):
            found.append(trail.silent.found(Reason.SILENT, self._limits.silent_pages))
        return found if again else found + self._act(trail, at)

    def unsafe(self, who: Who, site: str, at: float) -> list[Finding]:
        """A page of the site changed something; sites without a watched page tell of nobody."""
        trail = self._trail(who)
        return self._act(trail, at) if site in trail.sites else []

    def lost(self, who: Who) -> None:
        """Something of theirs was refused unread: it may have been anything."""
        trail = self._trails.get(who)
        if trail:
            trail.silent.times.clear()
            _used(trail)

    def forked(self, who: Who, tab: bytes, at: float) -> list[Finding]:
        """A batch contradicts another of its number, or comes of a tab of which one did."""
        self.lost(who)
        trail = self._trail(who)
        if tab in trail.forked:
            return []
        trail.forked[tab] = None
        _bound(trail.forked, PAGES)
        return [trail.forks.found(Reason.FORKS, FORKS)] if trail.forks.add(at) else []

    def heard(self, who: Who, told: Told) -> list[Finding]:
        """A batch has come, in the order of its tab."""
        trail = self._trail(who)
        tab = trail.tab(told)
        trail.silent.times.clear()
        trail.sites[told.site] = None
        _bound(trail.sites, PAGES)
        if told.resolution is not None:
            tab.resolution = told.resolution
        if told.input or bool((np.asarray(told.kinds) <= _CANCEL).any()):
            _used(trail)
        trail.webdriver = trail.webdriver or told.webdriver
        found = [
            *self._synthetic(trail, tab, told),
            *self._pressed(trail, tab, told),
            *_hurried(trail, tab, told),
            *_lost_batches(trail, told),
            *self._elsewhere(who, told),
        ]
        if told.webdriver and self._limits.automation:
            found.append(Finding(Reason.AUTOMATION, 1, 1, told.at))
        return found

    def _act(self, trail: _Trail, at: float) -> list[Finding]:
        full = trail.acts.add(at)
        found = self._beside(trail, at)
        if full:
            found.append(trail.acts.found(Reason.NO_INPUT, self._limits.acts))
        return found

    def _synthetic(self, trail: _Trail, tab: _Tab, told: Told) -> list[Finding]:
        more = (told.untrusted or 0) - tab.untrusted
        if more <= 0:
            return []
        tab.untrusted += more
        if not trail.untrusted or told.at - trail.untrusted_since > self._limits.within:
            trail.untrusted, trail.untrusted_since = 0, told.at
        trail.untrusted += more
        return self._beside(trail, told.at)

    def _beside(self, trail: _Trail, at: float) -> list[Finding]:
        """Synthetic events, and acts beside them."""
        bound = self._limits.untrusted
        if trail.untrusted < bound or trail.acts.recent(at) < BESIDE:
            return []
        finding = Finding(Reason.UNTRUSTED, trail.untrusted, bound, trail.untrusted_since)
        trail.untrusted = 0
        return [finding]

    def _pressed(self, trail: _Trail, tab: _Tab, told: Told) -> list[Finding]:
        hand, found = trail.pointer, []
        hand.feed(told, tab.resolution, slow=trail.webdriver)
        if hand.jumps >= self._limits.clicks:
            found.append(Finding(Reason.CLICKS, hand.jumps, self._limits.clicks, hand.since))
            hand.jumps = 0
        if hand.alike >= CONSTANT:
            found.append(Finding(Reason.CONSTANT, hand.alike, CONSTANT, told.at))
            hand.alike = 0
        return found

    def _elsewhere(self, who: Who, told: Told) -> list[Finding]:
        """The same user moves on another client in the same seconds."""
        user, client = who
        bound = self._limits.two_places
        if user is None or not bound or told.confidence <= KNOWN or abs(told.at - told.end) > FRESH:
            return []
        moves = np.asarray(told.kinds) == _MOVE
        if not moves.any():
            return []
        # By our clock: the batch ends as it is received. Two pages' clocks are not compared.
        times = told.at - told.end + told.base + np.asarray(told.times, np.float64)[moves]
        places = self._moving.pop(user, None) or _Places()
        self._moving[user] = places
        _bound(self._moving, KEYS)
        seconds = set(np.unique(times.astype(int)).tolist())
        return places.moved(client, seconds, bound, self._limits.within)

    def _trail(self, who: Who) -> _Trail:
        trail = self._trails.pop(who, None) or _Trail(self._limits)
        self._trails[who] = trail
        _bound(self._trails, KEYS)
        return trail


class _Places:
    """The seconds in which one user moved, by client, and those in which on two at once."""

    CLIENTS = 8
    SECONDS = 120
    """Kept of each client: much longer than a batch waits."""

    def __init__(self) -> None:
        self._seconds: OrderedDict[str, set[int]] = OrderedDict()
        self._both: set[int] = set()

    def moved(
        self, client: str, seconds: set[int], bound: float, within: float
    ) -> list[Finding]:
        newest = max(seconds)
        mine = self._seconds.pop(client, set()) | seconds
        self._seconds[client] = {each for each in mine if each > newest - self.SECONDS}
        _bound(self._seconds, self.CLIENTS)
        others = [known for name, known in self._seconds.items() if name != client]
        self._both |= seconds.intersection(set().union(*others))
        self._both = {each for each in self._both if abs(newest - each) <= within}
        if len(self._both) < bound:
            return []
        finding = Finding(Reason.TWO_PLACES, len(self._both), bound, min(self._both))
        self._both = set()
        return [finding]


def _used(trail: _Trail) -> None:
    """Somebody is there: what was done without anybody was done by them."""
    trail.acts.times.clear()
    trail.untrusted = 0


def _hurried(trail: _Trail, tab: _Tab, told: Told) -> list[Finding]:
    """More time passed in the page than since it was served?"""
    passed = None if tab.served is None else told.at - tab.served
    if passed is None or passed < 0 or told.end - tab.first <= 2 * passed + GRACE:
        return []
    return [trail.fast.found(Reason.FAST, FAST)] if trail.fast.add(told.at) else []


def _lost_batches(trail: _Trail, told: Told) -> list[Finding]:
    """Did half of the last hundred and more never come?"""
    if trail.numbers >= 2 * NUMBERS:
        trail.numbers, trail.missing = trail.numbers // 2, trail.missing // 2
    trail.numbers += 1 + told.missing
    trail.missing += told.missing
    if trail.numbers < NUMBERS or 2 * trail.missing <= trail.numbers:
        return []
    finding = Finding(Reason.GAPS, trail.missing, trail.numbers // 2, told.at)
    trail.numbers = trail.missing = 0
    return [finding]


def _bound(kept: OrderedDict[Any, Any], most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)
