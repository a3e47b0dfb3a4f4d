"""What no part of the program could work with, refused before anything starts on it.

Only what is written is looked at; whether the files that it names are there is `installation`'s.
"""

import ipaddress
import re
from collections.abc import Iterator

from reauth.errors import SettingsError
from reauth.settings.tree import Identity, Settings

_LOOPBACK = r"localhost|::1|127(\.\d+){3}"
_HOST = r"[\w-]+(\.[\w-]+)*"
_URL = rf":https?://({_HOST}|\[[0-9a-fA-F:.]+\])(:(?P<port>\d{{1,5}}))?/?"
_LDAP = rf"ldaps?://({_HOST}|\[[0-9a-fA-F:.]+\])(:\d{{1,5}})?"
_URL_TOLD = "http://HOST:PORT or https://HOST:PORT after it, without a name, password or path"
_MODES = {
    "regular": ("", "nothing after it"),
    "transparent": ("", "nothing after it"),
    "socks5": ("", "nothing after it"),
    "wireguard": (r"(:[^@]+)?", "nothing after it, or :PATH of its keys"),
    "upstream": (_URL, _URL_TOLD),
    "reverse": (_URL, _URL_TOLD),
}
"""What may follow the name of a mode, and how that is said."""


def check(settings: Settings) -> Iterator[str]:
    """Everything that is wrong, each with its key and how it would be right."""
    yield from _mode(settings.proxy.mode)
    yield from _networks("proxy.allow_private", settings.proxy.allow_private)
    yield from _networks("proxy.proxy_protocol_from", settings.proxy.proxy_protocol_from)
    yield from _networks("identity.upstream_peers", settings.identity.upstream_peers)
    yield from _identity(settings.identity)
    yield from _ports(settings.proxy.connect_ports)
    yield from _networks("sinks.allow_private", settings.sinks.allow_private)
    yield from _sinks(settings)
    yield from _hosts("proxy.exclude", settings.proxy.exclude)
    yield from _hosts("proxy.tunnel_browsers", settings.proxy.tunnel_browsers)
    yield from _hosts("proxy.closed", settings.proxy.closed)
    try:
        store_path(settings.store_url)
        yield from _listeners(settings)
    except SettingsError as error:
        yield str(error)


def _mode(mode: str) -> Iterator[str]:
    """Of what is after the name nothing is repeated: it may hold a password."""
    name = re.split("[:@]", mode, maxsplit=1)[0]
    if name not in _MODES:
        yield f"proxy.mode '{name}' is none that we know; it is one of {', '.join(_MODES)}"
        return
    form, told = _MODES[name]
    found = re.fullmatch(form, mode.removeprefix(name), re.ASCII)
    if not found or int(found.groupdict().get("port") or 0) > 65535:
        yield f"proxy.mode {name} must have {told}"


def _identity(identity: Identity) -> Iterator[str]:
    if identity.htpasswd and identity.ldap_url:
        yield "identity.htpasswd and identity.ldap_url: one of them knows the passwords"
    if identity.ldap_url and not re.fullmatch(_LDAP, identity.ldap_url):
        yield "identity.ldap_url must be ldaps://HOST[:PORT] or ldap://HOST[:PORT]"
    if "{user}" not in identity.ldap_filter:
        yield "identity.ldap_filter must have {user} in it"
    if identity.certificate_field not in ("common_name", "email"):
        yield "identity.certificate_field must be common_name or email"


def _sinks(settings: Settings) -> Iterator[str]:
    if settings.sinks.pseudonyms not in ("none", "chat", "all"):
        yield "sinks.pseudonyms must be none, chat or all"


def _networks(key: str, texts: tuple[str, ...]) -> Iterator[str]:
    for text in texts:
        try:
            ipaddress.ip_network(text)
        except ValueError:
            yield (
                f"{key}: '{text}' is no network; write a CIDR such as 10.0.0.0/8,"
                " without bits beyond its prefix"
            )


def _ports(texts: tuple[str, ...]) -> Iterator[str]:
    for text in texts:
        found = re.fullmatch(r"(\d{1,5})(-(\d{1,5}))?", text, re.ASCII)
        if not found or not 1 <= int(found[1]) <= int(found[3] or found[1]) <= 65535:
            yield f'proxy.connect_ports: \'{text}\' is no port; write "443" or "8000-8999"'


def _hosts(key: str, patterns: tuple[str, ...]) -> Iterator[str]:
    for pattern in patterns:
        if not re.fullmatch(rf"(\*\.)?{_HOST}", pattern) and not _is_address(pattern):
            yield (
                f"{key}: '{pattern}' is no host pattern; write example.org or *.example.org,"
                " without scheme, port or path"
            )


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _listeners(settings: Settings) -> Iterator[str]:
    doors = ("proxy", "ingest", "console", "metrics")
    found = {part: address(getattr(settings, part).listen, f"{part}.listen") for part in doors}
    console = settings.console
    if (console.tls_cert is None) != (console.tls_key is None):
        yield "console.tls_cert and console.tls_key go together"
    if console.url is not None and not re.fullmatch(rf"https?://{_HOST}(:\d{{1,5}})?", console.url):
        yield "console.url must be https://NAME or https://NAME:PORT, without a path"
    if isinstance(found["proxy"], str):
        yield "proxy.listen must be HOST:PORT: browsers know no Unix sockets"
    if not _near(found["ingest"]):
        yield "ingest.listen must be loopback or a Unix socket"
    if not _near(found["console"]) and console.tls_cert is None:
        yield "console.listen beyond loopback needs console.tls_cert"


def _near(where: tuple[str, int] | str) -> bool:
    return isinstance(where, str) or bool(re.fullmatch(_LOOPBACK, where[0]))


def address(listen: str, where: str = "listen") -> tuple[str, int] | str:
    """(host, port), or the path of a Unix socket.

    Raises
    ------
    SettingsError
        If it is neither `unix:PATH` nor `HOST:PORT`.

    Examples
    --------
    >>> address("127.0.0.1:8080"), address("[::1]:0"), address("unix:/run/x.sock")
    (('127.0.0.1', 8080), ('::1', 0), '/run/x.sock')
    """
    if listen.startswith("unix:") and len(listen) > len("unix:"):
        return listen[len("unix:") :]
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise SettingsError(f"{where} must be HOST:PORT or unix:PATH, not '{listen}'")
    return host.strip("[]"), int(port)


def store_path(url: str) -> str | None:
    """The file of a store's URL, three slashes and four meaning the same; None for memory.

    Raises
    ------
    SettingsError
        If it is no URL of a store that we know; only its scheme is repeated.

    Examples
    --------
    >>> store_path("sqlite:///var/lib/reauth/store.db"), store_path("sqlite:////var/lib/x.db")
    ('/var/lib/reauth/store.db', '/var/lib/x.db')
    """
    if url == "sqlite://:memory:":
        return None
    scheme, _, rest = url.partition(":///")
    path = "/" + rest.lstrip("/")
    if scheme != "sqlite" or path.endswith("/"):
        raise SettingsError(
            "store.url must be sqlite:///ABSOLUTE/PATH or sqlite://:memory:, not one of scheme"
            f" '{url.partition(':')[0]}'"
        )
    return path
