"""Client address to user, from a file and from a feed; the longest prefix wins.

Where both name the same network the file wins: a line that the operator wrote stands above what a
feed pushes. An address that changes hands too often is shared by several people (a terminal
server, a NAT) and names nobody until the feed leaves it alone: better unknown than someone.
"""

import csv
import ipaddress
from collections import deque
from collections.abc import Callable, Iterable

from proxy_addon.identity import UNKNOWN, Identity, Network, Peer
from reauth.errors import SettingsError

Entries = list[tuple[Network, str]]

CONFIDENCE = 0.5
"""Who had the address when the map was written; machines are lent and left unlocked."""

HEADER = ["address_or_cidr", "user"]
_CHANGES, _WITHIN = 3, 60.0
"""More changes of one network within so many s, and it counts as shared (transparency.md, 7)."""
_GONE = 10_000
"""Addresses that are free, whose last owners are remembered."""


def parse_address_map(text: str, name: str) -> Entries:
    """Networks and their users, from CSV `address_or_cidr,user`; that line may stand first.

    Raises
    ------
    SettingsError
        If a line has not two fields, its address cannot be read or has bits beyond its prefix, or
        a network stands there twice; the message names the line.
    """
    entries: dict[Network, str] = {}
    for number, row in enumerate(csv.reader(text.splitlines()), start=1):
        fields = [field.strip() for field in row]
        if fields in ([], [""]) or (number == 1 and fields == HEADER):
            continue
        if len(fields) != 2 or not all(fields):
            raise SettingsError(f"{name}: line {number} is not `address_or_cidr,user`")
        try:
            network = ipaddress.ip_network(fields[0])
        except ValueError:
            raise SettingsError(
                f"{name}: line {number} begins with no address or network"
            ) from None
        if network in entries:
            raise SettingsError(f"{name}: line {number} repeats a network")
        entries[network] = fields[1]
    return list(entries.items())


class AddressMap:
    """Users by client address.

    Parameters
    ----------
    clock
        Seconds since 1970.
    """

    name = "address_map"

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._file: dict[Network, str] = {}
        self._feed: dict[Network, str] = {}
        self._owners: dict[Network, str] = {}
        """Who had what last, free as it may be by now: a change of hands is one all the same."""
        self._changes: dict[Network, deque[float]] = {}
        self._levels: list[tuple[int, int, dict[int, Identity]]] = []
        """(version, bits below the prefix, network's number -> identity), longest prefix first."""

    def load(self, entries: Iterable[tuple[Network, str]]) -> None:
        """Take the file's entries in place of those it had."""
        self._file = dict(entries)
        self._index()

    def push(self, entries: Iterable[tuple[str, str]]) -> None:
        """Take the feed's entries in place of those it had; one that cannot be read is left out."""
        new = {}
        for text, user in entries:
            try:
                new[ipaddress.ip_network(text)] = user
            except ValueError:
                continue
        self._count_changes(new)
        self._feed = new
        self._index()

    def _count_changes(self, new: dict[Network, str]) -> None:
        for network, user in new.items():
            if self._owners.get(network, user) != user:
                self._changes.setdefault(network, deque(maxlen=_CHANGES + 1)).append(self._clock())
        if len(self._owners) > 2 * len(new) + _GONE:
            self._owners.clear()
        self._owners.update(new)
        old = self._clock() - _WITHIN
        self._changes = {net: times for net, times in self._changes.items() if times[-1] > old}

    def _is_shared(self, network: Network) -> bool:
        times = self._changes.get(network)
        if times is None or len(times) <= _CHANGES:
            return False
        return times[0] > self._clock() - _WITHIN

    def _index(self) -> None:
        users = {net: user for net, user in self._feed.items() if not self._is_shared(net)}
        levels: dict[tuple[int, int], dict[int, Identity]] = {}
        for network, user in (users | self._file).items():
            below = network.max_prefixlen - network.prefixlen
            number = int(network.network_address) >> below
            identity = Identity(user, self.name, CONFIDENCE, self._clock())
            levels.setdefault((network.version, below), {})[number] = identity
        self._levels = [
            (version, below, found)
            for (version, below), found in sorted(levels.items(), key=lambda item: item[0])
        ]

    def identify(self, peer: Peer) -> Identity:
        """The user of the longest prefix that holds the client's address."""
        address = ipaddress.ip_address(peer.address)
        number = int(address)
        for version, below, found in self._levels:
            if version == address.version and number >> below in found:
                return found[number >> below]
        return UNKNOWN
