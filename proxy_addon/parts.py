"""What the hooks work with, built from the settings: files are read here and nowhere else.

One frozen reading of the settings, and beside it the few things that may change while the proxy
runs: the address map, passwords and lists, by a signal or by the control stream.
"""

import os
import ssl
import stat
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import certifi
from cryptography import x509
from mitmproxy import ctx, http, tls, version

from proxy_addon import compat
from proxy_addon.compat import leaf, proxy_protocol
from proxy_addon.control import Control, Snapshot
from proxy_addon.entrance import Entrance, Papers, peer_of
from proxy_addon.forward import Forward
from proxy_addon.handshakes import Handshakes
from proxy_addon.identity.address_map import Entries, parse_address_map
from proxy_addon.identity.proxy_auth import parse_htpasswd
from proxy_addon.notes import Notes
from proxy_addon.page import Pages
from proxy_addon.policy import Site, Standing
from proxy_addon.route import Route, Sender, read_observer
from proxy_addon.tls import Guard, host_matches, networks, port_ranges, tunnelled_host
from proxy_addon.tunnels import Tunnels
from reauth.claim import Keys, keys_from_text
from reauth.errors import ClaimError, SettingsError
from reauth.settings import Identity, Settings, address, parse, secret_files

_HTTPS = 443
_SECRET_LOGS = ("SSLKEYLOGFILE", "MITMPROXY_SSLKEYLOGFILE")
_SYSTEM_TRUST = "/etc/ssl/certs/ca-certificates.crt"
"""Debian, Alpine and Arch; others are found by way of OpenSSL, or certifi's list is used."""


def now() -> float:
    """Seconds since 1970."""
    return datetime.now(UTC).timestamp()


def refuse_secret_logs() -> None:
    """Refuse an environment in which mitmproxy writes down the secrets of every connection.

    Raises
    ------
    SettingsError
        If a variable is set that asks for it.
    """
    for name in _SECRET_LOGS:
        if os.environ.get(name):
            raise SettingsError(f"{name} is set: it would write the keys of all connections down")


def read_keys(path: str) -> Keys:
    """Read the file of the token and claim secrets.

    Raises
    ------
    SettingsError
        If it is not there, open to others, or none of ours.
    """
    try:
        with open(path, encoding="utf-8") as stream:
            mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
            text = stream.read()
    except OSError as error:
        raise SettingsError(
            f"{path}: {error.strerror}; start `reauth serve` or `reauth run` once, which makes it"
        ) from None
    if mode & 0o077:
        raise SettingsError(f"{path} is open to others (mode {mode:04o}): run `chmod 600 {path}`")
    try:
        return keys_from_text(text)
    except ClaimError as error:
        raise SettingsError(f"{path}: {error}") from None


def _text(path: str, key: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{key}: cannot read {path}: {type(error).__name__}") from None


def trusted(upstream_ca: str | None) -> str:
    """Path of the certificates that origins are checked against: the system's, and one file more.

    The two together stand in anonymous memory, which ends with the process.

    Raises
    ------
    SettingsError
        If the file cannot be read or holds no certificate.
    """
    found = ssl.get_default_verify_paths().cafile or _SYSTEM_TRUST
    system = found if Path(found).is_file() else certifi.where()
    if upstream_ca is None:
        return system
    more = _text(upstream_ca, "proxy.upstream_ca")
    try:
        x509.load_pem_x509_certificates(more.encode())
    except ValueError:
        raise SettingsError(f"proxy.upstream_ca: {upstream_ca} holds no certificate") from None
    memory = os.memfd_create("upstream-ca")
    with os.fdopen(os.dup(memory), "wb") as stream:
        stream.write(Path(system).read_bytes() + b"\n" + more.encode())
    return f"/proc/self/fd/{memory}"


def read_settings(path: str) -> Settings:
    """Read the settings' file, secret files and the environment, as `reauth serve` does.

    Raises
    ------
    SettingsError
        If one cannot be read or says what it may not.
    """
    named = secret_files(os.environ).items()
    return parse(
        _text(path, "--config"),
        name=path,
        folder=str(Path(path).absolute().parent),
        secrets={
            variable: _text(file, f"{variable}_FILE").strip()
            for variable, file in named
            if variable not in os.environ
        },
        environment=os.environ,
    )


def read_papers(settings: Identity) -> Papers:
    """What the files hold that the sources of identity need at the start.

    Raises
    ------
    SettingsError
        If one cannot be read, or a password is open to others.
    """
    ca, secret, key = settings.client_ca, settings.ldap_password_file, "identity.ldap_password_file"
    password = _text(secret, key).strip() if secret else None
    if secret and Path(secret).stat().st_mode & 0o077:
        raise SettingsError(f"{key}: {secret} is open to others: run `chmod 600 {secret}`")
    return Papers(_text(ca, "identity.client_ca").encode() if ca else None, password)


class Parts:
    """All that the hooks need.

    Parameters
    ----------
    path
        The settings' file.
    clock
        Seconds since 1970.

    Raises
    ------
    SettingsError
        If a file is missing, open to others or cannot be understood.
    """

    def __init__(self, path: str, clock: Callable[[], float] = now) -> None:
        settings = read_settings(path)
        keys = read_keys(settings.keys_path)
        self.settings = settings
        self.counters: Counter[str] = Counter()
        self.forward = Forward(settings, keys, self.counters, clock)
        self.control = Control(settings, keys, self.counters, clock, self._told)
        self.route = Route(settings, keys, read_observer(), self.forward, self.counters, clock)
        self._notes = Notes(self.route, self.forward, clock, acts=settings.absence.on)
        self.pages = Pages(settings, keys, self.route, self.counters, self._notes)
        allowed = networks(settings.proxy.allow_private, "proxy.allow_private")
        balancers = networks(settings.proxy.proxy_protocol_from, "proxy.proxy_protocol_from")
        refused = partial(self.counters.update, proxy_protocol_refused_total=1)
        proxy_protocol.trust(balancers, refused)
        ports = port_ranges(settings.proxy.connect_ports)
        self.guard = Guard(allowed, ports, self._own_ports, self.counters)
        self.handshakes = Handshakes(self.counters, clock, _tlsconfig)
        self.tunnels = Tunnels(
            keys, self.counters, clock, self._may_be_learnt, settings.privacy.keep_host
        )
        papers = read_papers(settings.identity)
        self.entrance = Entrance(settings.identity, papers, self.counters, clock)
        self.trust = trusted(settings.proxy.upstream_ca)
        self._path = path
        self._take(settings)

    @property
    def standing(self) -> Standing:
        """What the people's side says of everybody; of single users, once they can be stopped."""
        wanted = self.control.snapshot.observe and self._lists.proxy.observe
        return Standing.CLEAR if wanted else Standing.STOPPED

    def site(self, host: str) -> Site:
        """What the lists say of a host."""
        return Site(
            host_matches(host, self._excluded),
            host_matches(host, self._closed),
            self.settings.proxy.honour_no_transform,
        )

    def site_of(self, request: http.Request) -> Site:
        """What the lists say of a request's site.

        Excluded counts by the host that is connected to, as anyone may write any `Host`; closed by
        either, as neither may lead around it.
        """
        site = self.site(request.host)
        if site.closed or request.pretty_host == request.host:
            return site
        return replace(site, closed=self.site(request.pretty_host).closed)

    def tunnelled(self, data: tls.ClientHelloData) -> str:
        """Why a connection is not decrypted, "" where it is; the people's side is told of it."""
        host = tunnelled_host(data)
        reason = self._why_tunnelled(data, host)
        if reason and host is not None:
            peer, server = peer_of(data.context.client), data.context.server.address
            port = server[1] if server else _HTTPS
            origin = f"https://{host}" if port == _HTTPS else f"https://{host}:{port}"
            self._notes.tunnelled(Sender(self.entrance.identify(peer), peer.address, origin))
        return reason

    def _why_tunnelled(self, data: tls.ClientHelloData, host: str | None) -> str:
        site = self.site(host) if host is not None else Site(False, False)
        if site.excluded:
            return "excluded"
        learnt = self.tunnels.greets(data, host)
        if site.closed:
            return ""
        if self.handshakes.asks(data.context.server.address):
            return "client_certificate"
        return "learnt" if learnt else ""

    def _may_be_learnt(self, host: str) -> bool:
        """Whether the operator lets a tunnel to a host be learnt from browsers."""
        return host_matches(host, self._lists.proxy.tunnel_browsers)

    def is_closed(self, data: tls.TlsData) -> bool:
        """Whether the site of a connection is served watched or not at all."""
        server = data.context.server
        names = (server.sni, server.address and server.address[0])
        return any(self.site(name).closed for name in names if name)

    def reload(self) -> None:
        """Read the address map, passwords and lists anew, all of them or none; then the CA.

        Raises
        ------
        ReauthError
            If one cannot be understood; then the old ones stay.
        """
        self._take(read_settings(self._path))
        leaf.renew()

    def _take(self, settings: Settings) -> None:
        identity = settings.identity
        entries: Entries = []
        users: dict[str, bytes] = {}
        if identity.address_map:
            text = _text(identity.address_map, "identity.address_map")
            entries = parse_address_map(text, identity.address_map)
        if identity.htpasswd:
            text = _text(identity.htpasswd, "identity.htpasswd")
            users = parse_htpasswd(text, identity.htpasswd)
        self.entrance.renew(entries, users)
        self._lists = settings
        self._told(self.control.snapshot)

    def _told(self, snapshot: Snapshot) -> None:
        """The control stream, or a file, says something new; what either lists is listed."""
        self.entrance.addresses.push(snapshot.address_map)
        default = snapshot.default_user or self._lists.identity.default_user
        self.entrance.default.user = default
        self.tunnels.take(snapshot.tunnels)
        self._excluded = self._lists.proxy.exclude + snapshot.exclude
        self._closed = self._lists.proxy.closed + snapshot.closed

    def _own_ports(self) -> set[int]:
        """Ports of our own listeners, which nobody may reach through us."""
        sections = (self.settings.ingest, self.settings.console, self.settings.metrics)
        configured = [address(section.listen) for section in sections]
        ports = {where[1] for where in configured if not isinstance(where, str)}
        proxyserver = ctx.master.addons.get("proxyserver")  # type: ignore[no-untyped-call] # as published
        return ports | {where[1] for where in proxyserver.listen_addrs()}


def _tlsconfig() -> Any:
    return ctx.master.addons.get("tlsconfig")  # type: ignore[no-untyped-call] # as published


def prepare(settings: Settings, stock: bool) -> None:
    """Make mitmproxy ready: patched, and signing with our CA.

    Parameters
    ----------
    stock
        Under a mitmdump that has set up its TLS already.

    Raises
    ------
    ReauthError
        If mitmproxy is untested, the environment unsafe, or the CA missing or open to others.
    """
    refuse_secret_logs()
    compat.apply(version.VERSION)
    leaf.install(Path(settings.ca_path), ctx.master if stock else None)
