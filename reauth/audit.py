"""The audit as a chain: each entry carries a digest over itself and over the one before.

Whoever changes, takes out, puts in or moves an entry breaks every digest from there on. That the
newest entries were cut off, or all of them written anew, no chain shows by itself: the store seals
both ends, and anchors are told to the log, where who could change the store cannot reach them.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

LONGEST = {"who": 256, "action": 64, "subject": 4096, "address": 256, "reason": 1000}
"""Letters kept of each text; a bulk action of a hundred alerts names each of them."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody did, or was refused.

    `at` is seconds since 1970, `who` an account or a login name, `action` such as `alert.ack`,
    `subject` what it was done to, `done` False where it was refused or failed, `address` where they
    sat. `reason` is what the law wants of some acts; a note on an alert stays with the alert.
    """

    at: float
    who: str
    action: str
    subject: str
    done: bool
    address: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place in the chain: `digest` (32 bytes) of entry `number`, and so of all before it."""

    number: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """A deed in its place; numbers begin with 1 and leave none out."""

    number: int
    deed: Deed
    digest: bytes


@dataclass(frozen=True, slots=True)
class Fault:
    """The first entry that is not what was written; None of the others can be trusted after it."""

    number: int
    why: str


START = Anchor(0, bytes(32))
"""What the first entry follows."""


def plain(deed: Deed) -> Deed:
    """The deed as it can be kept: texts no longer than `LONGEST`, halves of characters escaped.

    Examples
    --------
    >>> plain(Deed(0.0, "anna", "db.backup", "a\\udcff", True, "")).subject
    'a\\\\udcff'
    """
    texts = {
        name: getattr(deed, name).encode("utf-8", "backslashreplace").decode()[:most]
        for name, most in LONGEST.items()
    }
    return Deed(at=float(deed.at), done=bool(deed.done), **texts)


def canonical(number: int, deed: Deed) -> bytes:
    """The bytes of an entry: JSON, keys in order, no spaces, nothing but ASCII.

    Examples
    --------
    >>> canonical(1, Deed(0.5, "anna", "alert.ack", "a1", True, "10.0.0.1"))[:40]
    b'{"action":"alert.ack","address":"10.0.0.'
    """
    told = {"number": number, **asdict(deed)}
    return json.dumps(told, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def following(last: Anchor, deed: Deed) -> Entry:
    """The entry after `last`: SHA-256 (FIPS 180-4) of the digest before and its own bytes."""
    number = last.number + 1
    return Entry(number, deed, hashlib.sha256(last.digest + canonical(number, deed)).digest())


def first_fault(entries: Iterable[Entry], base: Anchor, head: Anchor | None) -> Fault | None:
    """The first entry that breaks the chain; None where it holds.

    Parameters
    ----------
    entries
        All that is kept, in order.
    base
        What the first of them follows: `START`, or the last one that retention has taken.
    head
        The newest one that was ever written; None where nobody knows.
    """
    last = base
    for entry in entries:
        if entry.number != last.number + 1:
            return Fault(last.number + 1, f"missing: entry {entry.number} comes next")
        if entry != following(last, entry.deed):
            return Fault(entry.number, "changed, or put in: its digest is another")
        last = Anchor(entry.number, entry.digest)
    if head is not None and last.number < head.number:
        return Fault(last.number + 1, f"missing: there were {head.number} entries")
    if head is not None and last != head:
        return Fault(last.number, "not the one that was sealed as the newest")
    return None


def entry_document(entry: Entry) -> dict[str, Any]:
    """An entry as JSON; without `digest` it is what `canonical` writes."""
    return {"number": entry.number, **asdict(entry.deed), "digest": entry.digest.hex()}
