"""TLS on both sides: towards an origin like the client's own, towards the client like the origin's.

The client's choice of ciphers goes on to the origin, as its ALPN does, so that a site sees more of
a browser than of a proxy. An origin whose certificate does not hold is never spoken to, and its
client is shown one that is as bad, so that the browser warns. An origin that asks for a certificate
of the client's own gets it: such connections are tunnelled.
"""

import ssl
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary, WeakSet

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from mitmproxy import connection, tls
from OpenSSL import SSL, crypto

from proxy_addon.compat import late_tunnel
from proxy_addon.stand_in import StandIns

ASKED_FOR = 86400.0
"""s that we remember of an origin that it asks for certificates (transparency.md, 8)."""
_ORIGINS = 1024
_STEP = 0x1001
"""SSL_CB_CONNECT_LOOP: the handshake has got on by a message (OpenSSL, ssl.h)."""
_REQUEST = b"SSLv3/TLS read server certificate request"
"""OpenSSL's name of the state after a CertificateRequest (statem.c), TLS 1.3's too."""
_UNTRUE = "Certificate verify failed"
"""How mitmproxy's error begins when an origin's certificate does not hold."""

Place = tuple[str, int]


class _Fault(NamedTuple):
    shown: bytes
    number: int


def _known_ciphers() -> dict[int, str]:
    """OpenSSL's names of what TLS up to 1.2 may use, by number; 1.3's are not to be chosen."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("DEFAULT:!PSK:!SRP")
    found = [each for each in context.get_ciphers() if each["protocol"] != "TLSv1.3"]
    return {each["id"] & 0xFFFF: each["name"] for each in found}


_CIPHERS = _known_ciphers()


@lru_cache(1024)
def mirrored(offered: tuple[int, ...]) -> tuple[str, ...]:
    """The ciphers of a greeting that are known here and safe, in the client's order.

    Examples
    --------
    >>> mirrored((0x1A1A, 0x1301, 0xC02B, 0xC02F, 0x0004))
    ('ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256')
    """
    return tuple(_CIPHERS[number] for number in offered if number in _CIPHERS)


class Handshakes:
    """What is known of connections that are being made.

    Parameters
    ----------
    clock
        Seconds since 1970.
    tlsconfig
        Gives mitmproxy's addon of that name, from when all are there.
    """

    def __init__(
        self,
        counters: Counter[str],
        clock: Callable[[], float],
        tlsconfig: Callable[[], Any],
    ) -> None:
        self._counters = counters
        self._clock = clock
        self._tlsconfig = tlsconfig
        self._stand_ins: StandIns | None = None
        self._ciphers: WeakKeyDictionary[connection.Client, tuple[str, ...]] = WeakKeyDictionary()
        self._faults: WeakKeyDictionary[connection.Server, _Fault] = WeakKeyDictionary()
        self._watched: WeakSet[SSL.Context] = WeakSet()
        self._asking: WeakSet[SSL.Connection] = WeakSet()
        self._asked: dict[Place, float] = {}

    def greeted(self, data: tls.ClientHelloData) -> None:
        """A client has said what it can."""
        if data.context.client.transport_protocol == "tcp":
            ciphers = mirrored(tuple(data.client_hello.cipher_suites))
            self._ciphers[data.context.client] = ciphers
            data.context.server.cipher_list = ciphers

    def connecting(self, client: connection.Client, server: connection.Server) -> None:
        """Another connection is made for a client who has greeted."""
        if server.transport_protocol == "tcp":
            server.cipher_list = self._ciphers.get(client, server.cipher_list)

    def asks(self, place: Place | None) -> bool:
        """Whether an origin is known to ask for certificates."""
        return place in self._asked and self._asked[place] > self._clock() - ASKED_FOR

    def starting(self, data: tls.TlsData) -> None:
        """A handshake with an origin is about to begin; look whether it asks for a certificate."""
        if data.ssl_conn is None:  # in a stock mitmdump it comes after us, and leaves ours alone
            self._tlsconfig().tls_start_server(data)
        assert data.ssl_conn is not None
        if hasattr(data.ssl_conn, "set_info_callback"):  # newer ones let no used context be changed
            data.ssl_conn.set_info_callback(self._step)
            return
        context = data.ssl_conn.get_context()
        if context not in self._watched:
            self._watched.add(context)
            context.set_info_callback(self._step)

    def _step(self, conn: SSL.Connection, where: int, _: int) -> None:
        if where == _STEP and conn.get_state_string() == _REQUEST:
            self._asking.add(conn)

    def ended(self, data: tls.TlsData, closed: bool) -> None:
        """A handshake with an origin has held or failed.

        Parameters
        ----------
        closed
            Whether its site is served watched or not at all.
        """
        server = data.conn
        if not isinstance(server, connection.Server) or data.ssl_conn is None:
            return
        if (server.error or "").startswith(_UNTRUE):
            self._faults[server] = _fault(data.ssl_conn)
        elif data.ssl_conn in self._asking and server.address and not closed:
            if len(self._asked) >= _ORIGINS:
                self._asked.clear()
            self._asked[server.address[:2]] = self._clock()
            self._counters['tunnelled_total{reason="client_certificate"}'] += 1
            late_tunnel.ask(server)

    def answering(self, data: tls.TlsData) -> None:
        """A client is about to be shown a certificate; a bad one where the origin's is."""
        fault = self._faults.get(data.context.server)
        if data.ssl_conn is None:
            self._tlsconfig().tls_start_client(data)
        assert data.ssl_conn is not None
        if fault is None:
            return
        if self._stand_ins is None:
            ours = self._tlsconfig().certstore
            issuer = x509.load_pem_x509_certificate(ours.default_ca.to_pem())
            self._stand_ins = StandIns(issuer, ours.default_privatekey)
        bad = self._stand_ins.certificate(*fault)
        data.ssl_conn.use_certificate(crypto.X509.from_cryptography(bad))
        data.ssl_conn.use_privatekey(crypto.PKey.from_cryptography_key(self._stand_ins.key))
        self._counters["untrue_origin_total"] += 1

    def is_untrue(self, server: connection.Server) -> bool:
        """Whether the origin's certificate did not hold."""
        return server in self._faults


def _fault(conn: SSL.Connection) -> _Fault:
    chain = conn.get_peer_cert_chain() or []
    shown = chain[0].to_cryptography().public_bytes(Encoding.DER) if chain else b""
    number: int = SSL._lib.SSL_get_verify_result(conn._ssl)  # type: ignore[union-attr, attr-defined] # only there
    return _Fault(shown, number)
