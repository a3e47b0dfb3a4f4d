"""One tab's batches, put in order: repeated ones known, missing ones waited for, never invented.

A browser sends at least once and networks reorder, so batches carry sequence numbers. What comes
early waits for what is missing, but only so long; then the hole is a gap. The same number with
another content is a fork: two senders claim to be one page, and neither is believed.
"""

import hashlib
import struct
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

_RECENT = struct.Struct("<I8s")
RECENT = 32
"""Numbers behind the next one whose digests are remembered: a minute of batches at the least,
which is the observer's longest back-off. What is older counts as late, and may be kept twice."""
_SLACK = 8
"""Numbers that may be remembered beyond those: forgetting is not the work of every batch."""
HELD = 64
"""Batches that may wait in one tab; beyond it the oldest hole is given up at once."""

T = TypeVar("T")


class Offer(StrEnum):
    """What an offered batch is."""

    NEW = "new"
    """In order, or held until its turn; to be kept."""
    DUPLICATE = "duplicate"
    """Seen with the same content; nothing to do."""
    LATE = "late"
    """Its hole was given up before it came; kept for forensics, never scored."""
    FORKED = "forked"
    """Seen with another content; the tab is no longer believed."""


@dataclass(frozen=True, slots=True)
class Ready(Generic[T]):
    """A batch whose turn has come; `missing` batches before it never came."""

    seq: int
    item: T
    missing: int


def digest(body: bytes) -> bytes:
    """8 bytes that tell one batch from another of the same number."""
    return hashlib.blake2b(body, digest_size=8).digest()


class TabStream(Generic[T]):
    """The state of one tab's stream.

    Parameters
    ----------
    next_seq
        The first number not delivered yet.
    recent
        What `recent_bytes` gave, after a restart.
    """

    __slots__ = ("_held", "_recent", "next_seq")

    def __init__(self, next_seq: int = 0, recent: bytes = b"") -> None:
        self.next_seq = next_seq
        # One value, as the store keeps it: a table of forty small ones would be eight times as
        # large, and to tell the store would mean to visit them all for each batch.
        self._recent = recent
        self._held: dict[int, tuple[float, T]] = {}

    def offer(self, seq: int, content: bytes, item: T, now: float) -> Offer:
        """Take note of a batch; `content` is its `digest`, `now` (s) when it came."""
        known = self._known(seq)
        if known:
            return Offer.DUPLICATE if known == content else Offer.FORKED
        if seq < self.next_seq - RECENT:
            return Offer.LATE
        self._recent += _RECENT.pack(seq, content)
        if len(self._recent) > (RECENT + _SLACK) * _RECENT.size:
            self._forget()
        if seq < self.next_seq:
            return Offer.LATE
        self._held[seq] = (now, item)
        return Offer.NEW

    def _known(self, seq: int) -> bytes:
        """The digest of a number that is remembered, or nothing."""
        wanted = seq.to_bytes(4, "little")
        at = self._recent.find(wanted)
        while at >= 0 and at % _RECENT.size:  # those bytes, but not where a number stands
            at = self._recent.find(wanted, at + 1)
        return self._recent[at + 4 : at + _RECENT.size] if at >= 0 else b""

    def _forget(self) -> None:
        entries = sorted(_RECENT.iter_unpack(self._recent))
        oldest = min(self.next_seq, entries[-1][0]) - RECENT
        kept = [entry for entry in entries if entry[0] >= oldest][-2 * RECENT :]
        self._recent = b"".join(_RECENT.pack(*entry) for entry in kept)

    def hold(self, seq: int, item: T, now: float) -> None:
        """Put back what was held before a restart."""
        self._held[seq] = (now, item)

    def take(self, now: float, wait: float) -> list[Ready[T]]:
        """What can be delivered now, in order.

        A hole is given up when the batch behind it has waited `wait` seconds, or too many wait.
        """
        ready: list[Ready[T]] = []
        while self._held:
            seq = self.next_seq if self.next_seq in self._held else min(self._held)
            came, item = self._held[seq]
            missing = seq - self.next_seq
            # Longer ago than `wait`, or from before the clock was set back.
            if missing and abs(now - came) < wait and len(self._held) <= HELD:
                break
            del self._held[seq]
            self.next_seq = seq + 1
            ready.append(Ready(seq, item, missing))
        return ready

    @property
    def waiting(self) -> bool:
        """Whether a batch waits for an earlier one."""
        return bool(self._held)

    def is_held(self, seq: int) -> bool:
        """Whether this batch waits."""
        return seq in self._held

    def recent_bytes(self) -> bytes:
        """The remembered numbers and digests, for the store."""
        return self._recent
