"""`reauth alerts`: what was noticed, and what people made of it."""

import asyncio
import sys
from argparse import Namespace

from reauth import app
from reauth.alert import VERDICTS, Alert, IllegalTransition, State, Step, move
from reauth.alert_document import alert_document, rfc3339
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

_TEACH = """\
An alert is open until somebody takes it (ack), then confirmed (it was somebody else) or dismissed
(it was the user). Movement of a confirmed session never trains the user's template.

examples:
  reauth alerts list --state open
  reauth alerts show ID
  reauth alerts ack ID --note "asking her"
  reauth alerts confirm ID --note "she was on holiday"
  reauth alerts dismiss ID --verdict benign --note "new mouse"
"""

_ABOUT_LIST = """\
Oldest first. A script reads on from where it was: --cursor takes the id of the last alert seen.

example:
  reauth alerts list --since 2026-01-31T00:00:00Z --limit 100 --json
"""


def add(commands: Commands) -> None:
    """Add the command to the command line."""
    top = command(commands, "alerts", None, "list, show, acknowledge and close alerts", _TEACH)
    verbs = subcommands(top)
    listing = command(verbs, "list", _list, "list alerts, oldest first", _ABOUT_LIST)
    listing.add_argument("--state", choices=[state.value for state in State])
    listing.add_argument("--since", type=moment, metavar="RFC3339", help="raised then or later")
    listing.add_argument("--limit", type=count, default=sys.maxsize, metavar="N", help="at most")
    listing.add_argument("--cursor", metavar="ID", help="id of the last alert seen")
    listing.add_argument("--json", action="store_true", help="print an array")
    show = command(verbs, "show", _show, "show an alert with its evidence", _TEACH)
    show.add_argument("id", metavar="ID")
    show.add_argument("--json", action="store_true", help="print an object")
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
        found = await store.alerts(state, args.since, args.limit, args.cursor)
    if args.json:
        print_json([alert_document(alert) for alert in found])
    elif found:
        print_table(("id", "raised", "state", "kind", "user", "low scores"), map(_row, found))
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
    async with (
        app.opened_doors(settings_of(args)) as doors,
        noted(doors.audit, f"alert.{args.action}", args.id),
    ):
        store = doors.store
        alert = await store.alert(args.id)
        if alert is None:
            raise _unknown(args.id)
        step = Step(app.now(), args.action, who(), args.note)
        moved = move(alert, args.action, step, getattr(args, "verdict", None))
        if not await store.update_alert(moved, alert.state):
            raise IllegalTransition(f"somebody was faster: see `reauth alerts show {alert.id}`")
    verdict = f", verdict {moved.verdict}" if moved.verdict else ""
    print(f"{moved.id} is {moved.state}{verdict}")
    return 0


def _unknown(alert_id: str) -> ReauthError:
    return ReauthError(f"there is no alert '{alert_id}'; `reauth alerts list` has them all")
