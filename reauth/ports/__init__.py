"""Every door of the house: where data is kept, where alerts go, where a batch comes in.

Rows are plain frozen values; times in them are seconds since 1970 (float) unless they say
otherwise. What implements a door raises `StoreError` or `SinkError` when the world fails it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from reauth.alert import Alert, State
from reauth.claim import Claim
from reauth.news import Event, News
from reauth.person import PersonRow
from reauth.ports.accounts import AccountStore as AccountStore
from reauth.ports.audit import Audit as Audit
from reauth.ports.audit import Checked as Checked
from reauth.ports.audit import Sought as Sought
from reauth.ports.triage import Cases as Cases
from reauth.ports.triage import Suppressions as Suppressions
from reauth.ports.triage import Wanted as Wanted
from reauth.template import Shared, Template
from reauth.trajectory import Trajectory


@dataclass(frozen=True, slots=True)
class TabRow:
    """What is remembered of a tab or frame: where its stream stands.

    `next_seq` is the first sequence number not yet delivered; `offset` (s) is added to the page's
    clock, None before its first batch; `recent` maps the last sequence numbers to digests of their
    batches, to tell a repeated from a forked one; `forked` tabs are stored short, never scored;
    `screen` is the class of the screen, None where it was not told.
    """

    tab: bytes
    user: str | None
    client: str
    next_seq: int
    offset: float | None
    last_t: float
    last_seen: float
    recent: bytes
    forked: bool
    screen: str | None = None


@dataclass(frozen=True, slots=True)
class RawRow:
    """A batch as it came, with its claim; kept for days in a file of its own per day."""

    tab: bytes
    seq: int
    received: float
    claim: Claim
    body: bytes
    late: bool = False


@dataclass(frozen=True, slots=True)
class HeldRow:
    """An acknowledged batch that waits for an earlier one of its tab."""

    tab: bytes
    seq: int
    received: float
    claim: Claim
    body: bytes


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session and all that it remembers (`state`, see `reauth.session.Session.to_bytes`).

    `started` and `last_t` are the page's clock, `seen` ours; `cut` names the lane's segmenter.
    """

    id: str
    user: str | None
    client: str
    started: float
    last_t: float
    seen: float
    site: str
    source: str
    confidence: float
    state: bytes
    cut: str = "pause"


@dataclass(frozen=True, slots=True)
class TrajectoryRow:
    """A trajectory with what was made of it.

    `score` is None where there was none, then `reason` says why. `template_version` is 0 without
    a template. `received` is the wall clock of its batch.
    """

    session: str
    user: str | None
    lane: str
    number: int
    site: str
    received: float
    trajectory: Trajectory
    score: float | None
    reason: str | None
    template_version: int


@dataclass(frozen=True, slots=True)
class Commit:
    """All that one group of batches brought about; stored whole or not at all."""

    raw: Sequence[RawRow] = ()
    tabs: Sequence[TabRow] = ()
    held: Sequence[HeldRow] = ()
    delivered: Sequence[tuple[bytes, int]] = ()
    """(tab, seq) of held batches that have been delivered."""
    sessions: Sequence[SessionRow] = ()
    trajectories: Sequence[TrajectoryRow] = ()
    alerts: Sequence[Alert] = ()
    """New alerts; one that exists is skipped, an unresolved one of session and lane notes it."""
    rejects: Sequence[tuple[float, str, str | None]] = ()
    """(received, reason, user) of refused batches; never a payload."""
    deletions: int | None = None
    """`Store.deletions` as of what this rests on; after another one it is refused."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """News of an alert on its way to one sink."""

    id: int
    alert: Alert
    sink: str
    attempts: int
    event: Event = Event.RAISED


@dataclass(frozen=True, slots=True)
class Health:
    """How the store is, for `/readyz` and the metrics. Sizes in bytes."""

    writable: bool
    schema: int
    db_bytes: int
    wal_bytes: int
    free_share: float
    outbox_depth: int
    alerts_open: int
    users: Mapping[str, int] = field(default_factory=dict)
    outbox_failed: int = 0
    """Deliveries given up: shown in red."""


class Store(Protocol):
    """Where everything is kept. One writer; reads see what was committed."""

    async def commit(self, commit: Commit) -> list[Alert]:
        """Keep a group and its deliveries durably; the alerts that somebody is to be told of.

        Written twice, a group changes nothing.

        Raises
        ------
        StoreError
            Also if somebody was deleted since: what was remembered of them never comes back.
        """

    async def tab(self, tab: bytes) -> TabRow | None:
        """What is remembered of a tab."""

    async def held(self, tab: bytes) -> list[HeldRow]:
        """Acknowledged batches of a tab that wait for an earlier one, in order."""

    async def held_tabs(self) -> list[bytes]:
        """Tabs that have such batches: where a restart goes on."""

    async def session(self, user: str | None, client: str) -> SessionRow | None:
        """The session of a user on a client (of nobody known: of the client) heard of last."""

    async def moved_since(self, since: float) -> list[tuple[str, str]]:
        """(user, client) of sessions that moved at `since` (s) or later; of nobody known, none."""

    async def trajectories_of(
        self, session: str, lane: str, limit: int, version: int | None = None
    ) -> list[TrajectoryRow]:
        """The newest trajectories of a session's lane, oldest first.

        With a version only those that were compared with the template of that one.
        """

    async def version(self) -> int:
        """A number that changes when a process or task changed people, templates; closed alerts."""

    async def deletions(self) -> int:
        """How often anybody was deleted."""

    async def actives(self) -> dict[str, dict[str, int]]:
        """Everyone's active templates, but for those who are paused: device class to version."""

    async def people(self) -> list[PersonRow]:
        """Everyone who has a trajectory or a template, by name."""

    async def person(self, user: str) -> PersonRow | None:
        """One of them."""

    async def genuine(
        self, user: str, limit: int, devices: Collection[str] | None = None
    ) -> list[list[Trajectory]]:
        """A user's trajectories that may train, session by session in order of time, newest kept.

        Trajectories of sessions with an unresolved or confirmed alert are left out, and of other
        device classes than `devices`, if that is given.
        """

    async def background(
        self, without: str, most: int, devices: Collection[str] | None = None,
        lane: str = "identity",
    ) -> dict[str, list[list[Trajectory]]]:  # fmt: skip
        """The others' trajectories as `genuine` has them, at most so many of each; of a lane."""

    async def template(self, user: str, version: int | None = None) -> Template | None:
        """A user's template of a version; None as version means the newest active one.

        The active one of a paused user is None.
        """

    async def templates(self, user: str) -> list[Template]:
        """All versions, oldest first."""

    async def save_template(self, template: Template) -> Template:
        """Keep a template as the user's next version and make it the active one.

        It takes the place of those whose device class does not contradict its own.
        """

    async def shared(self) -> Shared | None:
        """What all users share, as measured last."""

    async def save_shared(self, shared: Shared) -> None:
        """Keep what all users share."""

    async def newest(self, lane: str, limit: int) -> list[Trajectory]:
        """Everybody's trajectories of a lane, oldest session first, the newest kept."""

    async def learnt(self, detector: str) -> tuple[float, bytes] | None:
        """When (s since 1970) a detector has learnt of everybody, and what; None before that."""

    async def save_learnt(self, detector: str, made: float, model: bytes) -> None:
        """Keep what a detector has learnt, in the place of what it had."""

    async def rollback(self, user: str, version: int) -> None:
        """Make an older version the active one, in the place of those as above.

        Raises
        ------
        NotEnrolled
            If there is no such version.
        """

    async def set_paused(self, user: str, paused: bool) -> None:
        """Stop or resume comparing a user; gathering goes on."""

    async def delete_user(self, user: str) -> int:
        """Forget a user's templates, trajectories, sessions, raw batches; how many rows went."""

    async def import_recording(
        self, user: str, digest: str, sessions: Sequence[Sequence[Trajectory]], now: float
    ) -> bool:
        """Keep a recording's trajectories for enrolment; False if this content was known."""

    async def alerts(
        self, state: State | None = None, since: float | None = None, limit: int = 1000,
        cursor: str | None = None, severities: Sequence[str] = (),
    ) -> list[Alert]:  # fmt: skip
        """Alerts by `raised_at`, oldest first, after the alert whose id is `cursor`.

        Of any severity, or of one of those given.
        """

    async def alert(self, alert_id: str) -> Alert | None:
        """One alert."""

    async def unresolved(self) -> set[tuple[str, str]]:
        """(session, lane) of the alerts that nobody has closed yet."""

    async def update_alert(self, alert: Alert, was: State) -> bool:
        """Keep an alert that has moved on from state `was`; False if somebody was faster."""

    async def due(self, now: float, limit: int, without: Collection[str] = ()) -> list[Delivery]:
        """Deliveries whose time has come, but for those to the sinks `without`."""

    async def delivered(self, delivery: int, at: float) -> None:
        """The sink has taken it, at a time (s); the log of attempts says so."""

    async def postponed(self, delivery: int, until: float | None, at: float, fault: str) -> None:
        """It failed at `at`; try again at `until`, or never (None: given up, shown in red)."""

    async def expire(self, now: float) -> dict[str, int]:
        """Delete what is older than its retention; rows (or day files) removed, by table."""

    async def backup(self, path: str) -> None:
        """Write a consistent copy of the main file; never overwrites."""

    async def health(self) -> Health:
        """Probe it, with a write."""


class Sink(Protocol):
    """Where news of alerts are told. `render` does no I/O."""

    name: str
    """The URL that opened it, secrets left out; the outbox names deliveries by it."""

    events: frozenset[Event]
    """What it asks to be told."""

    def render(self, news: News) -> bytes:
        """What will be sent: no coordinate, no feature."""

    async def deliver(self, news: News, payload: bytes, now: float) -> None:
        """Send it.

        Raises
        ------
        SinkError
            If it did not arrive.
        """


@dataclass(frozen=True, slots=True)
class Accepted:
    """A batch that the ingest has admitted, and whom the proxy takes its sender for."""

    claim: Claim
    body: bytes


class Receipt(StrEnum):
    """What became of a batch."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    FORKED = "forked"
    MALFORMED = "malformed"


class Intake(Protocol):
    """Where accepted batches go; a receipt means that one is durable (or refused for good)."""

    @property
    def depth(self) -> int:
        """Batches that wait."""

    async def refused(self, claims: Sequence[Claim]) -> None:
        """Take note of senders whose page tokens the proxy has refused.

        Raises
        ------
        StoreError
            If an alert cannot be kept now.
        """

    async def noted(self, claims: Sequence[Claim]) -> None:
        """Take what the proxy tells beside batches: pages that it served, changes they made.

        Raises
        ------
        StoreError
            If an alert cannot be kept now.
        """

    async def accept(self, batches: Sequence[Accepted]) -> list[Receipt]:
        """Take the batches of one group; return once all of them are durable.

        Raises
        ------
        StoreError
            If they cannot be kept now: the clients must come again.
        Overloaded
            If too much waits already.
        """
