"""`reauth alerts`: what was noticed, and what people made of it."""

import asyncio
import sys
from argparse import Namespace
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from reauth import app, drill
from reauth.alert import VERDICTS, Alert, Severity, State
from reauth.alert_document import alert_document, group_document, rfc3339
from reauth.cli.command import (
    Commands,
    command,
    count,
    moment,
    print_json,
    print_table,
    settings_of,
    subcommands,
)
from reauth.cli.deeds import noted, who
from reauth.errors import ReauthError
from reauth.grouping import grouped
from reauth.triage import Closing, Triage

_TEACH = """\
An alert is open until somebody takes it (ack), then confirmed (it was somebody else) or dismissed
(it was the user). Movement of a confirmed session never trains the user's template.

examples:
  reauth alerts list --state open
  reauth alerts show ID
  reauth alerts ack ID --note "asking her"
  reauth alerts confirm ID --note "she was on holiday"
  reauth alerts dismiss ID --verdict benign --note "new mouse"
  reauth alerts assign ID anna
  reauth alerts tag ID new-mouse --remove night
  reauth alerts list --severity high --severity critical
"""

_ABOUT_LIST = """\
Oldest first. A script reads on from where it was: --cursor takes the id of the last alert seen.

example:
  reauth alerts list --since 2026-01-31T00:00:00Z --limit 100 --json
"""

_ABOUT_TEST = """\
It goes the whole way: store, sinks, console. It is about nobody, carries "test": true everywhere,
is closed with the verdict `test`, and counts nowhere.

example:
  reauth alerts test --kind replay --severity high
"""


_ABOUT_GROUPS = """\
Alerts of one user and lane, each half an hour or less after the one before; the newest group first.
Nothing is merged: `reauth alerts show ID` has each.
"""


def add(commands: Commands) -> None:
    """Add the command to the command line."""
    top = command(commands, "alerts", None, "list, show, acknowledge and close alerts", _TEACH)
    verbs = subcommands(top)
    listing = command(verbs, "list", _list, "list alerts, oldest first", _ABOUT_LIST)
    listing.add_argument("--state", choices=[state.value for state in State])
    listing.add_argument("--severity", choices=[*map(str, Severity)], action="append", default=[])
    listing.add_argument("--since", type=moment, metavar="RFC3339", help="raised then or later")
    listing.add_argument("--limit", type=count, default=sys.maxsize, metavar="N", help="at most")
    listing.add_argument("--cursor", metavar="ID", help="id of the last alert seen")
    listing.add_argument("--json", action="store_true", help="print an array")
    groups = command(verbs, "groups", _groups, "list alerts that belong together", _ABOUT_GROUPS)
    groups.add_argument("--since", type=moment, metavar="RFC3339", help="raised then or later")
    groups.add_argument("--json", action="store_true", help="print an array")
    show = command(verbs, "show", _show, "show an alert with its evidence", _TEACH)
    show.add_argument("id", metavar="ID")
    show.add_argument("--json", action="store_true", help="print an object")
    assigning = command(verbs, "assign", _assign, "put an alert in somebody's hands", _TEACH)
    assigning.add_argument("id", metavar="ID")
    assigning.add_argument("to", metavar="NAME", nargs="?", help="nobody, where it is left out")
    tagging = command(verbs, "tag", _tag, "put words on an alert to find it by", _TEACH)
    tagging.add_argument("id", metavar="ID")
    tagging.add_argument("tags", metavar="TAG", nargs="*", help="put on")
    tagging.add_argument("--remove", action="append", default=[], metavar="TAG", help="take off")
    annotating = command(verbs, "note", _note, "write a note on an alert", _TEACH)
    annotating.add_argument("id", metavar="ID")
    annotating.add_argument("note", metavar="TEXT")
    testing = command(verbs, "test", _test, "raise a test alert, marked as one", _ABOUT_TEST)
    testing.add_argument("--kind", choices=drill.EVERY, default="impostor")
    testing.add_argument("--severity", choices=[*map(str, Severity)], default="medium")
    testing.add_argument("--json", action="store_true", help="print the alert")
    for name, about in (
        ("ack", "take an open alert"),
        ("confirm", "close an acknowledged alert: it was somebody else"),
        ("dismiss", "close an acknowledged alert: it was the user"),
    ):
        moving = command(verbs, name, _move, about, _TEACH)
        moving.set_defaults(action=name)
        moving.add_argument("id", metavar="ID")
        moving.add_argument("--note", default="", metavar="TEXT", help="why; kept in the history")
        if name != "ack":
            moving.add_argument("--verdict", choices=list(VERDICTS), metavar="NAME", help=_VERDICTS)


_VERDICTS = f"one of {', '.join(VERDICTS)}"


def _list(args: Namespace) -> int:
    return asyncio.run(_listed(args))


async def _listed(args: Namespace) -> int:
    state = None if args.state is None else State(args.state)
    async with app.opened_store(settings_of(args)) as store:
        if args.cursor is not None and await store.alert(args.cursor) is None:
            raise _unknown(args.cursor)
        found = await store.alerts(state, args.since, args.limit, args.cursor, args.severity)
    if args.json:
        print_json([alert_document(alert) for alert in found])
    elif found:
        print_table(("id", "raised", "state", "kind", "user", "low scores"), map(_row, found))
    else:
        print("no alerts")
    return 0


def _groups(args: Namespace) -> int:
    return asyncio.run(_grouped(args))


async def _grouped(args: Namespace) -> int:
    async with app.opened_store(settings_of(args)) as store:
        found = grouped(await store.alerts(since=args.since, limit=sys.maxsize))
    told = [group_document(group) for group in found]
    if args.json:
        print_json(told)
    elif told:
        keys = ("count", "waiting", "severity", "lane", "user", "client", "last_at")
        print_table(keys, ([group[key] for key in keys] for group in told))
    else:
        print("no alerts")
    return 0


def _row(alert: Alert) -> tuple[object, ...]:
    low = f"{alert.low} of {alert.window}"
    raised = rfc3339(alert.raised_at)
    return alert.id, raised, alert.state, alert.kind, alert.user or "unknown", low


def _show(args: Namespace) -> int:
    return asyncio.run(_shown(args))


async def _shown(args: Namespace) -> int:
    async with app.opened_store(settings_of(args)) as store:
        alert = await store.alert(args.id)
    if alert is None:
        raise _unknown(args.id)
    document = alert_document(alert)
    if args.json:
        print_json(document)
        return 0
    if document["resembles"]:
        told = "{user}, {posterior:.0%}: evidence where to look, no proof"
        document["resembles"] = told.format(**document["resembles"])
    evidence, history = document.pop("evidence"), document.pop("history")
    rows = [(name, value) for name, value in document.items() if value not in (None, "", False)]
    print_table(("", ""), rows)
    print(f"\n{len(evidence)} scores, oldest first; * is below the threshold")
    print("  ".join(f"{item['score']:.2f}{'*' if item['low'] else ''}" for item in evidence))
    for step in history:
        print(f"{step['at']}  {step['action']} by {step['by']}  {step['note']}".rstrip())
    return 0


def _move(args: Namespace) -> int:
    return asyncio.run(_moved(args))


async def _moved(args: Namespace) -> int:
    closing = Closing(args.note, getattr(args, "verdict", None))
    async with _working(args, args.action) as triage:
        moved = await triage.move(args.id, args.action, who(), closing)
    verdict = f", verdict {moved.verdict}" if moved.verdict else ""
    print(f"{moved.id} is {moved.state}{verdict}")
    return 0


@asynccontextmanager
async def _working(args: Namespace, action: str) -> AsyncIterator[Triage]:
    """What is done to the alert that was named, noted in the audit."""
    async with (
        app.opened_doors(settings_of(args)) as doors,
        noted(doors.audit, f"alert.{action}", args.id),
    ):
        yield app.triage_of(doors)


def _assign(args: Namespace) -> int:
    return asyncio.run(_assigned(args))


async def _assigned(args: Namespace) -> int:
    async with _working(args, "assign") as triage:
        alert = await triage.assign(args.id, args.to, who())
    print(f"{alert.id} is {alert.assignee or 'nobody'}'s")
    return 0


def _tag(args: Namespace) -> int:
    return asyncio.run(_tagged(args))


async def _tagged(args: Namespace) -> int:
    async with _working(args, "tag") as triage:
        alert = await triage.tag(args.id, args.tags, args.remove, who())
    print(f"{alert.id}: {' '.join(alert.tags) or 'no tags'}")
    return 0


def _note(args: Namespace) -> int:
    return asyncio.run(_annotated(args))


async def _annotated(args: Namespace) -> int:
    async with _working(args, "note") as triage:
        alert = await triage.note(args.id, args.note, who())
    print(f"{alert.id}: {alert.note}")
    return 0


def _test(args: Namespace) -> int:
    return asyncio.run(_drilled(args))


async def _drilled(args: Namespace) -> int:
    async with (
        app.opened_doors(settings_of(args)) as doors,
        noted(doors.audit, "alert.test", args.kind),
    ):
        alert = await app.triage_of(doors).drill(args.kind, Severity(args.severity))
    if args.json:
        print_json(alert_document(alert))
    else:
        print(f"{alert.id} is a test, told to {len(settings_of(args).sinks.urls)} sinks while")
        print(f"`reauth run` is up; close it with `reauth alerts ack {alert.id}` and `dismiss`")
    return 0


def _unknown(alert_id: str) -> ReauthError:
    return ReauthError(f"there is no alert '{alert_id}'; `reauth alerts list` has them all")
