"""`reauth sinks`: where alerts are told, whether they arrive, and once more."""

import asyncio
from argparse import ArgumentTypeError, Namespace

from reauth import app
from reauth.alert_document import rfc3339
from reauth.cli.command import Commands, command, print_json, print_table, settings_of, subcommands
from reauth.errors import SinkError
from reauth.integrations import Integration, attempt_document, integration_document
from reauth.ports.deliveries import Attempt

_TEACH = """\
Sinks stand in [sinks] urls of the settings; docs/INTEGRATIONS.md has a row for each kind.

examples:
  reauth sinks list
  reauth sinks test hec+https
  reauth sinks log --limit 20
  reauth sinks redeliver 17
"""


def add(commands: Commands) -> None:
    """Add the command to the command line."""
    verbs = subcommands(command(commands, "sinks", None, "see and test where alerts go", _TEACH))
    listing = command(verbs, "list", _list, "list sinks and what waits for them", _TEACH)
    test = command(verbs, "test", _test, "send a test alert to a sink now", _TEACH)
    test.add_argument("name", metavar="NAME", help="a sink's name, or how only its name begins")
    log = command(verbs, "log", _log, "list attempts to deliver, the newest first", _TEACH)
    log.add_argument("--sink", metavar="NAME", help="of this sink only")
    log.add_argument("--limit", type=_number, default=50, metavar="N", help="at most; 50")
    log.add_argument("--before", type=_number, metavar="ID", help="older than this attempt")
    for verb in (listing, log):
        verb.add_argument("--json", action="store_true", help="print an array")
    again = command(
        verbs, "redeliver", _again, "let a delivery begin anew, under the id that it had", _TEACH
    )
    again.add_argument("id", metavar="ID", type=_number, help="a delivery, as the log has it")


def _number(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 1 << 63:
        raise ArgumentTypeError(f"'{text}' is not a number above 0")
    return int(text)


def _list(args: Namespace) -> int:
    return asyncio.run(_listed(args))


async def _listed(args: Namespace) -> int:
    async with app.opened_integrations(settings_of(args)) as integrations:
        found = await integrations.listed()
    if args.json:
        print_json([integration_document(each) for each in found])
    else:
        head = ("sink", "events", "waiting", "given up", "last")
        print_table(head, map(_row, found))
    return 0


def _row(found: Integration) -> tuple[object, ...]:
    events = ",".join(event.partition(".")[2] for event in found.events) or "not in the settings"
    last = found.backlog.last
    told = f"{last.result} {rfc3339(last.at)} {last.fault}".rstrip() if last else "never"
    return found.name, events, found.backlog.waiting, found.backlog.given_up, told


def _test(args: Namespace) -> int:
    return asyncio.run(_tested(args))


async def _tested(args: Namespace) -> int:
    async with app.opened_integrations(settings_of(args)) as integrations:
        fault = await integrations.test(args.name)
    if fault is not None:
        raise SinkError(f"the test did not arrive: {fault}; see docs/INTEGRATIONS.md")
    print("the test arrived")
    return 0


def _log(args: Namespace) -> int:
    return asyncio.run(_logged(args))


async def _logged(args: Namespace) -> int:
    async with app.opened_integrations(settings_of(args)) as integrations:
        found = await integrations.log(args.sink, args.limit, args.before)
    if args.json:
        print_json([attempt_document(each) for each in found])
    elif found:
        head = ("attempt", "delivery", "at", "sink", "event", "number", "result", "fault")
        print_table(head, map(_line, found))
    else:
        print("nothing was sent yet")
    return 0


def _line(found: Attempt) -> tuple[object, ...]:
    delivery = "test" if found.delivery is None else found.delivery
    told = (found.sink, found.event.value, found.number, found.result, found.fault)
    return found.id, delivery, rfc3339(found.at), *told


def _again(args: Namespace) -> int:
    return asyncio.run(_begun_anew(args))


async def _begun_anew(args: Namespace) -> int:
    async with app.opened_integrations(settings_of(args)) as integrations:
        await integrations.again(args.id)
    print(f"delivery {args.id} goes out again while `reauth run` is up")
    return 0
