"""Passwords that an LDAP directory knows: looked up by the service, proved by the user's own bind.

The name is looked for by a filter in which it is escaped, so that nothing in it is a filter of its
own (RFC 4515, 3), and the user is whom the directory calls so, whatever spelling was typed. ldap3
waits for answers: it does so in a few threads of its own. What holds is remembered for a minute, as
a browser opens dozens of connections; what does not is asked again. A directory that is away proves
nobody.
"""

import asyncio
import hashlib
import hmac
import logging
import secrets
import ssl
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import ldap3
from ldap3.core.exceptions import LDAPException, LDAPInvalidCredentialsResult
from ldap3.utils.conv import escape_filter_chars

log = logging.getLogger(__name__)

_AT_ONCE = 4
"""Questions of one process under way; the rest wait."""
_PATIENCE = 5
"""s for a connection, and for each answer."""
_KEPT, _KEPT_FOR = 4096, 60.0
"""Proofs that are remembered, and s."""
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True)
class Directory:
    """Where it is and how it is asked, as `[identity]` has it.

    Parameters
    ----------
    url
        `ldaps://HOST[:PORT]`, or `ldap://` which is encrypted by StartTLS, loopback excepted.
    base
        Where users are looked for.
    filter
        With `{user}` for the escaped name.
    attribute
        What the user is known by.
    bind
        The name by which we look, None for nobody's.
    password
        Its password.
    ca
        File of the authorities that may vouch for it, None for the system's.
    """

    url: str
    base: str
    filter: str
    attribute: str
    bind: str | None = None
    password: str | None = None
    ca: str | None = None


class LdapPasswords:
    """Passwords of a directory.

    Parameters
    ----------
    clock
        Seconds since 1970.
    """

    def __init__(
        self, directory: Directory, counters: Counter[str], clock: Callable[[], float]
    ) -> None:
        self._directory = directory
        self._counters = counters
        self._clock = clock
        self._threads = ThreadPoolExecutor(_AT_ONCE, "ldap")
        self._secret = secrets.token_bytes(32)
        self._proved: dict[bytes, tuple[str, float]] = {}

    async def verified(self, user: str, password: bytes) -> str | None:
        """The user as the directory calls them, if they may bind by this password."""
        digest = self._digest(user, password)
        known, until = self._proved.get(digest, ("", 0.0))
        if self._clock() < until:
            return known
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._threads, self._ask, user, password)
        except (LDAPException, OSError, UnicodeDecodeError) as error:
            self._counters["ldap_failed_total"] += 1
            log.warning("ldap_failed", extra={"fields": {"error": type(error).__name__}})
            return None
        if found is not None:
            if len(self._proved) >= _KEPT:
                self._proved.clear()
            self._proved[digest] = found, self._clock() + _KEPT_FOR
        return found

    def _digest(self, user: str, password: bytes) -> bytes:
        text = len(user).to_bytes(4, "big") + user.encode() + password
        return hmac.digest(self._secret, text, hashlib.sha256)

    def _ask(self, user: str, password: bytes) -> str | None:
        if not password:  # RFC 4513, 5.1.2: it would bind as nobody, and succeed
            return None
        directory = self._directory
        with self._bound(directory.bind, directory.password) as connection:
            wanted = directory.filter.replace("{user}", escape_filter_chars(user))
            connection.search(
                directory.base, wanted, attributes=[directory.attribute], size_limit=2
            )
            entries = [each for each in connection.response if each["type"] == "searchResEntry"]
        if len(entries) != 1:
            return None
        names = entries[0]["attributes"].get(directory.attribute)
        name = names[0] if isinstance(names, list) and names else names
        try:
            with self._bound(entries[0]["dn"], password.decode()):
                return str(name) if name else None
        except LDAPInvalidCredentialsResult:
            return None

    @contextmanager
    def _bound(self, user: str | None, password: str | None) -> Iterator[ldap3.Connection]:
        """A connection by that name; its socket is closed whatever happens."""
        directory = self._directory
        tls = ldap3.Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=directory.ca)
        server = ldap3.Server(
            directory.url, tls=tls, get_info=ldap3.NONE, connect_timeout=_PATIENCE
        )
        connection = ldap3.Connection(
            server,
            user,
            password,
            authentication=ldap3.SIMPLE if user else ldap3.ANONYMOUS,
            receive_timeout=_PATIENCE,
            read_only=True,
            raise_exceptions=True,
        )
        bare = server.ssl or directory.url.removeprefix("ldap://").startswith(_LOOPBACK)
        try:
            connection.open(read_server_info=False)
            if not bare:
                connection.start_tls(read_server_info=False)
            connection.bind(read_server_info=False)
            yield connection
        finally:
            with suppress(LDAPException, OSError):
                connection.strategy.close()
            if connection.socket is not None:  # ldap3 leaves it open where it could not connect
                connection.socket.close()
