"""`reauth enrol`: learning users, and what can be undone about it."""

import asyncio
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from tqdm import tqdm

from reauth import app
from reauth.background import Background
from reauth.cli.command import (
    Commands,
    command,
    print_json,
    print_table,
    settings_of,
    subcommands,
    user_name,
)
from reauth.cli.deeds import noted
from reauth.console.views import span
from reauth.device import USUAL
from reauth.enrol import Enroller
from reauth.errors import NotEnrolled
from reauth.hands import Hands, Taught
from reauth.ports import Store
from reauth.settings import Settings
from reauth.template import Shared
from reauth.verify import VERIFIERS

_TEACH = """\
A user is learnt from their own movement: everything that the proxy observes is gathered, and
recordings may be added with `reauth import`. `reauth run` trains by itself as soon as enough is
there; these commands are for doing it now, looking, and taking it back.

examples:
  reauth enrol status                    everybody, and how far they are
  reauth enrol train anna                learn anna now; refuses while too little is there
  reauth enrol pause anna                compare anna no more; what is known of her stays
  reauth enrol delete anna               forget all about anna

A running `reauth run` sees each change within 5 s; a session that is being compared keeps the
template that it began with.
"""


def add(commands: Commands) -> None:
    """Add the command to the command line."""
    top = command(commands, "enrol", None, "learn users, look how far they are, undo it", _TEACH)
    verbs = subcommands(top)
    train = command(verbs, "train", _train, "learn a user now", "next: reauth enrol status USER")
    train.add_argument("user", type=user_name, metavar="USER")
    train.add_argument("--json", action="store_true", help="print the new status as JSON")
    shared = command(
        verbs, "background", _background, "measure what all users share", _ABOUT_BACKGROUND
    )
    shared.add_argument("--json", action="store_true", help="print one object")
    status = command(verbs, "status", _status, "tell how far users have been learnt", _ABOUT_STATUS)
    status.add_argument("user", type=user_name, metavar="USER", nargs="?")
    status.add_argument("--json", action="store_true", help="an object, or an array without USER")
    for name, call, about in (
        ("delete", _delete, "forget a user: templates, movement, sessions"),
        ("pause", _pause, "stop comparing a user; gathering goes on"),
        ("resume", _resume, "compare a paused user again"),
        ("rollback", _rollback, "make an older template the active one"),
    ):
        added = command(verbs, name, call, about, "next: reauth enrol status USER")
        added.add_argument("user", type=user_name, metavar="USER")
    added.add_argument("--to", type=int, required=True, metavar="VERSION", help="from status")


_ABOUT_BACKGROUND = """\
People change from week to week, and limits must allow for it. How much is measured on this
installation's own users: each is learnt from earlier sessions, and the later ones are compared,
once for people learnt in one session and once for those learnt in several. With 5 users and 30
later sessions of 50 trajectories it is done; until then templates rest on what their verifier
expects.
Takes some seconds a user, of 40 users at most.

Templates that are learnt from then on use it: reauth enrol train USER. `reauth run` measures by
itself, anew each week.
"""

_ABOUT_STATUS = """\
states: none, gathering (observed only), provisional (compared with the own past alone, as there
are too few others), active, paused. FRR is the share of the user's own windows that would raise
an alarm, FAR the share of other people's that would pass; both from sessions that training never
saw.

A user has a template of each device class with enough trajectories: how often points come (dense,
frame, sparse), the pointer (mouse, pen, touch), the screen (hand, small, medium, large); "?" was
not told. "not compared" counts trajectories on a class that the user was not known on: they raise
no alert, and say nothing of who moves.
"""


def _train(args: Namespace) -> int:
    return asyncio.run(_trained(args))


async def _trained(args: Namespace) -> int:
    settings = settings_of(args)
    async with app.opened_doors(settings) as doors:
        enroller = Enroller(doors.store, settings, app.now)
        try:
            async with noted(doors.audit, "enrol.train", args.user):
                templates = await enroller.train(args.user)
        except NotEnrolled as error:
            raise NotEnrolled(
                f"{args.user}: {error}; go on browsing, or `reauth import --user {args.user} FILE`"
            ) from None
        [status] = await enroller.status(args.user)
    if args.json:
        print_json(status)
    else:
        qualities = {each["version"]: each["quality"] for each in status["devices"]}
        for template in templates:
            kind = "provisional template" if template.provisional else "template"
            learnt = f"{kind} {template.version} of {template.n_genuine} trajectories"
            print(f"{args.user}: {learnt} on {template.device}")
            print(_quality(qualities.get(template.version)))
    return 0


def _background(args: Namespace) -> int:
    return asyncio.run(_shared(args))


async def _shared(args: Namespace) -> int:
    settings = settings_of(args)
    missing = []
    async with (
        app.opened_doors(settings) as doors,
        noted(doors.audit, "enrol.background", "everybody"),
    ):
        store = doors.store
        try:
            drifts = await _drifts(store, settings)
        except NotEnrolled as error:
            drifts = None
            missing.append(f"drift: {error}")
        try:
            taught = await Hands(store, app.now, app.kept_for(settings)).learn()
        except NotEnrolled as error:
            taught = None
            missing.append(f"hands: {error}")
    if drifts is None and taught is None:
        raise NotEnrolled("; ".join(missing))
    if args.json:
        print_json(_shared_document(settings, drifts, taught, missing))
        return 0
    if drifts is not None:
        _print_drifts(settings, drifts)
    if taught is not None:
        print(
            f"hands are told from {taught.programs} kinds of programs, by {taught.movements}"
            f" movements of {taught.people} people"
        )
    for line in missing:
        print(f"not yet: {line}")
    return 0


async def _drifts(store: Store, settings: Settings) -> Shared:
    background = Background(store, settings, app.now)
    with tqdm(unit="user", desc="users", disable=not sys.stderr.isatty()) as bar:
        async for _, _, count in background.measured():
            bar.total = count
            bar.update()
    return await background.conclude()


def _shared_document(
    settings: Settings, found: Shared | None, taught: Taught | None, missing: Sequence[str]
) -> dict[str, Any]:
    told: dict[str, Any] = {"hands": asdict(taught) if taught else None, "missing": list(missing)}
    if found is not None:
        expected = VERIFIERS[settings.identity_lane.verifier].drifts
        told |= {"users": found.users, "sessions": found.sessions, **asdict(found.drifts)}
        told["expected"] = asdict(expected)
    return told


def _print_drifts(settings: Settings, found: Shared) -> None:
    expected = VERIFIERS[settings.identity_lane.verifier].drifts
    rows = [
        (learnt, what, f"{drift.fall:.2f}", f"{drift.spread:.2f}")
        for learnt, pair in (
            ("in one session", (found.drifts.once, expected.once)),
            ("in several", (found.drifts.often, expected.often)),
        )
        for what, drift in zip(("measured", "expected"), pair, strict=True)
    ]
    print_table(("learnt", "", "fall", "spread"), rows)
    print(
        f"in deviations of a user's own scores, by {found.sessions} later sessions of"
        f" {found.users} users; next: reauth enrol train USER"
    )


def _status(args: Namespace) -> int:
    return asyncio.run(_told(args))


async def _told(args: Namespace) -> int:
    settings = settings_of(args)
    async with app.opened_store(settings) as store:
        people = await Enroller(store, settings, app.now).status(args.user)
    if args.json:
        print_json(people[0] if args.user is not None else people)
        return 0
    if not people:
        print("nobody yet: users appear when their first movement is observed or imported")
        return 0
    head = ("user", "state", "trajectories", "ready in", "template", "quality")
    print_table(head, [_row(person) for person in people])
    rows = [row for person in people for row in _device_rows(person)]
    if rows:
        print()
        print_table(("user", "device", "state", "trajectories", "not compared", "template"), rows)
    return 0


def _device_rows(person: dict[str, Any]) -> Iterator[tuple[object, ...]]:
    """A line for each device class that is learnt, or worth to be told."""
    for row in person["devices"]:
        if row["version"] or row["trajectories"] > USUAL * person["trajectories"]:
            version, unknown = row["version"] or "-", row["unknown_device"] or "-"
            gathered = f"{row['trajectories']} of {person['needed']}"
            yield person["user"], row["device"], row["state"], gathered, unknown, version


def _row(person: dict[str, Any]) -> tuple[object, ...]:
    eta = person["eta_s"]
    ready = "-" if eta is None or person["version"] else span(eta) if eta else "now"
    gathered = f"{person['trajectories']} of {person['needed']}"
    version = person["version"] or "-"
    return person["user"], person["state"], gathered, ready, version, _quality(person["quality"])


def _quality(quality: dict[str, Any] | None) -> str:
    if quality is None:
        return "-"
    shares = (
        f"{name} {'unknown' if quality[key] is None else f'{quality[key]:.1%}'}"
        for name, key in (("FRR", "frr"), ("FAR", "far"))
    )
    told = f"{', '.join(shares)} at {quality['window']} trajectories"
    hours = quality.get("spacing_h")
    return told if hours is None else f"{told}, a false alarm in {hours:.0f} active hours"


def _delete(args: Namespace) -> int:
    async def delete(store: Store) -> str:
        rows = await store.delete_user(args.user)
        return f"{args.user} is forgotten: {rows} rows deleted"

    return asyncio.run(_known(args, delete))


def _pause(args: Namespace) -> int:
    async def pause(store: Store) -> str:
        await store.set_paused(args.user, True)
        return f"{args.user} is no longer compared; `reauth enrol resume {args.user}` ends that"

    return asyncio.run(_known(args, pause))


def _resume(args: Namespace) -> int:
    async def resume(store: Store) -> str:
        await store.set_paused(args.user, False)
        return f"{args.user} is compared again"

    return asyncio.run(_known(args, resume))


def _rollback(args: Namespace) -> int:
    async def rollback(store: Store) -> str:
        await store.rollback(args.user, args.to)
        return f"{args.user}: template {args.to} is the active one"

    return asyncio.run(_known(args, rollback))


async def _known(args: Namespace, act: Any) -> int:
    """Do something to a user who exists; a mistyped name must not pass for done."""
    async with (
        app.opened_doors(settings_of(args)) as doors,
        noted(doors.audit, f"enrol.{act.__name__}", args.user),
    ):
        if await doors.store.person(args.user) is None:
            raise NotEnrolled(f"there is no user '{args.user}'; `reauth enrol status` lists them")
        print(await act(doors.store))
    return 0
