"""The user whom a listed proxy in front of us names, in a header of its requests.

Only addresses that the operator listed are believed, and only outside of a tunnel: what comes
inside one the browser has written, whoever opened it. The name that came with a CONNECT holds for
all that follows in it. Such proxies share connections between their users, so a request that names
nobody takes away whom the one before it named.
"""

from collections.abc import Callable, Iterable

from proxy_addon.identity import UNKNOWN, Identity, Network, Peer, holds
from proxy_addon.identity.proxy_auth import parse_basic

CONFIDENCE = 0.8
"""Another machine's word for what somebody proved to it."""
_CREDENTIAL = "proxy-authorization"
"""Squid's `login=*:password` passes its user on in this way: the password is not the user's."""
_MAX_NAME = 256


class UpstreamHeader:
    """Users by the word of the proxies before us.

    Parameters
    ----------
    header
        Its name; `Proxy-Authorization` for the name in a Basic credential.
    peers
        Addresses of proxies that are believed.
    clock
        Seconds since 1970.
    """

    name = "upstream_header"

    def __init__(
        self, header: str, peers: Iterable[Network], clock: Callable[[], float]
    ) -> None:
        self.header = header.lower()
        self._peers = tuple(peers)
        self._clock = clock
        self._said: dict[str, Identity] = {}

    def believes(self, peer: Peer) -> bool:
        """Whether a client is one of the proxies that were listed."""
        return holds(self._peers, peer.address)

    def hear(self, peer: Peer, value: str | None) -> None:
        """Take what a believed proxy's request says of its user."""
        user = self._user(value.strip()) if value else None
        if not user:
            self._said.pop(peer.id, None)
        elif self.identify(peer).user != user:
            self._said[peer.id] = Identity(user, self.name, CONFIDENCE, self._clock())

    def _user(self, value: str) -> str | None:
        if self.header == _CREDENTIAL:
            credential = parse_basic(value)
            value = credential[0] if credential else ""
        if len(value) > _MAX_NAME or not value.isprintable() or "," in value:
            return None  # the comma joins two such headers: two words are none
        return value

    def forget(self, peer: Peer) -> None:
        """Forget a connection that has ended."""
        self._said.pop(peer.id, None)

    def identify(self, peer: Peer) -> Identity:
        """The user that was named last on this connection."""
        return self._said.get(peer.id, UNKNOWN)
