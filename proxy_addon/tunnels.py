"""Tunnels that are learnt: an application that trusts its own authorities only must work.

A learnt tunnel is a way out for an impostor, so there are guard rails. What is learnt is a server's
name together with the form of the greeting that was refused (JA4), never a name for everybody. A
browser's greeting proves nothing, whatever it alleges, unless the operator has named the host. Each
process tells what it saw under a keyed hash, along with its counters; the ingest decides, for all
of them, and for a day.
"""

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple
from weakref import WeakKeyDictionary

from mitmproxy import connection, http, tls

from reauth.claim import Keys, site_of

log = logging.getLogger(__name__)

_ALERTS = ("unknown ca", "bad certificate", "certificate unknown")
"""How OpenSSL names what a client says who does not trust our certificate (RFC 8446, 6.2)."""
_BROWSERS = frozenset({34, 17513, 17613, 65037})
"""Extensions that browsers alone send: delegated credentials, ALPS old and new, ECH."""
_SUPPORTED, _SIGNATURES, _NAME, _ALPN = 43, 13, 0, 16
_KEPT = 4096
_TOLD_FOR = 300.0
"""s for which a success is told once: within the ten minutes that the ingest looks back."""


def _is_grease(number: int) -> bool:
    """RFC 8701: both bytes are alike and end in A."""
    return number & 0x0F0F == 0x0A0A and number >> 8 == number & 0xFF


def _pairs(text: bytes) -> list[int]:
    found = [int.from_bytes(text[at : at + 2], "big") for at in range(0, len(text) - 1, 2)]
    return [number for number in found if not _is_grease(number)]


def _digest(numbers: Iterable[int], more: str = "") -> str:
    text = ",".join(f"{number:04x}" for number in numbers) + more
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def ja4(hello: tls.ClientHello) -> str:
    """The form of a greeting, however its parts are ordered (FoxIO's JA4)."""
    ciphers = sorted(number for number in hello.cipher_suites if not _is_grease(number))
    parts = {kind: text for kind, text in hello.extensions if not _is_grease(kind)}
    versions = _pairs(parts.get(_SUPPORTED, b"")[1:])
    version = {0x0304: "13", 0x0303: "12"}.get(max(versions, default=0x0303), "00")
    alpn = hello.alpn_protocols[0].decode("ascii", "replace") if hello.alpn_protocols else "00"
    named = "d" if _NAME in parts else "i"
    counts = f"{min(len(ciphers), 99):02d}{min(len(parts), 99):02d}"
    kinds = sorted(kind for kind in parts if kind not in (_NAME, _ALPN))
    signatures = ",".join(f"{each:04x}" for each in _pairs(parts.get(_SIGNATURES, b"")[2:]))
    tail = _digest(kinds, f"_{signatures}" if signatures else "")
    return f"t{version}{named}{counts}{alpn[:1]}{alpn[-1:]}_{_digest(ciphers)}_{tail}"


def is_browser(hello: tls.ClientHello) -> bool:
    """Whether a greeting is of the kind that browsers send; in doubt it is."""
    kinds = [kind for kind, _ in hello.extensions]
    grease = any(_is_grease(number) for number in (*kinds, *hello.cipher_suites))
    return grease or not _BROWSERS.isdisjoint(kinds)


class _Greeting(NamedTuple):
    host: str
    form: str
    key: str
    browser: bool


class Tunnels:
    """What is known of clients who do not trust us.

    Parameters
    ----------
    approved
        Whether the operator lets a tunnel to a host be learnt from browsers too.
    keep_host
        Whether the log may name hosts.
    clock
        Seconds since 1970.
    """

    def __init__(
        self,
        keys: Keys,
        counters: Counter[str],
        clock: Callable[[], float],
        approved: Callable[[str], bool],
        keep_host: bool,
    ) -> None:
        self._keys = keys
        self._counters = counters
        self._clock = clock
        self._approved = approved
        self._keep_host = keep_host
        self._greetings: WeakKeyDictionary[connection.Client, _Greeting] = WeakKeyDictionary()
        self._browsers: set[str] = set()
        self._learnt: dict[str, float] = {}
        self._told: dict[str, float] = {}

    def take(self, learnt: Iterable[tuple[str, float]]) -> None:
        """What the ingest has learnt from all of us, and until when each holds."""
        self._learnt = dict(learnt)

    def greets(self, data: tls.ClientHelloData, host: str | None) -> bool:
        """Note a client's greeting; whether it is one that is tunnelled by what was learnt."""
        if host is None or data.context.client.transport_protocol != "tcp":
            return False
        form = ja4(data.client_hello)
        key = site_of(self._keys, f"{host}|{form}")
        browser = is_browser(data.client_hello)
        greeting = _Greeting(host, form, key, browser)
        self._greetings[data.context.client] = greeting
        return self._learnt.get(key, 0.0) > self._clock() and self._counts(greeting)

    def _counts(self, greeting: _Greeting) -> bool:
        browser = greeting.browser or greeting.form in self._browsers
        return not browser or self._approved(greeting.host)

    def speaks(self, client: connection.Client, headers: http.Headers) -> None:
        """A request has come over it: what only browsers write makes its greeting a browser's."""
        greeting = self._greetings.get(client)
        if greeting and greeting.form not in self._browsers and "sec-fetch-dest" in headers:
            if len(self._browsers) >= _KEPT:
                self._browsers.clear()
            self._browsers.add(greeting.form)

    def holds(self, client: connection.Client) -> None:
        """A client took our certificate: one of its kind that refuses it is not pinned."""
        greeting = self._greetings.get(client)
        if greeting is None or self._told.get(greeting.key, 0.0) > self._clock():
            return
        if len(self._told) >= _KEPT:
            self._told.clear()
        self._told[greeting.key] = self._clock() + _TOLD_FOR
        self._counters[f'tls_held{{key="{greeting.key}"}}'] += 1

    def fails(self, client: connection.Client) -> None:
        """A client has ended a handshake; told if it said that it does not trust us."""
        greeting = self._greetings.get(client)
        if greeting is None or not any(alert in (client.error or "") for alert in _ALERTS):
            return
        if not self._counts(greeting):
            self._counters["tunnel_refused_total"] += 1  # a browser's: its user's warning, no more
            return
        self._counters[f'tls_failed{{key="{greeting.key}"}}'] += 1
        told = {"key": greeting.key, "client": greeting.form}
        named = {"host": greeting.host} if self._keep_host else {}
        log.warning("certificate_refused", extra={"fields": told | named})
