"""Who plays: an owner, an intruder and a background, drawn by a seed."""

import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reauth.demo.movement import Movement, movements, seat
from reauth.event import Event
from reauth.lab.synth import draw_person, recording
from reauth.trajectory import PauseSegmenter, Trajectory
from reauth.wire import read_recording

ARCHIVE = "hbrs.tar.gz"
"""People on real web pages, some of them twice, a week apart: enrol in one, sit in the other."""
ENROL, SIT = 150, 60
"""Trajectories that a session to enrol from, or to sit with, must have."""
BACKGROUND = 30
"""Other users on the installation."""
ROWS = 15_000
"""Rows read of each of them: some 100 trajectories, in a tenth of a second."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Who was drawn.

    `enrolment` is the owner's session that enrols, `background` those of the other users;
    `owner` and `intruder` are what the two do at the browser. `source` says where people are from.
    """

    source: str
    owner_name: str
    intruder_name: str
    enrolment: list[Trajectory]
    background: dict[str, list[Trajectory]]
    owner: list[Movement]
    intruder: list[Movement]


class Recordings:
    """The sessions of an archive as text, parsed when they are asked for."""

    def __init__(self, path: Path) -> None:
        self._texts: dict[str, dict[str, str]] = {}
        self._events: dict[tuple[str, str, int | None], list[Event]] = {}
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                file = archive.extractfile(member)
                if file is not None and member.name.endswith(".csv"):
                    _, user, session = member.name.split("/")
                    self._texts.setdefault(user, {})[session] = file.read().decode()

    def users(self) -> list[str]:
        """Everybody, by name."""
        return sorted(self._texts)

    def sessions(self, user: str) -> list[str]:
        """A user's sessions, the first one first."""
        return sorted(self._texts[user])

    def events(self, user: str, session: str, rows: int | None = None) -> list[Event]:
        """A session's events, or those of its first rows."""
        key = (user, session, rows)
        if key not in self._events:
            lines = self._texts[user][session].splitlines()
            first = lines if rows is None else lines[: rows + 1]
            self._events[key] = read_recording(first, f"{user}/{session}").events
        return self._events[key]


def cut(events: Sequence[Event]) -> list[Trajectory]:
    """Medvet's trajectories of a recording."""
    segmenter = PauseSegmenter(0.5, 10, 0.025)
    return [found for _, found in segmenter.feed_many(events)] + segmenter.close()


def draw(
    seed: int, recordings: Recordings | None, same: bool, seats: tuple[float, float]
) -> Cast:
    """Draw who plays.

    Parameters
    ----------
    recordings
        None: people are generated.
    same
        Whether the owner sits in both seats.
    seats
        s that the owner and the intruder have at the browser.
    """
    rng = np.random.default_rng(seed)
    return _generated(rng, same, seats) if recordings is None else _real(
        rng, recordings, same, seats
    )


def _real(
    rng: np.random.Generator, recordings: Recordings, same: bool, seats: tuple[float, float]
) -> Cast:
    order = [str(user) for user in rng.permutation(recordings.users())]
    owner = next(user for user in order if _can_own(recordings, user))
    others = [user for user in order if user != owner]
    intruder = next(user for user in others if _can_sit(recordings, user))
    background: dict[str, list[Trajectory]] = {}
    for user in others:
        found = cut(recordings.events(user, recordings.sessions(user)[0], ROWS))
        if user != intruder and len(found) >= 20 and len(background) < BACKGROUND:
            background[user] = found
    enrol, sit = recordings.sessions(owner)[:2]
    owned = movements(recordings.events(owner, sit))
    first = seat(owned, seats[0])
    theirs = recordings.events(intruder, recordings.sessions(intruder)[-1])
    second = owned[len(first) :] if same else movements(theirs)
    return Cast(
        source="recordings of real people (H-BRS); the owner's two sessions are a week apart",
        owner_name=owner,
        intruder_name=owner if same else intruder,
        enrolment=cut(recordings.events(owner, enrol)),
        background=background,
        owner=first,
        intruder=seat(second, seats[1]),
    )


def _can_own(recordings: Recordings, user: str) -> bool:
    sessions = recordings.sessions(user)
    if len(sessions) < 2:
        return False
    enrol, sit = (len(cut(recordings.events(user, name))) for name in sessions[:2])
    return enrol >= ENROL and sit >= SIT


def _can_sit(recordings: Recordings, user: str) -> bool:
    return len(cut(recordings.events(user, recordings.sessions(user)[-1]))) >= SIT


def _generated(rng: np.random.Generator, same: bool, seats: tuple[float, float]) -> Cast:
    people = [draw_person(rng) for _ in range(BACKGROUND + 2)]
    owner, intruder = people[0], people[0 if same else 1]
    return Cast(
        source="GENERATED people (no recordings here): they are told apart more easily than real",
        owner_name="generated-0",
        intruder_name="generated-0" if same else "generated-1",
        enrolment=cut(recording(owner, ENROL, rng)),
        background={
            f"generated-{number}": cut(recording(person, 100, rng))
            for number, person in enumerate(people[2:], 2)
        },
        owner=seat(movements(recording(owner, 200, rng)), seats[0]),
        intruder=seat(movements(recording(intruder, 200, rng)), seats[1]),
    )
