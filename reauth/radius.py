"""RADIUS accounting (RFC 2866): what a network's gateway tells of who got which address.

A request counts if its sender knows the shared secret; so does our answer to it. That is MD5 over
a secret, as the protocol has it: let it come over a network that is trusted or a tunnel. A request
that says when it happened is refused once that is long ago, so that none can be sent again.
"""

import hashlib
import hmac
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from reauth.errors import WireError

_HEAD = struct.Struct("!BBH16s")
_REQUEST, _ANSWER = 4, 5
_USER, _NAS, _ADDRESS, _NAS_NAME, _STATUS, _SESSION, _WHEN = 1, 4, 8, 32, 40, 44, 55
_ADDRESS_6, _NAS_6 = 168, 95
"""Attributes: RFC 2865 (5), RFC 2866 (5), RFC 2869 (5.3), RFC 3162 (2.1) and RFC 6911 (3.1)."""
START, STOP, INTERIM, ON, OFF = 1, 2, 3, 7, 8
"""Acct-Status-Type; the last two: the gateway begins anew or ends, and all its sessions with it."""
_MAX = 4096
STALE = 300.0
"""s after which what happened is no news; gateways repeat for less than that."""


@dataclass(frozen=True, slots=True)
class Accounting:
    """A request.

    Parameters
    ----------
    status
        Acct-Status-Type.
    session
        The gateway and its name for the session: names of two gateways may be the same.
    gateway
        What `session` begins with.
    """

    status: int
    user: str
    addresses: tuple[str, ...]
    session: str
    gateway: str


def read(packet: bytes, secret: bytes, sender: str, now: float) -> Accounting:
    """What a packet says.

    Raises
    ------
    WireError
        "malformed", "forged", "stale", or "useless" where nothing is said that we could use: a
        label of the counter.
    """
    if not _HEAD.size <= len(packet) <= _MAX:
        raise WireError("malformed")
    code, _, size, authenticator = _HEAD.unpack_from(packet)
    if code != _REQUEST or not _HEAD.size <= size <= len(packet):
        raise WireError("malformed")
    signed = packet[:4] + bytes(16) + packet[_HEAD.size : size] + secret
    if not hmac.compare_digest(authenticator, _md5(signed)):
        raise WireError("forged")
    found: dict[int, bytes] = {}
    addresses: list[str] = []
    for kind, value in _attributes(packet[_HEAD.size : size]):
        found.setdefault(kind, value)
        if (kind, len(value)) in ((_ADDRESS, 4), (_ADDRESS_6, 16)):
            addresses.append(str(ip_address(value)))
    if _WHEN in found and abs(now - int.from_bytes(found[_WHEN], "big")) > STALE:
        raise WireError("stale")
    named = (found[kind] for kind in (_NAS_NAME, _NAS, _NAS_6) if kind in found)
    gateway = next(named, sender.encode()).hex()
    user = found.get(_USER, b"").decode("utf-8", "replace")
    status = int.from_bytes(found.get(_STATUS, b""), "big")
    if status in (START, INTERIM) and not (user and addresses and _SESSION in found):
        raise WireError("useless")
    session = f"{gateway}|{found.get(_SESSION, b'').hex()}"
    return Accounting(status, user, tuple(addresses), session, f"{gateway}|")


def _attributes(text: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(text):
        if len(text) - at < 2 or text[at + 1] < 2 or at + text[at + 1] > len(text):
            raise WireError("malformed")
        yield text[at], text[at + 2 : at + text[at + 1]]
        at += text[at + 1]


def answer(packet: bytes, secret: bytes) -> bytes:
    """That a request was taken; without it the gateway repeats."""
    head = bytes([_ANSWER, packet[1]]) + struct.pack("!H", _HEAD.size)
    return head + _md5(head + packet[4:20] + secret)


def request(attributes: list[tuple[int, bytes]], secret: bytes, number: int = 1) -> bytes:
    """A request as a gateway sends it; for trying a secret out."""
    body = b"".join(bytes([kind, len(value) + 2]) + value for kind, value in attributes)
    head = bytes([_REQUEST, number]) + struct.pack("!H", _HEAD.size + len(body))
    return head + _md5(head + bytes(16) + body + secret) + body


def _md5(text: bytes) -> bytes:
    return hashlib.md5(text, usedforsecurity=False).digest()
