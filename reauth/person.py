"""People as enrolment sees them: what was gathered of them, on which devices, and learnt."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from reauth.device import likeness, pools

LONGEST_USER = 256
_UNPRINTED = {"Cc", "Cs", "Zl", "Zp"}
"""Unicode's controls, halves of characters (bytes that are no UTF-8), ends of lines."""


def is_name(text: str) -> bool:
    """Whether it is a user as a person types one: visible text on one line, not too long.

    Examples
    --------
    >>> is_name("anna"), is_name(" "), is_name("a\\nb")
    (True, False, False)
    """
    kinds = {unicodedata.category(character) for character in text}
    return bool(text.strip()) and len(text) <= LONGEST_USER and not kinds & _UNPRINTED


class Enrolled(StrEnum):
    """How far a user's enrolment has come."""

    NONE = "none"
    GATHERING = "gathering"
    PROVISIONAL = "provisional"
    ACTIVE = "active"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One device class of a user (`reauth.device`).

    `trajectories` counts those that may train, `unknown` those that were not compared as the user
    was not known on the class; the rest is as in `PersonRow`, of the class's templates.
    """

    device: str
    trajectories: int = 0
    unknown: int = 0
    version: int = 0
    newest_version: int = 0
    provisional: bool = False
    quality: Mapping[str, Any] | None = None
    enrolled_at: float | None = None


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A user as enrolment sees them.

    `trajectories` counts those that may train (scored or not, no session with a confirmed alert);
    `first`, `last` are when the oldest and the newest of them came; `version` is the newest active
    template's, 0 for none; `newest_version` the highest ever given. `provisional` are those who
    have no other template. `devices` are in order of name.
    """

    user: str
    trajectories: int
    first: float | None
    last: float | None
    version: int
    newest_version: int
    provisional: bool
    paused: bool
    quality: Mapping[str, Any] | None
    enrolled_at: float | None
    devices: tuple[DeviceRow, ...] = ()

    def pools(self) -> dict[str, str]:
        """The class that each class's trajectories are learnt with, the commonest first."""
        return pools({row.device: row.trajectories for row in self.devices if row.trajectories})

    def pooled(self) -> list[DeviceRow]:
        """Device classes as they are learnt: what leaves a part open counts where it is learnt.

        The commonest first; after them those that have a template and gather no more.
        """
        into = self.pools()
        rows = {row.device: row for row in self.devices}
        found = []
        for pool in dict.fromkeys(into.values()):
            parts = [rows[name] for name, to in into.items() if to == pool]
            amount = sum(part.trajectories for part in parts)
            unknown = sum(part.unknown for part in parts)
            found.append(replace(rows[pool], trajectories=amount, unknown=unknown))
        learnt = [row for row in self.devices if row.version and row.device not in into.values()]
        return found + [replace(row, trajectories=0, unknown=0) for row in learnt]

    def on(self, device: str) -> int:
        """How many trajectories do not contradict a device class."""
        return sum(row.trajectories for row in self.devices if likeness(row.device, device) >= 0)
