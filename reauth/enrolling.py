"""What people do about enrolment: import, train, pause, roll back, delete; one user or a list.

The command line, the API and the console come here. A list is worked through line by line: each
line is done whole or says why not, and a line that a restart interrupted is taken up again.
"""

import asyncio
import csv
import hashlib
import io
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reauth.enrol import Enroller
from reauth.errors import NotEnrolled, ReauthError, RecordingError, StoreError
from reauth.event import runs
from reauth.lane import Recipe
from reauth.person import PersonRow, is_name
from reauth.ports import Store
from reauth.ports.roster import Line, LineState, Roster, Run, Runs
from reauth.recording import Recording, decode_recording
from reauth.trajectory import Trajectory

MOST_LINES = 5000
"""Lines of a list; a larger firm gives several."""
LONGEST_NOTE = 500
_COLUMNS = (["user"], ["user", "note"], ["user", "file"], ["user", "note", "file"])
_RETRY = 5.0
"""s before a line is tried again that a store in trouble interrupted."""


class ListError(ReauthError):
    """The user's fault: a list that breaks its format; names the line. Nothing of it is done."""


@dataclass(frozen=True, slots=True)
class Cut:
    """How recordings are cut: by a lane's segmenter, a pause of `gap` s begins a new session."""

    recipe: Recipe
    gap: float

    def sessions(self, recording: Recording) -> list[list[Trajectory]]:
        """A recording's trajectories, session by session, each cut from a fresh start."""
        found = []
        for run in runs(None, recording.events, self.gap):
            segmenter = self.recipe.segmenter()
            cut = [trajectory for _, trajectory in segmenter.feed_many(run)] + segmenter.close()
            if cut:
                found.append(cut)
        return found


def read_list(text: str, files: Sequence[str]) -> list[Line]:
    """Read a list of users, CSV with the header `user[,note][,file]`.

    Parameters
    ----------
    files
        Names of the recordings that were given along.

    Raises
    ------
    ListError
        For a wrong header, a line that is not of its form, a user or a file that stands there
        twice, or a file that was not given.
    """
    reader = csv.reader(io.StringIO(text.lstrip("\ufeff")), strict=True)
    lines: list[Line] = []
    try:
        header = [name.strip() for name in next(reader, [])]
        if header not in _COLUMNS:
            raise ValueError("the header must be user[,note][,file]")
        for values in filter(None, reader):
            if len(values) > len(header):
                raise ValueError("more values than the header has columns")
            lines.append(_line(len(lines) + 1, dict(zip(header, values, strict=False)), files))
        if not 0 < len(lines) <= MOST_LINES:
            raise ValueError(f"a list has 1 to {MOST_LINES} users")
        if len({line.file or (line.user,) for line in lines}) < len(lines):
            raise ValueError("a user, or a file, stands there twice")
    except (ValueError, csv.Error) as error:
        raise ListError(f"line {max(reader.line_num, 1)}: {error}; nothing was done") from None
    return lines


def _line(number: int, row: Mapping[str, str], files: Sequence[str]) -> Line:
    user, note, file = (row.get(name, "").strip() for name in ("user", "note", "file"))
    if not is_name(user):
        raise ValueError("a user has some visible characters, 256 at most")
    if len(note) > LONGEST_NOTE:
        raise ValueError(f"a note has {LONGEST_NOTE} characters at most")
    if file and file not in files:
        raise ValueError(f"the recording {file[:100]} was not given along")
    return Line(number, user, note, file)


class Enrolling:
    """Enrolment as people do it.

    Parameters
    ----------
    clock
        s since 1970.
    """

    def __init__(
        self,
        store: Store,
        roster: Roster,
        enroller: Enroller,
        cut: Cut,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._roster = roster
        self._enroller = enroller
        self._cut = cut
        self._clock = clock
        self._training = asyncio.Lock()

    async def person(self, user: str) -> PersonRow | None:
        """A user as enrolment sees them; None where nobody is called so."""
        return await self._store.person(user)

    async def status(self, user: str) -> dict[str, Any]:
        """How far a user is, as `enrolment_document` has it."""
        [told] = await self._enroller.status(user)
        return told

    async def known(self, user: str) -> dict[str, Any]:
        """The same of a user who exists.

        Raises
        ------
        NotEnrolled
            If nobody is called so: a mistyped name must not pass for done.
        """
        if await self._store.person(user) is None:
            raise NotEnrolled(f"there is no user '{user}'; `reauth enrol status` lists them")
        return await self.status(user)

    async def take(self, user: str, name: str, content: bytes) -> dict[str, Any]:
        """Import a recording; what came of it, as interfaces.md §3 has it, and `new`.

        Raises
        ------
        RecordingError
            If it is bad; nothing of it is kept then.
        """
        if not is_name(user):
            raise RecordingError(f"{name}: no user can be called so")
        recording = await asyncio.to_thread(decode_recording, content, name)
        sessions = await asyncio.to_thread(self._cut.sessions, recording)
        digest = hashlib.sha256(content).hexdigest()
        new = await self._store.import_recording(user, digest, sessions, self._clock())
        return {
            "file": name,
            "rows": recording.rows,
            "trajectories": sum(map(len, sessions)),
            "skipped": recording.skipped,
            "new": new,
        }

    async def train(self, user: str) -> dict[str, Any]:
        """Learn a user now, one after the other; their status then.

        Raises
        ------
        NotEnrolled
            If data are short: the message says how many are missing.
        """
        async with self._training:
            await self._enroller.train(user)
        return await self.status(user)

    async def pause(self, user: str, why: str) -> dict[str, Any]:
        """Compare a user no more, for a reason; gathering goes on."""
        await self.known(user)
        await self._roster.pause(user, why)
        return await self.status(user)

    async def resume(self, user: str) -> dict[str, Any]:
        """Compare a user again."""
        await self.known(user)
        await self._roster.resume(user)
        return await self.status(user)

    async def rollback(self, user: str, version: int) -> dict[str, Any]:
        """Make an older template the active one."""
        await self._store.rollback(user, version)
        return await self.status(user)

    async def delete(self, user: str) -> dict[str, Any]:
        """Forget all about a user."""
        await self.known(user)
        return {"user": user, "rows": await self._store.delete_user(user)}

    async def enrol(self, line: Line, recording: bytes | None) -> Line:
        """Do what a line of a list says; it comes back with what became of it.

        Raises
        ------
        StoreError
            If the store fails: the line waits.
        """
        try:
            return replace(line, state=LineState.DONE, told=await self._done(line, recording))
        except StoreError:
            raise
        except ReauthError as error:
            return replace(line, state=LineState.FAILED, told=str(error)[:500])

    async def _done(self, line: Line, recording: bytes | None) -> str:
        said = []
        if line.file:
            if recording is None:
                raise RecordingError(f"{line.file} is gone with a restart: give it once more")
            taken = await self.take(line.user, line.file, recording)
            known = "" if taken["new"] else ", known already"
            said.append(f"{taken['trajectories']} trajectories imported{known}")
        await self._roster.expect(line.user, line.note)
        told = await self.status(line.user)
        missing = told["needed"] - told["trajectories"]
        if missing > 0:
            said.append(f"waits for movement: {missing} trajectories are missing")
        elif line.file or not told["version"]:
            trained = await self.train(line.user)
            said.append(f"trained: template {trained['version']}, {trained['state']}")
        else:
            said.append(f"is enrolled already: template {told['version']}")
        return "; ".join(said)


class Lists:
    """Lists that are worked through while people do something else.

    Recordings are kept in memory until their line is done.
    """

    def __init__(self, enrolling: Enrolling, kept: Runs, clock: Callable[[], float]) -> None:
        self.enrolling = enrolling
        self.kept = kept
        self._clock = clock
        self._files: dict[tuple[str, str], bytes] = {}
        self._more = asyncio.Event()

    async def begin(self, lines: Sequence[Line], files: Mapping[str, bytes], by: str) -> Run:
        """Take a list; `by` gave it."""
        run = Run(secrets.token_hex(8), self._clock(), by, tuple(lines))
        self._files.update({(run.id, line.file): files[line.file] for line in lines if line.file})
        await self.kept.begin(run)
        self._more.set()
        return run

    async def work(self) -> None:
        """Work through what waits, for ever."""
        while True:
            try:
                await self._through()
            except StoreError:
                await asyncio.sleep(_RETRY)
                continue
            await self._more.wait()

    async def _through(self) -> None:
        self._more.clear()
        while (found := await self.kept.waiting()) is not None:
            name, line = found
            done = await self.enrolling.enrol(line, self._files.get((name, line.file)))
            await self.kept.told(name, done)
            self._files.pop((name, line.file), None)
