"""Stored movement of one session, to be looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from reauth.trajectory import Trajectory


@dataclass(frozen=True, slots=True)
class Film:
    """A session's movements in order of time, as far as they are kept; `cut` if there were more."""

    session: str
    user: str
    movements: Sequence[Trajectory]
    cut: bool = False


class Films(Protocol):
    """Where stored movement is read."""

    async def film(self, session: str) -> Film | None:
        """A session's movements; None where there is no such session of a known user."""
