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
from reauth.event import runs
from reauth.lane import Recipe
from reauth.ports import Store
from reauth.recording import Recording, read_recording
from reauth.settings import Settings
from reauth.trajectory import Trajectory

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


def read_file(name: str) -> Read:
    """Read one recording.

    Raises
    ------
    RecordingError
        If it cannot be read, or a row is bad; the message names file and line.
    """
    try:
        content = Path(name).read_bytes()
    except OSError as error:
        raise RecordingError(f"{name}: {error.strerror}") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise RecordingError(f"{name}:{line}: not UTF-8 text") from None
    recording = read_recording(text.splitlines(keepends=True), name)
    return Read(recording, hashlib.sha256(content).hexdigest())


def _import(args: Namespace) -> int:
    return asyncio.run(_imported(args))


async def _imported(args: Namespace) -> int:
    settings = settings_of(args)
    recipe = app.identity_recipe(settings)
    failed = False
    async with app.opened_doors(settings) as doors:
        for name in bar(args.files, "file"):
            try:
                async with noted(doors.audit, "enrol.import", args.user):
                    told = await _one(doors.store, settings, recipe, args.user, name)
            except RecordingError as error:
                failed = True
                print(f"reauth: {error}; nothing of this file was kept", file=sys.stderr)
                continue
            if args.json:
                print_json(told)
            else:
                print(_line(told))
    return int(failed)


async def _one(
    store: Store, settings: Settings, recipe: Recipe, user: str, name: str
) -> dict[str, Any]:
    """Import one file; what came of it."""
    read = read_file(name)
    sessions = _sessions(read.recording, recipe, settings.identity_lane.session_gap)
    new = await store.import_recording(user, read.digest, sessions, app.now())
    return {
        "file": name,
        "rows": read.recording.rows,
        "trajectories": sum(map(len, sessions)),
        "skipped": read.recording.skipped,
        "new": new,
    }


def _sessions(recording: Recording, recipe: Recipe, gap: float) -> list[list[Trajectory]]:
    """A recording's trajectories, session by session; each session is cut from a fresh start."""
    sessions = []
    for run in runs(None, recording.events, gap):
        segmenter = recipe.segmenter()
        found = [trajectory for _, trajectory in segmenter.feed_many(run)] + segmenter.close()
        if found:
            sessions.append(found)
    return sessions


def _line(told: dict[str, Any]) -> str:
    skipped = "".join(f", {n} rows skipped: {reason}" for reason, n in told["skipped"].items())
    known = "" if told["new"] else " (known already: nothing changed)"
    made = f"{told['rows']} rows, {told['trajectories']} trajectories"
    return f"{told['file']}: {made}{skipped}{known}"
