"""`reauth replay`: recordings through the same `Session` as live, outcome by outcome.

Movement that is played twice is found to be known, as live; what the store holds is not, so that a
recording may be looked at again. A recording's clock begins at 0, whatever its offset and whatever
the time of day is, so the same files always give the same lines, scores and alert ids.
"""

import asyncio
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, assert_never

from reauth import app
from reauth.alert import Alert
from reauth.check import Check, checks
from reauth.claim import Claim, TokenVerdict
from reauth.cli.command import Commands, bar, command, print_json, settings_of, user_name
from reauth.cli.recordings import Read, read_file
from reauth.event import Event, runs
from reauth.evidence import alert_of, judged_by, row_of
from reauth.group import Live, session_id
from reauth.lane import Recipe
from reauth.outcome import Dropped, Gap, Outcome, Scored, Verdict
from reauth.ports import Commit, Store, TrajectoryRow
from reauth.session import Session
from reauth.settings import IdentityLane
from reauth.template import Template, check

_TEACH = """\
One JSON line an outcome, in order: scored, verdict, dropped, gap, alert. `t` is seconds since the
file's first event. Each file is a session of its own; --join makes them one, as if one person had
left the seat to the next. Nothing is stored without --store.

Of the lanes that ask for programs and recordings, `bot` and `replay`, alerts are told; with
--every-lane all of their outcomes are.

examples:
  reauth replay --user anna friday.csv
  reauth replay --user anna --join friday.csv somebody_else.csv | grep '"alert"'

A user without a template gives `dropped` with the reason not_enrolled: see `reauth enrol status`.
"""

_CLIENT = "replay"
"""Stands for a client's address; no live session has it."""


def add(commands: Commands) -> None:
    """Add the command to the command line."""
    added = command(commands, "replay", _replay, "judge recordings as if they were live", _TEACH)
    added.add_argument(
        "--user", type=user_name, required=True, metavar="U", help="whose template to compare with"
    )
    added.add_argument("--join", action="store_true", help="all files are one session")
    added.add_argument("--store", action="store_true", help="keep scores and alerts, deliver them")
    added.add_argument("--every-lane", action="store_true", help="outcomes of all lanes")
    added.add_argument("files", nargs="+", metavar="FILE")


@dataclass(slots=True)
class Part:
    """A session being replayed: its scores, and what has to be kept of it."""

    live: Live
    rows: list[TrajectoryRow] = field(default_factory=list)
    fresh: list[TrajectoryRow] = field(default_factory=list)
    alerts: dict[str, Alert] = field(default_factory=dict)
    """By lane: a session and lane have one alert until somebody has closed it."""


class Replay:
    """Recordings of one user, one after the other.

    Parameters
    ----------
    templates
        One a device class; none where the user is not enrolled.
    lane
        Its pause lies between joined files, its gap ends sessions.
    join
        Whether all files are one session.
    every_lane
        Whether all outcomes are told of lanes that know nobody, or their alerts only.
    """

    def __init__(
        self,
        user: str,
        recipes: Sequence[Recipe | Check],
        templates: Sequence[Template],
        lane: IdentityLane,
        *,
        join: bool,
        every_lane: bool = False,
    ) -> None:
        self._user = user
        self._recipes = recipes
        self._templates = templates
        self._lane = lane
        self._join = join
        self._quiet = () if every_lane else tuple(asked.name for asked in checks(recipes))
        self._part: Part | None = None

    def file(self, name: str, read: Read, offset: float) -> Iterator[tuple[Part, dict[str, Any]]]:
        """Play one file; give each line with the session that it came from.

        Parameters
        ----------
        offset
            s, added to the clock of what is stored.
        """
        events = read.recording.events
        if not events:
            return
        start = self._start()
        shift = start - events[0].t
        moved = [event._replace(t=event.t + shift) for event in events]
        last = self._part.live.session.last if self._part else None
        for index, run in enumerate(runs(last, moved, self._lane.session_gap)):
            if index or self._part is None:
                self._part = self._begin(read.digest, index, run)
            part = self._part
            outcomes = part.live.session.receive(run) + part.live.session.rest()
            self._remember(outcomes)
            for outcome in outcomes:
                for line in self._lines(part, outcome, offset):
                    yield part, {"file": name, "t": round(line.pop("t") - start, 6), **line}

    def _remember(self, outcomes: Sequence[Outcome]) -> None:
        """What was played has been seen before when it comes again."""
        scored = [outcome for outcome in outcomes if isinstance(outcome, Scored)]
        for asked in checks(self._recipes):
            own = [outcome.trajectory for outcome in scored if outcome.lane == asked.name]
            asked.detector.remember(own)

    def _start(self) -> float:
        """Where a file begins on the session's clock: a joined one a pause after the one before."""
        if not self._join:
            self._part = None
        last = self._part.live.session.last if self._part else None
        return 0.0 if last is None else last + self._lane.pause

    def _begin(self, digest: str, index: int, run: Sequence[Event]) -> Part:
        key = (self._user, _CLIENT)
        started = run[0].t if run else 0.0
        name = session_id(key, bytes.fromhex(digest)[:16], index, started)
        claim = Claim(
            user=self._user,
            client=_CLIENT,
            site="",
            issued=0.0,
            received=0.0,
            source=_CLIENT,
            confidence=1.0,
            page="",
            token=TokenVerdict.OK,
        )
        session = Session.of(self._recipes).take(self._templates)
        return Part(Live(name, key, started, session, claim))

    def _lines(self, part: Part, outcome: Outcome, offset: float) -> Iterator[dict[str, Any]]:
        """The outcome, and the alert that it raises."""
        row = row_of(part.live, outcome, app.now())
        if row is not None:
            moved = replace(row.trajectory, t=row.trajectory.t + offset)
            part.fresh.append(replace(row, trajectory=moved))
            if row.score is not None:
                part.rows.append(part.fresh[-1])
        if isinstance(outcome, Gap) or outcome.lane not in self._quiet:
            yield line_of(outcome)
        if isinstance(outcome, Verdict) and not outcome.genuine:
            if outcome.lane not in part.alerts:
                judged = judged_by(part.live, outcome)
                template = judged[1] if judged else None
                compared = [
                    row
                    for row in part.rows
                    if (row.lane, row.template_version) == (outcome.lane, outcome.version)
                ]
                rows = compared[-outcome.window :]
                alert = alert_of(part.live, outcome, template, rows, app.now())
                part.alerts[outcome.lane] = alert
                yield {
                    "t": outcome.t,
                    "lane": outcome.lane,
                    "kind": "alert",
                    "id": alert.id,
                    "risk": alert.risk.score if alert.risk else None,
                    "window": alert.window,
                    "low": alert.low,
                    "limit": alert.limit,
                    "rule": alert.rule,
                    "level": alert.level,
                    "bound": alert.bound,
                }


def line_of(outcome: Outcome) -> dict[str, Any]:
    """An outcome as interfaces.md §5 has it; `t` on the session's clock."""
    match outcome:
        case Scored(lane=lane, t=t):
            more = {"score": outcome.score, "calibrated": outcome.calibrated}
            return {"t": t, "lane": lane, "kind": "scored", **more}
        case Verdict(lane=lane, t=t):
            return {"t": t, "lane": lane, "kind": "verdict", "genuine": outcome.genuine}
        case Dropped(lane=lane, t=t):
            return {"t": t, "lane": lane, "kind": "dropped", "reason": outcome.reason}
        case Gap(t=t):
            return {"t": t, "lane": None, "kind": "gap", "samples": outcome.samples}
        case _:
            assert_never(outcome)


def _replay(args: Namespace) -> int:
    return asyncio.run(_replayed(args))


async def _replayed(args: Namespace) -> int:
    settings = settings_of(args)
    recipes, identity = app.recipes(settings), app.identity_recipe(settings)
    reads = [read_file(name) for name in bar(args.files, "file")]
    async with app.opened_store(settings) as store:
        versions = (await store.actives()).get(args.user, {}).values()
        found = [await store.template(args.user, version) for version in versions]
        templates = [template for template in found if template is not None]
        for template in templates:
            check(template, identity.features, identity.verifier)
        for asked in checks(recipes):
            learnt = await store.learnt(asked.detector.name)
            if learnt is not None:
                asked.detector.take(learnt[1])
        lane = settings.identity_lane
        how = {"join": args.join, "every_lane": args.every_lane}
        replay = Replay(args.user, recipes, templates, lane, **how)
        whole = sum(_length(read) + lane.pause for read in reads)
        for name, read in zip(args.files, reads, strict=True):
            touched: dict[str, Part] = {}
            offset = app.now() - (whole if args.join else _length(read))
            for part, line in replay.file(name, read, offset):
                touched[part.live.id] = part
                print_json(line)
            if args.store:
                await _keep(store, list(touched.values()), offset)
    return 0


def _length(read: Read) -> float:
    events = read.recording.events
    return events[-1].t - events[0].t if events else 0.0


async def _keep(store: Store, parts: Sequence[Part], offset: float) -> None:
    """Keep what a file brought about; kept twice, it changes nothing."""
    await store.commit(
        Commit(
            sessions=[
                replace(row, started=row.started + offset, last_t=row.last_t + offset)
                for row in (part.live.row() for part in parts)
            ],
            trajectories=[row for part in parts for row in part.fresh],
            alerts=[alert for part in parts for alert in part.alerts.values()],
        )
    )
    for part in parts:
        part.fresh.clear()
