"""`reauth feedback`: what false alarms may teach, and the template that was learnt with them."""

import asyncio
from argparse import ArgumentTypeError, Namespace
from collections.abc import Awaitable, Callable

from reauth import app
from reauth.access import EVERYTHING, Who
from reauth.alert_document import rfc3339
from reauth.cli.command import (
    Commands,
    command,
    print_json,
    print_table,
    settings_of,
    subcommands,
    user_name,
)
from reauth.cli.deeds import noted, who
from reauth.feedback import LEAST_SHARE, MOST_SHARE, Feedback
from reauth.feedback_document import label_document, shadow_document, told
from reauth.label import Label, NoLabel
from reauth.ports import ShadowRow, ShadowState

_TEACH = """\
Who dismisses an alert as false makes its session a candidate. Somebody else confirms that it was
the user; then a template is learnt with it and waits beside the active one (a shadow), compared on
what neither has seen. Promoting makes it the active one; `reauth enrol rollback` brings the old one
back. Sessions with any other verdict never train. You act under your name on this machine.

examples:
  reauth feedback list
  reauth feedback confirm ALERT --reason "new mouse, seen on her desk"
  reauth feedback reject ALERT --reason "it was her brother"
  reauth feedback compare anna
  reauth feedback promote anna
  reauth feedback discard anna
  reauth feedback nudge anna --share 0.5
"""

Work = Callable[[Feedback, Namespace, Who], Awaitable[int]]


def add(commands: Commands) -> None:
    """Add the command to the command line."""
    top = command(commands, "feedback", None, "decide what false alarms may teach", _TEACH)
    verbs = subcommands(top)
    listing = command(verbs, "list", _call(_list, None), "list candidates and shadows", _TEACH)
    listing.add_argument("--json", action="store_true", help="print an object")
    for name, work, about in (
        ("confirm", _confirm, "say as a second person that it was the user"),
        ("reject", _reject, "say that it may not have been: the session never trains"),
    ):
        deciding = command(verbs, name, _call(work, "alert"), about, _TEACH)
        deciding.add_argument("alert", metavar="ALERT")
        deciding.add_argument("--reason", default="", metavar="TEXT", help="kept with the label")
    comparing = command(
        verbs, "compare", _call(_compare, "user"), "learn and compare a user's shadows now", _TEACH
    )
    comparing.add_argument("--json", action="store_true", help="print an array")
    promoting = command(
        verbs, "promote", _call(_promote, "user"), "make a user's shadows the active ones", _TEACH
    )
    discarding = command(
        verbs, "discard", _call(_discard, "user"), "reject a user's shadows for good", _TEACH
    )
    nudging = command(
        verbs, "nudge", _call(_nudge, "user"), "want fewer false alarms of a user", _TEACH
    )
    for one in (comparing, promoting, discarding, nudging):
        one.add_argument("user", type=user_name, metavar="USER")
    help_ = f"of the false alarms that the settings want, {LEAST_SHARE:g} to {MOST_SHARE:g}"
    nudging.add_argument("--share", type=_share, required=True, metavar="SHARE", help=help_)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not LEAST_SHARE <= share <= MOST_SHARE:
        raise ArgumentTypeError(f"'{text}' is not between {LEAST_SHARE:g} and {MOST_SHARE:g}")
    return share


def _call(work: Work, subject: str | None) -> Callable[[Namespace], int]:
    """A command that does some work; what changes something is noted in the audit."""

    def call(args: Namespace) -> int:
        return asyncio.run(_done(args, work, subject))

    call.__name__ = work.__name__
    return call


async def _done(args: Namespace, work: Work, subject: str | None) -> int:
    settings, person = settings_of(args), Who(who(), EVERYTHING)
    async with app.opened_doors(settings) as doors:
        feedback = app.feedback_of(doors, settings)
        if subject is None:
            return await work(feedback, args, person)
        action = f"feedback.{work.__name__.strip('_')}"
        reason = getattr(args, "reason", "")
        async with noted(doors.audit, action, getattr(args, subject), reason):
            return await work(feedback, args, person)


async def _list(feedback: Feedback, args: Namespace, person: Who) -> int:
    labels, shadows = await feedback.lessons.labels(), await feedback.lessons.shadows()
    if args.json:
        told_of = {
            "labels": [label_document(label) for label in labels],
            "shadows": [shadow_document(row) for row in shadows],
        }
        print_json(told_of)
        return 0
    if not labels:
        print("no alert of a user's session was closed yet")
        return 0
    print_table(("alert", "user", "verdict", "standing", "closed by", "decided by"),
                map(_label_row, labels))  # fmt: skip
    if shadows:
        print()
        print_table(("shadow", "user", "made", "state", "compared"), map(_shadow_row, shadows))
    return 0


def _label_row(label: Label) -> tuple[object, ...]:
    said = label.alert, label.user, label.verdict, label.standing
    return *said, label.closed_by or "unknown", label.decided_by or ""


def _shadow_row(row: ShadowRow) -> tuple[object, ...]:
    return row.id, row.user, rfc3339(row.made), row.state, told(row.comparison)


async def _confirm(feedback: Feedback, args: Namespace, person: Who) -> int:
    label = await feedback.confirm(args.alert, person, args.reason)
    both = f"{label.closed_by or 'somebody'} and {label.decided_by}"
    now = f"`reauth feedback compare {label.user}` now"
    print(f"it was {label.user}, say {both}: `reauth run` learns a shadow soon, {now}")
    return 0


async def _reject(feedback: Feedback, args: Namespace, person: Who) -> int:
    label = await feedback.reject(args.alert, person, args.reason)
    print(f"the session of alert {label.alert} never trains")
    return 0


async def _compare(feedback: Feedback, args: Namespace, person: Who) -> int:
    made = await feedback.compare(args.user)
    if args.json:
        print_json([shadow_document(row) for row in made])
        return 0
    for row in made:
        print(f"{row.id}  {row.device}  {told(row.comparison)}")
    return 0


async def _promote(feedback: Feedback, args: Namespace, person: Who) -> int:
    for row in await _waiting(feedback, args.user):
        template = await feedback.promote(row.id, person)
        print(f"version {template.version} is active; `reauth enrol rollback {args.user} --to"
              f" {row.base}` undoes it")  # fmt: skip
    return 0


async def _discard(feedback: Feedback, args: Namespace, person: Who) -> int:
    for row in await _waiting(feedback, args.user):
        await feedback.discard(row.id, person)
        print(f"shadow {row.id} is rejected, and what it was learnt from never trains")
    return 0


async def _nudge(feedback: Feedback, args: Namespace, person: Who) -> int:
    template = await feedback.nudge(args.user, args.share, person)
    print(f"version {template.version} is active, and wants {args.share:g} of the false alarms")
    return 0


async def _waiting(feedback: Feedback, user: str) -> list[ShadowRow]:
    found = await feedback.lessons.shadows(user, ShadowState.WAITING)
    if not found:
        raise NoLabel(f"no shadow of {user} waits: `reauth feedback list`")
    return found
