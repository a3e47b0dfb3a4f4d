"""The user who authenticated to the proxy on this connection: Basic against a bcrypt htpasswd.

bcrypt is slow on purpose, so a password is checked in a thread, and what a connection has proved
is remembered with the connection, as a digest of what it showed; a directory may stand in the
file's place (`ldap_directory`). Other hashes of htpasswd (MD5,
SHA-1, crypt, plain text) are refused when the file is read: the weakest line is the strength of
the file. bcrypt is called directly, as passlib 1.7.4 fails with bcrypt 5.
"""

import asyncio
import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

import bcrypt

from proxy_addon.identity import UNKNOWN, Identity, Peer
from reauth.errors import SettingsError

CONFIDENCE = 0.9
"""A password can be lent or stolen, which is what this product looks for."""

_HASH = re.compile(r"\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}")
_MAX_PASSWORD = 72
"""bcrypt reads no further; version 5 of the package raises beyond it, others cut off in silence."""
_AT_ONCE = 4
"""Checks of one process that may run at a time; the rest wait, so that no flood starves it."""
_COST = slice(4, 6)
"""Where a hash tells its cost: checking takes time in proportion to 2 to the power of it."""
_USUAL_COST = 10
"""Where a file names nobody: what `htpasswd -B` is usually told."""


def parse_htpasswd(text: str, name: str) -> dict[str, bytes]:
    """Users and their bcrypt hashes.

    Raises
    ------
    SettingsError
        If a line is no `user:hash`, the hash is no bcrypt hash, or a user stands there twice; the
        message names the line, never what is in it.
    """
    users: dict[str, bytes] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        user, colon, digest = line.strip().partition(":")
        if (not user and not colon) or user.startswith("#"):
            continue
        if not user or not colon:
            raise SettingsError(f"{name}: line {number} is not `user:hash`")
        if not _HASH.fullmatch(digest):
            raise SettingsError(
                f"{name}: line {number} holds no bcrypt hash: set it anew by `htpasswd -B`"
            )
        if user in users:
            raise SettingsError(f"{name}: line {number} repeats a user")
        users[user] = digest.encode()
    return users


def parse_basic(header: str) -> tuple[str, bytes] | None:
    """User and password of a Basic credential (RFC 7617), or None.

    Examples
    --------
    >>> parse_basic("Basic YW5uOmE6Yg=="), parse_basic("Bearer x")
    (('ann', b'a:b'), None)
    """
    scheme, _, value = header.strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(value.strip(), validate=True).partition(b":")
        return (user.decode(), password) if colon else None
    except (binascii.Error, UnicodeDecodeError):
        return None


class _Proof(NamedTuple):
    shown: bytes
    user: str
    since: float


class Passwords(Protocol):
    """What knows the users' passwords."""

    async def verified(self, user: str, password: bytes) -> str | None:
        """The user, by the name that they are known by, if the password is theirs."""
        ...


class Htpasswd:
    """Passwords of a file.

    Parameters
    ----------
    users
        As `parse_htpasswd` gives them.
    """

    def __init__(self, users: Mapping[str, bytes]) -> None:
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self.replace(users)

    def replace(self, users: Mapping[str, bytes]) -> None:
        """Take a file that was read anew."""
        self._users = users
        self._cost = _highest_cost(users)

    async def verified(self, user: str, password: bytes) -> str | None:
        """The user if the password is theirs, in the same time whether there is one or not."""
        digest = self._users.get(user)
        async with self._turn:
            holds = await asyncio.to_thread(
                _holds, password, digest or _nobody(self._cost), self._cost
            )
        return user if holds and digest is not None else None


class ProxyAuth:
    """Users who showed a password on their connection.

    Parameters
    ----------
    clock
        Seconds since 1970.
    """

    name = "proxy_auth"

    def __init__(self, passwords: Passwords, clock: Callable[[], float]) -> None:
        self._passwords = passwords
        self._clock = clock
        self._proofs: dict[str, _Proof] = {}

    async def check(self, peer: Peer, header: str | None) -> bool:
        """Whether a Proxy-Authorization header proves a user; its connection is theirs from now on.

        A header that proves nobody, or none, takes away what the connection had proved: proxies
        authenticate each request (RFC 9110, 11.7.2), only inside a tunnel none is made.
        """
        shown = hashlib.sha256((header or "").encode()).digest()
        known = self._proofs.get(peer.id)
        if known and known.shown == shown:
            return True
        credential = parse_basic(header) if header else None
        user = await self._passwords.verified(*credential) if credential else None
        if user is None:
            self._proofs.pop(peer.id, None)
            return False
        self._proofs[peer.id] = _Proof(shown, user, self._clock())
        return True

    def forget(self, peer: Peer) -> None:
        """Forget a connection that has ended."""
        self._proofs.pop(peer.id, None)

    def forget_all(self) -> None:
        """Passwords have changed: what was proved by the old ones is proved no more."""
        self._proofs.clear()

    def identify(self, peer: Peer) -> Identity:
        """The user that this connection proved last."""
        proof = self._proofs.get(peer.id)
        return Identity(proof.user, self.name, CONFIDENCE, proof.since) if proof else UNKNOWN


def _highest_cost(users: Mapping[str, bytes]) -> int:
    return max((int(digest[_COST]) for digest in users.values()), default=_USUAL_COST)


def _nobody(cost: int) -> bytes:
    """A hash of that cost which no password has, as nobody knows one."""
    return b"$2b$%02d$" % cost + b"." * 53


def _holds(password: bytes, digest: bytes, cost: int) -> bool:
    """Whether a hash is that of a password, in the time of a check at `cost`, whatever its own.

    So time does not tell which names exist: one check at each cost from the hash's own to the last
    below `cost` takes, with its own, as long as one at `cost`, as each doubles.
    """
    if b"\0" in password:
        return False
    read = password[:_MAX_PASSWORD]
    holds = bcrypt.checkpw(read, digest)
    for lower in range(int(digest[_COST]), cost):
        bcrypt.checkpw(read, _nobody(lower))
    return holds
