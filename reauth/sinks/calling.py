"""How sinks call a web address: one request, no redirection, and only where it may lead.

A name is resolved once, its addresses looked at, and the connection made to these: what somebody
else's name server says must not lead us to a machine that the operator did not mean.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from reauth.errors import SinkError
from reauth.settings import Sinks
from reauth.sinks.outbox import SinkGone
from reauth.sinks.trust import trusting

LONGEST_ANSWER = 65536
"""Bytes of an answer that are read."""

_GONE = 410
"""HTTP 410: the receiver wants no more (Standard Webhooks, "Handling of delivery failures")."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Guard(AbstractResolver):
    """Resolves names to public addresses, and to private ones in the networks that are listed.

    An address that stands in a URL is not asked about here: the operator has written it.
    """

    def __init__(self, allowed: Sequence[Network]) -> None:
        self._allowed = tuple(allowed)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses that may be called.

        Raises
        ------
        SinkError
            If there are some, and none may.
        OSError
            If there are none.
        """
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        good = [
            ResolveResult(
                hostname=host, host=str(where[0]), port=port, family=kind, proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, where in found
            if host == "localhost" or self.allows(str(where[0]))
        ]  # fmt: skip
        if not good:
            raise SinkError("its name leads to a private address: sinks.allow_private has it not")
        return good

    def allows(self, text: str) -> bool:
        """Whether an address may be called.

        Examples
        --------
        >>> guard = Guard([ipaddress.ip_network("10.1.0.0/16")])
        >>> [guard.allows(text) for text in ("10.1.2.3", "10.2.2.3", "169.254.169.254", "9.9.9.9")]
        [True, False, False, True]
        >>> guard.allows("::ffff:192.168.0.1")
        False
        """
        where = ipaddress.ip_address(text.partition("%")[0])
        if isinstance(where, ipaddress.IPv6Address) and where.ipv4_mapped is not None:
            where = where.ipv4_mapped
        listed = any(
            where.version == network.version and where in network for network in self._allowed
        )
        return listed or (where.is_global and not where.is_multicast)

    async def close(self) -> None:
        """Hold nothing."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Posts to web addresses as the settings allow."""

    timeout: float
    allowed: tuple[Network, ...]
    tls: ssl.SSLContext

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """Status and beginning of the answer.

        Raises
        ------
        SinkError
            If there was none. It holds no address: there may be a secret in it.
        """
        connector = aiohttp.TCPConnector(resolver=Guard(self.allowed), ssl=self.tls)
        timeout = aiohttp.ClientTimeout(total=self.timeout)
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=timeout) as client,
                client.post(url, data=body, headers=headers, allow_redirects=False) as answer,
            ):
                return answer.status, await answer.content.read(LONGEST_ANSWER)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # The error's own text may hold the URL and what is secret in it.
            raise SinkError(f"no answer: {type(error).__name__}") from error


def caller(settings: Sinks) -> Caller:
    """Who calls for the sinks of these settings.

    Raises
    ------
    SettingsError
        If the file of CAs is none.
    """
    networks = tuple(map(ipaddress.ip_network, settings.allow_private))
    return Caller(settings.timeout, networks, trusting(settings.ca_file))


def taken(status: int) -> None:
    """See that an answer says that the news were taken: 200 to 299.

    Raises
    ------
    SinkGone
        If the receiver wants no more.
    SinkError
        If it says anything else.
    """
    if status == _GONE:
        raise SinkGone("the receiver answered 410: it wants no more")
    if not 200 <= status < 300:
        raise SinkError(f"the receiver answered {status}")
