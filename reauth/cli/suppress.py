"""`reauth suppress`, `reauth maintenance`: alerts that nobody is to be called for, until when."""

import asyncio
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from dataclasses import asdict

from reauth import app
from reauth.alert_document import rfc3339, rule_document
from reauth.cli.command import (
    Commands,
    command,
    moment,
    print_json,
    print_table,
    settings_of,
    subcommands,
    user_name,
)
from reauth.cli.deeds import noted, who
from reauth.drill import EVERY
from reauth.suppression import MAINTENANCE, RULE, Rule, Scope

_TEACH_RULE = """\
A rule holds back the alerts that it covers, until it ends: they are kept, shown as suppressed, and
no sink is told. Whoever is named as its owner answers for it.

examples:
  reauth suppress add --user anna --hours 48 --reason "broken wrist, mouse on the left"
  reauth suppress add --network 10.9.0.0/16 --kind impostor --hours 8 --reason "training room"
  reauth suppress list
  reauth suppress end rule-5f1d33a09c21
"""
_TEACH_WINDOW = """\
A window of maintenance holds back every alert that it covers, all of them where nothing narrows it.

examples:
  reauth maintenance add --from 2026-06-01T20:00:00Z --hours 4 --reason "new browsers everywhere"
  reauth maintenance list
  reauth maintenance end maintenance-09bb7e2f11a0
"""
HOUR = 3600.0


def add(commands: Commands) -> None:
    """Add both commands to the command line."""
    for name, kind, about, teach in (
        ("suppress", RULE, "keep alerts of some kind from calling anybody", _TEACH_RULE),
        ("maintenance", MAINTENANCE, "keep alerts from calling anybody for a time", _TEACH_WINDOW),
    ):
        verbs = subcommands(command(commands, name, None, about, teach))
        adding = command(verbs, "add", _add, "make one, with a reason and an end", teach)
        _scope(adding)
        adding.add_argument("--from", type=moment, dest="begins", metavar="RFC3339", help="or now")
        adding.add_argument("--hours", type=_hours, required=True, metavar="N", help="it stands")
        adding.add_argument("--reason", required=True, metavar="TEXT", help="kept in the audit")
        adding.add_argument("--owner", metavar="NAME", help="who answers for it; you")
        adding.add_argument("--json", action="store_true", help="print an object")
        listing = command(verbs, "list", _list, "list them, and what they held back", teach)
        listing.add_argument("--json", action="store_true", help="print an array")
        ending = command(verbs, "end", _end, "end one now", teach)
        ending.add_argument("id", metavar="ID")
        for one in (adding, listing, ending):
            one.set_defaults(suppressing=kind)


def _scope(parser: ArgumentParser) -> None:
    parser.add_argument("--user", type=user_name, metavar="USER")
    parser.add_argument("--lane", choices=("identity", "bot", "replay"))
    parser.add_argument("--kind", choices=EVERY)
    parser.add_argument("--site", metavar="HASH", help="a site's keyed hash, as alerts have it")
    parser.add_argument("--network", metavar="CIDR", help="clients within it")


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = 0.0
    if not 0 < hours < float("inf"):
        raise ArgumentTypeError(f"'{text}' is not a number of hours above 0")
    return hours


def _add(args: Namespace) -> int:
    rule = asyncio.run(_added(args))
    if args.json:
        print_json(rule_document(rule))
    else:
        print(f"{rule.id} stands until {rfc3339(rule.ends)}")
    return 0


async def _added(args: Namespace) -> Rule:
    scope = Scope(args.user, args.lane, args.kind, args.site, args.network)
    begins = app.now() if args.begins is None else args.begins
    times = begins, begins + args.hours * HOUR
    rule = Rule("", args.suppressing, args.owner or who(), args.reason, *times, scope)
    async with (
        app.opened_doors(settings_of(args)) as doors,
        noted(doors.audit, _named(args, "add"), _about(scope), args.reason),
    ):
        return await app.triage_of(doors).suppress(rule)


def _list(args: Namespace) -> int:
    rules = asyncio.run(_listed(args))
    if args.json:
        print_json([rule_document(rule) for rule in rules])
    elif rules:
        head = ("id", "from", "until", "owner", "holds back", "held", "reason")
        print_table(head, map(_row, rules))
    else:
        print("none")
    return 0


async def _listed(args: Namespace) -> list[Rule]:
    async with app.opened_doors(settings_of(args)) as doors:
        return await doors.suppressions.rules(args.suppressing)


def _row(rule: Rule) -> tuple[object, ...]:
    times = rfc3339(rule.begins), rfc3339(rule.ends)
    return rule.id, *times, rule.owner, _about(rule.scope), rule.held, rule.reason


def _end(args: Namespace) -> int:
    rule = asyncio.run(_ended(args))
    print(f"{rule.id} ended at {rfc3339(rule.ends)}; it held back {rule.held} alerts")
    return 0


async def _ended(args: Namespace) -> Rule:
    async with (
        app.opened_doors(settings_of(args)) as doors,
        noted(doors.audit, _named(args, "end"), args.id),
    ):
        return await app.triage_of(doors).end(args.id, args.suppressing)


def _named(args: Namespace, verb: str) -> str:
    """What the audit calls it."""
    return f"{'suppression' if args.suppressing == RULE else 'maintenance'}.{verb}"


def _about(scope: Scope) -> str:
    told = [f"{name} {value}" for name, value in asdict(scope).items() if value is not None]
    return ", ".join(told) or "everything"
