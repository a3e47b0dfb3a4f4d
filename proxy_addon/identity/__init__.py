"""Whom a connection belongs to, how we know, and how surely; where nobody knows, `unknown`.

A source answers for one connection at a time and never guesses: a source that is unsure answers
`UNKNOWN`. The ranking asks the surest source first. An unknown person is observed as unknown,
never as the last one seen.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Peer:
    """A client's connection, as the sources see it.

    Parameters
    ----------
    id
        Names the connection for its life.
    address
        The client's address as `address_of` writes it.
    """

    id: str
    address: str


@lru_cache(maxsize=4096)
def address_of(text: str) -> str:
    """A client address in one spelling: no zone, and an IPv4 one mapped into IPv6 as IPv4.

    Examples
    --------
    >>> address_of("::ffff:10.1.2.3"), address_of("fe80::1%eth0"), address_of("2001:DB8::1")
    ('10.1.2.3', 'fe80::1', '2001:db8::1')
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def holds(networks: Iterable[Network], address: str) -> bool:
    """Whether an address, written by `address_of`, is in one of the networks."""
    found = ipaddress.ip_address(address)
    return any(found in network for network in networks)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a connection belongs to.

    Parameters
    ----------
    user
        None where nobody knows.
    source
        What told us; part of the connection identity that page tokens are bound to.
    confidence
        0 to 1: a password proves more than an address that somebody had this morning.
    since
        Seconds since 1970; 0 where it does not apply.
    """

    user: str | None
    source: str
    confidence: float
    since: float


UNKNOWN = Identity(None, "unknown", 0.0, 0.0)


class Source(Protocol):
    """What may know the user of a connection; `name` is a word of `RANKING`."""

    name: str

    def identify(self, peer: Peer) -> Identity:
        """The user of this connection, or `UNKNOWN`."""
        ...


class DefaultUser:
    """For trials: everyone whom no other source knows is this user."""

    name = "default_user"

    def __init__(self, user: str | None) -> None:
        self.user = user

    def identify(self, peer: Peer) -> Identity:
        """The default user, whoever it really is: hence a confidence of 0."""
        return Identity(self.user, self.name, 0.0, 0.0) if self.user else UNKNOWN


RANKING = (
    "proxy_auth",
    "client_certificate",
    "upstream_header",
    "address_map",
    DefaultUser.name,
)
"""Surest first: what this person proved on this connection, then what others say of it."""


class Ranking:
    """Sources in the order of `RANKING`; the first that knows the user is believed."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self._sources = sorted(sources, key=lambda source: RANKING.index(source.name))

    def identify(self, peer: Peer) -> Identity:
        """The user of this connection, or `UNKNOWN`."""
        for source in self._sources:
            identity = source.identify(peer)
            if identity.user is not None:
                return identity
        return UNKNOWN
