"""The door to the audit: entries come, stay until their retention, and are never changed."""

from dataclasses import dataclass
from typing import Protocol

from reauth.audit import Anchor, Deed, Entry, Fault


@dataclass(frozen=True, slots=True)
class Sought:
    """Which entries are wanted; None and empty ask for all.

    `before` and `after` are numbers, left out themselves; `since` and `until` seconds since 1970;
    `action` is one, or the beginning of several (`alert.`).
    """

    who: str | None = None
    action: str = ""
    subject: str | None = None
    since: float | None = None
    until: float | None = None
    before: int | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What a look at the whole chain gave.

    `entries` are kept, `base` is what the first one follows, `head` the newest; `fault` is None
    where the chain holds.
    """

    entries: int
    base: Anchor
    head: Anchor
    fault: Fault | None


class Audit(Protocol):
    """Who did what. Whatever changes something appends to it."""

    async def append(self, deed: Deed) -> Entry:
        """Keep a deed durably, as the chain's next entry.

        Raises
        ------
        StoreError
            If it cannot be kept, or the chain's own end does not open with this key.
        """

    async def entries(self, sought: Sought, limit: int) -> list[Entry]:
        """Entries, newest first; with `after` the oldest ones first, to read on from there."""

    async def check(self) -> Checked:
        """Go through the whole chain."""

    async def expire(self, before: float, now: float) -> int:
        """Take out entries from before a time (s); how many went.

        What is left still holds: the last one taken is sealed as what the rest follows. That
        entries were taken is an entry itself.
        """
