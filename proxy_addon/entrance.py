"""Who a connection belongs to, and whether it is let in.

Every source of identity hears here what it needs of a request or a handshake, and nobody else
does: credentials and names that are meant for us are taken out before anything looks at a request,
so that no origin ever sees them.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from cryptography import x509
from mitmproxy import connection, http, tls
from mitmproxy.proxy import mode_specs
from mitmproxy.proxy.layers import ClientTLSLayer, modes

from proxy_addon.identity import DefaultUser, Identity, Peer, Ranking, Source, address_of
from proxy_addon.identity.address_map import AddressMap, Entries
from proxy_addon.identity.client_certificate import ClientCertificates
from proxy_addon.identity.ldap_directory import Directory, LdapPasswords
from proxy_addon.identity.proxy_auth import Htpasswd, Passwords, ProxyAuth
from proxy_addon.identity.upstream_header import UpstreamHeader
from proxy_addon.tls import networks
from reauth.settings import Identity as Settings

_EXPLICIT = mode_specs.RegularMode | mode_specs.UpstreamMode


@dataclass(frozen=True, slots=True)
class Papers:
    """What stands in the files that `[identity]` names; None where it names none."""

    client_ca: bytes | None = None
    ldap_password: str | None = None


class Entrance:
    """The sources of identity that the settings name.

    Parameters
    ----------
    clock
        Seconds since 1970.
    """

    def __init__(
        self,
        settings: Settings,
        papers: Papers,
        counters: Counter[str],
        clock: Callable[[], float],
    ) -> None:
        self.addresses = AddressMap(clock)
        self.default = DefaultUser(settings.default_user)
        self.htpasswd = Htpasswd({}) if settings.htpasswd else None
        passwords: Passwords | None = self.htpasswd
        if settings.ldap_url:
            passwords = LdapPasswords(_directory(settings, papers), counters, clock)
        self.auth = ProxyAuth(passwords, clock) if passwords else None
        self._upstream, self._certificates = None, None
        if settings.upstream_header:
            peers = networks(settings.upstream_peers, "identity.upstream_peers")
            self._upstream = UpstreamHeader(settings.upstream_header, peers, clock)
        if papers.client_ca is not None:
            field = settings.certificate_field
            self._certificates = ClientCertificates(papers.client_ca, field, clock)
        remembering = (self.auth, self._certificates, self._upstream)
        self._remembering = [each for each in remembering if each is not None]
        known: list[Source] = [*self._remembering, self.addresses]
        self._named = Ranking(known)
        """Those who know somebody in particular."""
        self._ranking = Ranking([*known, self.default])
        self._tunnels: set[str] = set()
        realm = settings.realm.replace("\\", "\\\\").replace('"', '\\"')
        self._challenge = {"Proxy-Authenticate": f'Basic realm="{realm}", charset="UTF-8"'}

    def renew(self, entries: Entries, users: Mapping[str, bytes]) -> None:
        """Take files that were read anew; what was proved by an old password is proved no more."""
        self.addresses.load(entries)
        if self.htpasswd is not None and self.auth is not None:
            self.htpasswd.replace(users)
            self.auth.forget_all()

    def identify(self, peer: Peer) -> Identity:
        """Who it is, by the surest source that knows."""
        return self._ranking.identify(peer)

    def refusal(self, flow: http.HTTPFlow) -> Awaitable[http.Response | None] | None:
        """None for who is let in unasked; who is asked waits for 407, or for None.

        Nobody is asked again inside of a tunnel, and nobody believed there.
        """
        headers, client = flow.request.headers, flow.client_conn
        shown = headers.pop("proxy-authorization", None)
        headers.pop("proxy-connection", None)  # says that there is a proxy
        if client.id in self._tunnels:
            return None
        peer = peer_of(client)
        self._hear(peer, headers, shown)
        if self.auth is None or not isinstance(client.proxy_mode, _EXPLICIT):
            return None
        return self._asked(self.auth, peer, shown)

    async def _asked(
        self, auth: ProxyAuth, peer: Peer, shown: str | None
    ) -> http.Response | None:
        if await auth.check(peer, shown):
            return None
        if self._named.identify(peer).user is not None:
            return None
        return http.Response.make(407, b"", self._challenge)

    def _hear(self, peer: Peer, headers: http.Headers, shown: str | None) -> None:
        upstream = self._upstream
        if upstream is not None and upstream.believes(peer):
            upstream.hear(peer, headers.pop(upstream.header, shown))

    def opened(self, client: connection.Client) -> None:
        """A tunnel was let in."""
        self._tunnels.add(client.id)

    def asking(self, data: tls.TlsData) -> None:
        """A client is about to be shown a certificate; ask for its own, if it is ours to ask.

        No CONNECT is taken over HTTP/2 here, and mitmproxy's own check for this case misses it.
        """
        if data.ssl_conn is not None and _is_ours(data):
            told = data.ssl_conn.get_app_data()
            data.ssl_conn.set_app_data({**told, "client_alpn": b"http/1.1"})
            if self._certificates is not None:
                self._certificates.ask(data.ssl_conn)

    def shown(self, data: tls.TlsData) -> None:
        """A client's handshake is done."""
        if self._certificates is not None and _is_ours(data):
            chain = [
                x509.load_pem_x509_certificate(each.to_pem())
                for each in data.conn.certificate_list
            ]
            self._certificates.take(peer_of(data.context.client), chain)

    def left(self, client: connection.Client) -> None:
        """A connection has ended: forget who it was."""
        self._tunnels.discard(client.id)
        for source in self._remembering:
            source.forget(peer_of(client))


def peer_of(client: connection.Client) -> Peer:
    """A client's connection as the sources see it."""
    return Peer(client.id, address_of(client.peername[0]))


def _is_ours(data: tls.TlsData) -> bool:
    """Whether a handshake is with the proxy itself, and not in the name of a site."""
    first, second, *rest = data.context.layers
    proxied = isinstance(first, modes.HttpProxy | modes.HttpUpstreamProxy)
    ours = proxied and isinstance(second, ClientTLSLayer)
    return ours and not any(isinstance(layer, ClientTLSLayer) for layer in rest)


def _directory(settings: Settings, papers: Papers) -> Directory:
    assert settings.ldap_url is not None
    return Directory(
        settings.ldap_url,
        settings.ldap_base,
        settings.ldap_filter,
        settings.ldap_attribute,
        settings.ldap_bind,
        papers.ldap_password,
        settings.ldap_ca,
    )
