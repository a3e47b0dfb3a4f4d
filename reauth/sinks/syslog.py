"""News of an alert to a syslog receiver, over UDP, TCP or TLS.

Syslog has no receipt. On a stream we close our half behind the message and wait for the other side
to close its own: it has read to the end then. One that goes away meanwhile resets the connection
or cuts it off, and the outbox comes again.
"""

import asyncio
import json
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from reauth.errors import SettingsError, SinkError
from reauth.news import Letterhead, News
from reauth.ocsf import finding
from reauth.sinks.cef import cef
from reauth.sinks.ecs import ecs
from reauth.sinks.opening import Opening
from reauth.sinks.syslog_message import UDP, clipped, framed, message
from reauth.sinks.thin import EVIDENCE, thin
from reauth.sinks.trust import trusting

Text = Callable[[News, Letterhead, int], str]


def _json(news: News, head: Letterhead, most: int) -> str:
    return _dumped(thin(news, head, most))


def _cef(news: News, head: Letterhead, _: int) -> str:
    return cef(news, head)


def _ecs(news: News, head: Letterhead, _: int) -> str:
    return _dumped(ecs(news, head))


def _ocsf(news: News, head: Letterhead, _: int) -> str:
    return _dumped(finding(news, head))


def _dumped(document: object) -> str:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


TEXTS: dict[str, Text] = {"cef": _cef, "json": _json, "ecs": _ecs, "ocsf": _ocsf}
"""What stands behind the header, by the name of the format."""

_PORTS = {"udp": 514, "tcp": 601, "tls": 6514}
"""RFC 5426, RFC 6587 (of RFC 3195), RFC 5425."""

REFUSAL = 0.2
"""s to wait for a datagram's refusal: a round trip within a country."""


class Syslog:
    """Sends one message each time, on a connection of its own.

    Raises
    ------
    SettingsError
        If the URL names no host, no known format, or a file of CAs that is none.
    """

    def __init__(self, found: Opening) -> None:
        self._transport = found.scheme.partition("+")[2]
        if not found.parts.hostname or found.parts.path.strip("/"):
            raise SettingsError(f"sinks.urls: {found.scheme} is {found.scheme}://HOST[:PORT]")
        self._where = (found.parts.hostname, found.port(_PORTS[self._transport]))
        self._timeout = found.settings.timeout
        self._head = found.head
        # A datagram has no room for the other two.
        known = ("cef", "json") if self._transport == "udp" else tuple(TEXTS)
        format_name = found.choice("format", *known)
        self._text = TEXTS[format_name]
        self._tls = trusting(found.settings.ca_file) if self._transport == "tls" else None
        self.name = f"{found.scheme}://{found.host}?format={format_name}"

    def render(self, news: News) -> bytes:
        """The message; in a datagram with no more evidence, and no longer a note, than has room."""
        if self._transport != "udp":
            return self._whole(news, EVIDENCE)
        brief = replace(news, alert=replace(news.alert, note=""))
        for told, most in ((news, EVIDENCE), (news, 4), (news, 0), (brief, 0)):
            octets = self._whole(told, most)
            if len(octets) <= UDP:
                break
        return clipped(octets, UDP)

    def _whole(self, news: News, most: int) -> bytes:
        return message(news, self._head.host, self._text(news, self._head, most))

    async def deliver(self, news: News, payload: bytes, now: float) -> None:
        """Send it.

        Raises
        ------
        SinkError
            If nobody is there, or goes away before it has read to the end.
        """
        send = self._datagram if self._transport == "udp" else self._stream
        try:
            await asyncio.to_thread(send, payload)
        except OSError as error:
            told = error.strerror or type(error).__name__
            raise SinkError(f"not taken: {told}") from error

    def _datagram(self, payload: bytes) -> None:
        family, kind, protocol, _, where = socket.getaddrinfo(
            *self._where, type=socket.SOCK_DGRAM
        )[0]
        with socket.socket(family, kind, protocol) as line:
            line.connect(where)
            line.send(payload)
            # Nobody answers a datagram, but a machine without a receiver says so.
            line.settimeout(REFUSAL)
            with suppress(TimeoutError):
                line.recv(1)

    def _stream(self, payload: bytes) -> None:
        with socket.create_connection(self._where, self._timeout) as plain:
            line = plain
            if self._tls is not None:
                line = self._tls.wrap_socket(plain, server_hostname=self._where[0])
            with line:
                line.sendall(framed(payload))
                _goodbye(line)


def _goodbye(line: socket.socket) -> None:
    """Say that this was all, and wait until the other side has read it and says so too.

    One that keeps its half open until we give up waiting is there all the same: a dead one would
    have been noticed by then.

    Raises
    ------
    OSError
        If it went away before it had read all.
    """
    with suppress(TimeoutError):
        if isinstance(line, ssl.SSLSocket):
            # Many servers close without an alert of their own: then it is the stream that ends.
            with suppress(ssl.SSLEOFError, ssl.SSLZeroReturnError):
                line.unwrap()
            return
        line.shutdown(socket.SHUT_WR)
        while line.recv(4096):
            pass
