"""`reauth audit`: who did what, and whether the record of it still holds."""

import asyncio
import json
from argparse import ArgumentTypeError, Namespace
from dataclasses import replace

from reauth import app
from reauth.alert_document import rfc3339
from reauth.audit import Anchor, Entry, Fault, entry_document
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
from reauth.ports import Audit, Checked, Sought

_TEACH = """\
Whatever changes something, in the console, by the API or by these commands, is an entry. Each entry
carries a digest over itself and the one before, so that none can be changed or left out unseen.

examples:
  reauth audit verify
  reauth audit verify --anchor 1204:9f86d0...    a place that the log told of, some other day
  reauth audit list --who anna --action alert.
  reauth audit export > audit.jsonl

An export holds all that the digests are made of: the digest of a line is SHA-256 of the digest
before it (32 zero bytes before the first) and of the line without "digest", its keys in order.
"""
_PAGE = 1000


def add(commands: Commands) -> None:
    """Add the command to the command line."""
    top = command(commands, "audit", None, "tell who did what, and whether it still holds", _TEACH)
    verbs = subcommands(top)
    verify = command(verbs, "verify", _verify, "go through the chain of entries", _TEACH)
    verify.add_argument("--anchor", type=_anchor, metavar="NUMBER:DIGEST", help="must stand there")
    verify.add_argument("--json", action="store_true", help="print an object")
    listing = command(verbs, "list", _list, "list entries, newest first", _TEACH)
    listing.add_argument("--limit", type=count, default=100, metavar="N", help="at most; 100")
    listing.add_argument("--json", action="store_true", help="print an array")
    export = command(verbs, "export", _export, "print entries, oldest first, one a line", _TEACH)
    for asking in (listing, export):
        asking.add_argument("--who", metavar="NAME", help="of this person")
        asking.add_argument("--action", default="", metavar="NAME", help="or how it begins: alert.")
        asking.add_argument("--since", type=moment, metavar="RFC3339", help="then or later")


def _anchor(text: str) -> Anchor:
    number, _, digest = text.partition(":")
    try:
        found = Anchor(int(number), bytes.fromhex(digest))
    except ValueError:
        found = Anchor(0, b"")
    if len(found.digest) != 32:
        raise ArgumentTypeError(f"'{text}' is not NUMBER:DIGEST with 64 hexadecimal digits")
    return found


def _verify(args: Namespace) -> int:
    checked = asyncio.run(_checked(args))
    fault, head = checked.fault, checked.head
    if args.json:
        wrong = None if fault is None else {"number": fault.number, "why": fault.why}
        told = {"ok": fault is None, "entries": checked.entries, "fault": wrong}
        print_json({**told, "head": {"number": head.number, "digest": head.digest.hex()}})
    elif fault is None:
        print(f"{checked.entries} entries, the chain holds; {head.number}:{head.digest.hex()}")
    else:
        print(f"broken at entry {fault.number}: {fault.why}; trust nothing from there on")
    return int(fault is not None)


async def _checked(args: Namespace) -> Checked:
    async with app.opened_doors(settings_of(args)) as doors:
        checked = await doors.audit.check()
        if args.anchor is None or checked.fault is not None:
            return checked
        return replace(checked, fault=await _unlike(doors.audit, checked, args.anchor))


async def _unlike(audit: Audit, checked: Checked, anchor: Anchor) -> Fault | None:
    """What speaks against an anchor; None where it stands in the chain."""
    if anchor.number < checked.base.number:
        return Fault(anchor.number, "retention has taken it: compare with a newer anchor")
    found = await audit.entries(Sought(after=anchor.number - 1), 1)
    here = [checked.base, *(Anchor(entry.number, entry.digest) for entry in found)]
    return None if anchor in here else Fault(anchor.number, "not the entry that the anchor names")


def _sought(args: Namespace, after: int | None = None) -> Sought:
    return Sought(who=args.who, action=args.action, since=args.since, after=after)


def _list(args: Namespace) -> int:
    entries = asyncio.run(_listed(args))
    if args.json:
        print_json([entry_document(entry) for entry in entries])
    elif entries:
        head = ("number", "at", "who", "action", "subject", "", "from", "reason")
        print_table(head, map(_row, entries))
    else:
        print("no entries")
    return 0


async def _listed(args: Namespace) -> list[Entry]:
    async with app.opened_doors(settings_of(args)) as doors:
        return await doors.audit.entries(_sought(args), args.limit)


def _row(entry: Entry) -> tuple[object, ...]:
    deed = entry.deed
    told = entry.number, rfc3339(deed.at), deed.who, deed.action, deed.subject
    return *told, "done" if deed.done else "refused", deed.address, deed.reason


def _export(args: Namespace) -> int:
    return asyncio.run(_exported(args))


async def _exported(args: Namespace) -> int:
    after = 0
    async with app.opened_doors(settings_of(args)) as doors:
        while entries := await doors.audit.entries(_sought(args, after), _PAGE):
            for entry in entries:
                print(json.dumps(entry_document(entry)))
            after = entries[-1].number
    return 0
