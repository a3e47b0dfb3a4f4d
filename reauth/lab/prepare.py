"""The folders that `lab bots` and `lab replays` want, cut out of the public sets.

Who teaches and who is tested are different people, dealt by the seed, and programs are fitted to
those of their own side only; recordings stay whole, and are of one side. One kind of program
teaches nobody, and programs of strangers are tested beside people who did the same as they.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from reauth.detect.opponents import KINDS, opponents
from reauth.errors import SettingsError
from reauth.event import Event, Kind
from reauth.lab.bots import KIND, PAUSE, SESSION
from reauth.lab.cutting import cut, whole
from reauth.lab.datasets import open_dataset
from reauth.lab.work import Watch
from reauth.movement import MovementSegmenter
from reauth.recording import write_recording
from reauth.trajectory import Trajectory

PEOPLE: Final = ("balabit_train", "hbrs", "sapimouse")
"""Sets of people at their own work, or at a task that asks for all kinds of movement."""

TOOLS: Final = ("bdc2017", "delbot_circles")
"""Sets of programs that nobody here wrote, and of people who did the same."""

SESSIONS: Final = 2
"""Recordings of a person, the first ones."""

REST: Final = 1.0
"""s between two movements of a program: more than `PAUSE`."""

UNSEEN: Final = "jerk"
"""The kind of program that is tested and teaches nobody."""

Sessions = Mapping[str, Sequence[Event]]


def prepare(data: Path, out: Path, seed: int, watch: Watch) -> dict[str, int]:
    """Write `bots/{human,bot,train-human,train-bot,tool-human,tool-bot}`, `replays/{library,data}`.

    Parameters
    ----------
    out
        What is there of these folders must be of the same data and seed.

    Returns
    -------
    dict
        Recordings in each folder.

    Raises
    ------
    SettingsError
        If an archive is missing.
    RecordingError
        If a recording breaks the format.
    """
    rng = np.random.default_rng(seed)
    people = _sets(data, PEOPLE, SESSIONS, watch)
    names = [sorted(people)[place] for place in rng.permutation(len(people)).tolist()]
    folders: dict[str, dict[str, Sessions]] = {}
    for side, own in (("train-", names[::2]), ("", names[1::2])):
        folders[f"bots/{side}human"] = {name: people[name] for name in own}
        kinds = KINDS if side else (*KINDS, UNSEEN)
        units = {name: [movements(each) for each in people[name].values()] for name in own}
        folders[f"bots/{side}bot"] = {
            kind: {"s0": one_after_the_other(_drawn(units, kind, KIND if not side else None, rng))}
            for kind in watch(kinds, len(kinds), f"program, {'teaches' if side else 'tested'}")
        }
    tools = _sets(data, TOOLS, None, watch)
    for side, is_one in (("bot", True), ("human", False)):
        folders[f"bots/tool-{side}"] = {
            name: sessions for name, sessions in tools.items() if _is_program(name) == is_one
        }
    folders["replays/library"], folders["replays/data"] = _weeks(people, names)
    for folder, sources in folders.items():
        for source, sessions in sources.items():
            for name, events in sessions.items():
                file = out / folder / source / f"{name}.csv"
                whole(file, write_recording(events).encode())
    return {folder: sum(map(len, sources.values())) for folder, sources in folders.items()}


def _sets(
    data: Path, names: Iterable[str], most: int | None, watch: Watch
) -> dict[str, dict[str, list[Event]]]:
    """Recordings of sets by person, as <set>-<user>: the first `most` of each, all if None.

    Some of the contest's tracks go back in time: no recording may, and they are left out.
    """
    found: dict[str, dict[str, list[Event]]] = {}
    for name in names:
        try:
            recordings = open_dataset(data, name)
        except FileNotFoundError as error:
            raise SettingsError(f"{error}: see {data}/README.md") from None
        for user, session, events in watch(recordings, 0, f"recording of {name}"):
            own = found.setdefault(f"{name}-{user}", {})
            if (most is None or len(own) < most) and _in_order(events):
                own[session] = events
    return found


def _in_order(events: Sequence[Event]) -> bool:
    return all(before.t <= after.t for before, after in pairwise(events))


def _is_program(source: str) -> bool:
    """Whether a source of `TOOLS` is a program: the contest's `machine`, the circles' `bot_*`."""
    return source.endswith("-machine") or "_bot_" in source


def movements(events: Sequence[Event]) -> Sequence[Trajectory]:
    """The whole movements of a recording."""
    return cut(events, partial(MovementSegmenter, PAUSE), SESSION).trajectories


def _drawn(
    people: Mapping[str, Sequence[Sequence[Trajectory]]],
    kind: str,
    most: int | None,
    rng: np.random.Generator,
) -> Sequence[Trajectory]:
    """Movements of a program; as many as teach if None."""
    return opponents(people, rng, KIND, (kind,)).get(kind, [])[:most]


def one_after_the_other(drawn: Iterable[Trajectory]) -> list[Event]:
    """Movements as one recording, with rests between them; whole tenths of a ms."""
    events: list[Event] = []
    start = 0.0
    for each in drawn:
        since = np.round(each.t - each.t[0] + start, 4)
        rows = zip(since.tolist(), each.x.tolist(), each.y.tolist(), strict=True)
        events += [Event(Kind.MOVE, 0, *row) for row in rows]
        start = float(since[-1]) + REST
    return events


def _weeks(
    people: Mapping[str, Sessions], names: Sequence[str]
) -> tuple[dict[str, Sessions], dict[str, Sessions]]:
    """What is known, everybody's first recording; and what is new, their next ones.

    Of whom there is one recording, every second is a stranger: new, and in no library.
    """
    known: dict[str, Sessions] = {}
    new: dict[str, Sessions] = {}
    for place, name in enumerate(names):
        first, *later = people[name].items()
        if later or place % 2:
            known[name] = dict([first])
        if later or not place % 2:
            new[name] = dict(later or [first])
    return known, new
