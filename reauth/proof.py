"""How somebody proves who they are: a password, and a code that their device reckons.

Passwords are kept as argon2id hashes (RFC 9106), codes follow RFC 6238: six digits, every 30 s,
SHA-1, as all authenticator apps do.
"""

import asyncio
import hashlib
import hmac
import secrets
import unicodedata
from base64 import b64encode
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from reauth.errors import AccountError

SHORTEST, LONGEST = 12, 256
"""Characters of a password. NIST SP 800-63B asks for eight beside a second factor, fifteen alone;
what is longer than the most is a way to keep the processor busy."""

SECRET_BYTES = 32
"""Random bytes of a login, a token, an invitation: nobody guesses 256 bits."""
_TOTP_BYTES = 20
"""RFC 4226, section 4: the length of SHA-1's output."""
_STEP = 30
_AT_ONCE = 2
"""Passwords that are looked at together: each takes 64 MiB."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a guess costs: RFC 9106's second recommendation, about 0.1 s of a core.

    `memory` is in KiB.
    """

    memory: int = 65_536
    passes: int = 3
    lanes: int = 4


class Passwords:
    """Hashes passwords and compares them, on threads, few at a time.

    A name that nobody has is compared with a hash that nothing fits: both take as long.
    """

    def __init__(self, cost: Cost = Cost()) -> None:
        self._hasher = PasswordHasher(cost.passes, cost.memory, cost.lanes)
        self._few = asyncio.Semaphore(_AT_ONCE)
        salt, digest = (
            b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (16, 32)
        )
        shape = f"m={cost.memory},t={cost.passes},p={cost.lanes}"
        self._nobody = f"$argon2id$v=19${shape}${salt}${digest}"

    async def hash(self, password: str) -> str:
        """What is kept of a password."""
        async with self._few:
            return await asyncio.to_thread(self._hasher.hash, _plain(password))

    async def fits(self, kept: str | None, password: str) -> bool:
        """Whether a password is the one that was kept; None is nobody's."""
        async with self._few:
            return await asyncio.to_thread(self._fits, kept or self._nobody, _plain(password))

    def _fits(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False


def _plain(password: str) -> str:
    """One spelling of a password, whatever keyboard it was typed on; cut where it is too long."""
    return unicodedata.normalize("NFKC", password[: 2 * LONGEST])


def check_password(password: str, name: str) -> None:
    """Refuse a password that will not do.

    Raises
    ------
    AccountError
        If it is too short, too long, or little more than the name.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise AccountError(f"a password has {SHORTEST} to {LONGEST} characters")
    rest = password.casefold().replace(name.casefold(), "").replace("reauth", "")
    if len(set(rest)) < SHORTEST // 3:
        raise AccountError("this password is easily guessed: take several words that nobody knows")


def new_secret() -> str:
    """The secret of a login, a token or an invitation, fit for URLs and cookies."""
    return secrets.token_urlsafe(SECRET_BYTES)


def digest_of(secret: str) -> str:
    """What is kept of such a secret; its 256 random bits need no salt."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def new_totp() -> bytes:
    """The secret of a second factor."""
    return secrets.token_bytes(_TOTP_BYTES)


def totp_uri(secret: bytes, name: str) -> str:
    """What an authenticator app reads from a picture."""
    return _totp(secret).get_provisioning_uri(name, "reauth")


def totp_step(secret: bytes, code: str, now: float, after: int) -> int | None:
    """The step of which a code is, of those around a time and after the last one used.

    One step to either side for clocks that are wrong (RFC 6238, section 5.2); a code counts once.

    Examples
    --------
    >>> secret = b"12345678901234567890"  # RFC 6238, appendix B
    >>> totp_step(secret, "287082", 59.0, 0), totp_step(secret, "287082", 59.0, 1)
    (1, None)
    """
    here = int(now // _STEP)
    found = None
    for step in (here - 1, here, here + 1):
        right = _totp(secret).generate(max(step, 0) * _STEP).decode()
        if hmac.compare_digest(right.encode(), code.encode("utf-8", "replace")) and step > after:
            found = step
    return found


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, 6, SHA1(), _STEP)  # noqa: S303 - as authenticator apps reckon it
