"""`reauth import`: recordings of a person, for enrolment."""

import asyncio
import hashlib
import sys
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reauth import app
from reauth.cli.command import Commands, bar, command, print_json, settings_of, user_name
from reauth.cli.deeds import noted
from reauth.errors import RecordingError
from reauth.recording import Recording, decode_recording

_TEACH = """\
A recording is CSV with the header t_ms,ev,x,y[,button][,wheel]; ev is move, drag, press, release or
scroll. A pause as long as identity_lane.session_gap_min begins a new session. A bad row is named by
file and line; nothing of that file is kept then, the other files stay. The same content again
changes nothing.

examples:
  reauth import --user anna monday.csv tuesday.csv
  reauth import --user anna --json recordings/*.csv

next: reauth enrol status anna
"""


def add(commands: Commands) -> None:
    """Add the command to the command line."""
    added = command(commands, "import", _import, "read recordings of a user", _TEACH)
    added.add_argument("--user", type=user_name, required=True, metavar="U", help="whose they are")
    added.add_argument("--json", action="store_true", help="print one object a file")
    added.add_argument("files", nargs="+", metavar="FILE")


@dataclass(frozen=True, slots=True)
class Read:
    """A file's recording, and the name of its content."""

    recording: Recording
    digest: str


def content_of(name: str) -> bytes:
    """What a file holds.

    Raises
    ------
    RecordingError
        If it cannot be read.
    """
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise RecordingError(f"{name}: {error.strerror}") from None


def read_file(name: str) -> Read:
    """Read one recording.

    Raises
    ------
    RecordingError
        If it cannot be read, or a row is bad; the message names file and line.
    """
    content = content_of(name)
    return Read(decode_recording(content, name), hashlib.sha256(content).hexdigest())


def _import(args: Namespace) -> int:
    return asyncio.run(_imported(args))


async def _imported(args: Namespace) -> int:
    settings = settings_of(args)
    failed = False
    async with app.opened_doors(settings) as doors:
        enrolling = app.enrolling(doors, settings)
        for name in bar(args.files, "file"):
            try:
                async with noted(doors.audit, "enrol.import", args.user):
                    told = await enrolling.take(args.user, name, content_of(name))
            except RecordingError as error:
                failed = True
                print(f"reauth: {error}; nothing of this file was kept", file=sys.stderr)
                continue
            if args.json:
                print_json(told)
            else:
                print(_line(told))
    return int(failed)


def _line(told: dict[str, Any]) -> str:
    skipped = "".join(f", {n} rows skipped: {reason}" for reason, n in told["skipped"].items())
    known = "" if told["new"] else " (known already: nothing changed)"
    made = f"{told['rows']} rows, {told['trajectories']} trajectories"
    return f"{told['file']}: {made}{skipped}{known}"
