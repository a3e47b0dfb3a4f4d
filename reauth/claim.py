"""Page tokens (proxy to page to proxy) and sealed claims (proxy to ingest), by HMAC-SHA256.

A token binds a page to the user, the connection and the origin that it was served to. A claim says
whom the proxy takes the sender of a batch for; the claims of one forwarded group are sealed
together with the batches they speak for, so that one MAC serves many batches, and so is the answer
to it. Keys for each are derived apart from one secret; two secrets are live, so that one can be
replaced without a pause.
"""

import base64
import hashlib
import hmac
import json
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import lru_cache
from operator import attrgetter
from typing import Any

from reauth.errors import ClaimError, WireError

_TOKEN = struct.Struct(">B8sI")
_MAC_BYTES = 16
"""Half of SHA-256's output: RFC 2104 section 5 allows it, and it keeps a token below 60 letters."""
_HEXADECIMAL = frozenset("0123456789abcdef")
_SEAL = struct.Struct(">4sBI")
_MAGIC = b"rag1"
_CONTROL = "control"
_ANSWER = "answer"
ANSWER_SEAL = "X-Reauth-Seal"
"""Header of an answer's seal."""


@dataclass(frozen=True, slots=True)
class Keys:
    """An installation's name and its live secrets, the current one first.

    Parameters
    ----------
    installation
        8 to 32 hexadecimal digits, random per installation: the second part of our path.
    secrets
        One or two secrets of 32 bytes.
    """

    installation: str
    secrets: tuple[bytes, ...]

    def derive(self, purpose: str) -> list[tuple[int, bytes]]:
        """(key id, key) for a purpose, the current one first; RFC 5869's expand step."""
        return _derive(self.secrets, purpose)


@lru_cache(64)
def _derive(secrets: tuple[bytes, ...], purpose: str) -> list[tuple[int, bytes]]:
    keys = [hmac.digest(secret, purpose.encode() + b"\x01", "sha256") for secret in secrets]
    return [(hashlib.sha256(key).digest()[0], key) for key in keys]


def keys_to_text(keys: Keys) -> str:
    """Write keys as the JSON text of the key file."""
    secrets = [secret.hex() for secret in keys.secrets]
    return json.dumps({"installation": keys.installation, "secrets": secrets}) + "\n"


def keys_from_text(text: str) -> Keys:
    """Read the text of the key file.

    Raises
    ------
    ClaimError
        If it is no key file of ours; the message never quotes the text.
    """
    try:
        raw = json.loads(text)
        keys = Keys(raw["installation"], tuple(bytes.fromhex(s) for s in raw["secrets"]))
        named = 8 <= len(keys.installation) <= 32 and set(keys.installation) <= _HEXADECIMAL
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ClaimError("the key file is not one of ours") from None
    if not named or not 1 <= len(keys.secrets) <= 2 or any(len(s) != 32 for s in keys.secrets):
        raise ClaimError("the key file must hold an installation and one or two 32-byte secrets")
    return keys


def site_of(keys: Keys, origin: str) -> str:
    """Keyed hash of an origin, 16 hexadecimal digits: the same site is the same name, no more.

    The oldest live secret is used, so that a rotation renames sites once, when it ends.
    """
    key = keys.derive("site")[-1][1]
    return hmac.digest(key, origin.encode(), "sha256")[:8].hex()


class TokenVerdict(StrEnum):
    """What a page token turned out to be."""

    OK = "ok"
    RESTORED = "restored"
    """Genuine but expired: a stored copy of a page."""
    BAD = "bad"


class Note(StrEnum):
    """What else a claim may tell, in the verdict's place and without a batch: never an address."""

    PAGE = "page"
    """A watched page was served to go to, one that this client was not served of late."""
    AGAIN = "again"
    """The same, but a page that it was: a board that loads itself every minute is no visit."""
    UNSAFE = "unsafe"
    """A page of the site changed something: it posted a form, or sent a request of that sort."""
    LOST = "lost"
    """A batch was refused unread, so that its sender is not silent."""
    UNWATCHED = "unwatched"
    """A page was served that the observer could not be put into."""
    TUNNELLED = "tunnelled"
    """A connection was opened that is not decrypted."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a page token was made for: user (or None), connection identity and origin."""

    user: str | None
    connection: str
    origin: str

    def to_bytes(self) -> bytes:
        """An unambiguous encoding for the MAC: None and "" differ, no field runs into the next."""
        return json.dumps([self.user, self.connection, self.origin]).encode()


def _token_mac(key: bytes, head: bytes, audience: Audience) -> bytes:
    return hmac.digest(key, head + audience.to_bytes(), "sha256")[:_MAC_BYTES]


def make_token(keys: Keys, audience: Audience, page: bytes, expires: float) -> str:
    """A page token of 39 letters.

    Parameters
    ----------
    page
        8 random bytes, the page id.
    expires
        Seconds since 1970.
    """
    key_id, key = keys.derive("page token")[0]
    head = _TOKEN.pack(key_id, page, int(expires))
    return _letters(head + _token_mac(key, head, audience))


def _letters(token: bytes) -> str:
    return base64.urlsafe_b64encode(token).rstrip(b"=").decode()


def check_token(
    keys: Keys, token: str, audience: Audience, now: float
) -> tuple[TokenVerdict, str | None]:
    """The verdict on a token presented by an audience, and its page id in hexadecimal.

    The page id is None where the token is bad. Comparison takes constant time.
    """
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return TokenVerdict.BAD, None
    # One spelling a token: base64 leaves two bits of the last letter free, and reads + for -.
    if len(raw) != _TOKEN.size + _MAC_BYTES or _letters(raw) != token:
        return TokenVerdict.BAD, None
    head, mac = raw[: _TOKEN.size], raw[_TOKEN.size :]
    key_id, page, expires = _TOKEN.unpack(head)
    genuine = any(
        known == key_id and hmac.compare_digest(mac, _token_mac(key, head, audience))
        for known, key in keys.derive("page token")
    )
    if not genuine:
        return TokenVerdict.BAD, None
    return (TokenVerdict.OK if now <= expires else TokenVerdict.RESTORED), page.hex()


def page_of(token: str) -> str:
    """Page id of a token of our own making, in hexadecimal."""
    return base64.urlsafe_b64decode(token[:12])[1:].hex()


def token_in(body: bytes) -> str:
    """The page token at the front of a batch (observer's wire format v1: version, length, token).

    The proxy looks no further into a batch.

    Raises
    ------
    WireError
        If the front is cut short or the token is not ASCII.
    """
    if len(body) < 2 or len(body) < 2 + body[1]:
        raise WireError("truncated")
    try:
        return body[2 : 2 + body[1]].decode("ascii")
    except UnicodeDecodeError:
        raise WireError("token") from None


@dataclass(frozen=True, slots=True)
class Claim:
    """What the proxy says of a batch's sender.

    `user` is None when nobody knows; the session is then keyed by `client`, an address. `site` is
    the keyed hash of the origin, `host` the clear one only where the operator asked to keep it.
    `issued` and `received` are seconds since 1970. `source` and `confidence` (0 to 1) tell how the
    user is known, `page` is the page id, `token` the verdict on the page's token, or a `Note`.
    """

    user: str | None
    client: str
    site: str
    issued: float
    received: float
    source: str
    confidence: float
    page: str
    token: str
    host: str | None = None


claim_values: Callable[[Claim], tuple[Any, ...]] = attrgetter(*(f.name for f in fields(Claim)))
"""A claim as it is written: its fields in the order of the class, where they are only appended."""


def seal(
    keys: Keys, items: Sequence[tuple[Claim, bytes]], counters: Mapping[str, float], now: float
) -> bytes:
    """Seal a group of batches with their claims, and the proxy's counters beside them.

    Layout: magic, key id, length of the head, head (JSON), the batches one after the other, MAC.
    """
    head = json.dumps(
        {
            "issued": now,
            "counters": dict(counters),
            "items": [[len(body), *claim_values(claim)] for claim, body in items],
        },
        separators=(",", ":"),
    ).encode()
    return _sealed(keys, "claim", head, b"".join(body for _, body in items))


def _sealed(keys: Keys, purpose: str, head: bytes, rest: bytes) -> bytes:
    key_id, key = keys.derive(purpose)[0]
    text = _SEAL.pack(_MAGIC, key_id, len(head)) + head + rest
    return text + hmac.digest(key, text, "sha256")


def _unseal(keys: Keys, purpose: str, group: bytes) -> tuple[dict[str, Any], memoryview]:
    if len(group) < _SEAL.size + 32:
        raise ClaimError("truncated")
    text, mac = memoryview(group)[:-32], group[-32:]
    magic, key_id, size = _SEAL.unpack(text[: _SEAL.size])
    known = [key for live, key in keys.derive(purpose) if live == key_id]
    if magic != _MAGIC or not known:
        raise ClaimError("unknown_key")
    if not any(hmac.compare_digest(mac, hmac.digest(key, text, "sha256")) for key in known):
        raise ClaimError("forged")
    head: dict[str, Any] = json.loads(str(text[_SEAL.size : _SEAL.size + size], "utf-8"))
    return head, text[_SEAL.size + size :]


def unseal(
    keys: Keys, group: bytes, now: float, max_age: float
) -> tuple[list[tuple[Claim, bytes]], dict[str, float]]:
    """Open a sealed group: the claims with their batches, and the counters.

    Parameters
    ----------
    max_age
        s; an older seal, or one as far in the future, is stale.

    Raises
    ------
    ClaimError
        "truncated", "unknown_key", "forged" or "stale": a label of the counter.
    """
    head, rest = _unseal(keys, "claim", group)
    if abs(now - head["issued"]) > max_age:
        raise ClaimError("stale")
    items, at = [], 0
    for size, *values in head["items"]:
        items.append((Claim(*values), bytes(rest[at : at + size])))
        at += size
    return items, head["counters"]


def seal_answer(keys: Keys, group: bytes, answer: bytes) -> str:
    """Seal of the ingest's answer to a sealed group, for a header: one MAC a live secret.

    The group stands in it by its own MAC, which is its last 32 bytes and a digest of all of it: a
    seal is good for this group's answer only. A proxy may still have the older secret alone.
    """
    macs = (_answer_mac(key, group, answer) for _, key in keys.derive(_ANSWER))
    return ",".join(mac.hex() for mac in macs)


def _answer_mac(key: bytes, group: bytes, answer: bytes) -> bytes:
    return hmac.digest(key, group[-32:] + answer, "sha256")


def is_answer(keys: Keys, group: bytes, answer: bytes, sealed: str) -> bool:
    """Whether who holds a live secret of ours gave this answer to this group."""
    given = sealed.encode().split(b",")
    macs = [_answer_mac(key, group, answer).hex().encode() for _, key in keys.derive(_ANSWER)]
    return any(hmac.compare_digest(mac, each) for mac in macs for each in given)


def seal_control(keys: Keys, version: int, change: Mapping[str, Any], now: float) -> str:
    """One line of the control stream: a snapshot or a change, sealed like a claim, base64."""
    head = json.dumps({"version": version, "issued": now, "change": dict(change)}).encode()
    return base64.b64encode(_sealed(keys, _CONTROL, head, b"")).decode()


def unseal_control(keys: Keys, line: str, newest: int) -> tuple[int, dict[str, Any]]:
    """Open a line of the control stream: its version and what it says.

    Raises
    ------
    ClaimError
        If the seal does not hold, or the version is below the newest one seen ("old").
    """
    try:
        group = base64.b64decode(line, validate=True)
    except ValueError:
        raise ClaimError("truncated") from None
    head, _ = _unseal(keys, _CONTROL, group)
    if head["version"] < newest:
        raise ClaimError("old")
    return head["version"], head["change"]
