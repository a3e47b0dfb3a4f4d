"""Who has which client address, from what a network tells: RADIUS accounting and DHCP leases.

Each feed has a book of its own, and a person who proved themselves to the network stands above a
machine that was merely given an address. An entry ends when its feed says so, when its time is up,
or when nothing was heard of it for too long: then nobody has the address, until the feed speaks of
it anew.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from reauth.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Lease:
    """An address in somebody's hands.

    Parameters
    ----------
    session
        What the feed calls it; only the same one can end it.
    until
        Seconds since 1970.
    """

    user: str
    session: str
    until: float


class Leases:
    """Both books.

    Examples
    --------
    >>> leases = Leases()
    >>> leases.begin("10.0.0.1", Lease("ann", "1", 60.0))
    >>> leases.end("2")  # of somebody before her: it came late
    >>> leases.at(0.0), leases.at(60.0)
    ({'10.0.0.1': 'ann'}, {})
    """

    def __init__(self) -> None:
        self._people: dict[str, Lease] = {}
        self._machines: dict[str, Lease] = {}

    def begin(self, address: str, lease: Lease) -> None:
        """Somebody has an address, or has it still."""
        self._people[address] = lease

    def end(self, session: str) -> None:
        """A session is over; an address of it that another has by now stays the other's."""
        self._keep(lambda lease: lease.session != session)

    def end_all(self, gateway: str) -> None:
        """All whose session begins like this are over: the gateway has begun anew."""
        self._keep(lambda lease: not lease.session.startswith(gateway))

    def _keep(self, wanted: Callable[[Lease], bool]) -> None:
        people = self._people.items()
        self._people = {address: lease for address, lease in people if wanted(lease)}

    def take(self, machines: Mapping[str, Lease]) -> None:
        """What the DHCP server says of all its addresses."""
        self._machines = dict(machines)

    def at(self, now: float) -> dict[str, str]:
        """Address to user; what has run out is forgotten."""
        for book in (self._people, self._machines):
            for address in [each for each, lease in book.items() if lease.until <= now]:
                del book[address]
        held = self._machines | self._people
        return {address: lease.user for address, lease in held.items()}


def parse_devices(text: str, name: str) -> dict[str, str]:
    """Hardware address to user, from CSV `hardware_address,user`.

    Raises
    ------
    SettingsError
        If a line has not two fields; the message names the line.

    Examples
    --------
    >>> parse_devices("hardware_address,user\\n00-1B-44-11-3A-B7,ann\\n", "devices.csv")
    {'00:1b:44:11:3a:b7': 'ann'}
    """
    found: dict[str, str] = {}
    for number, row in enumerate(csv.reader(text.splitlines()), start=1):
        fields = [field.strip() for field in row]
        if fields in ([], [""]) or (number == 1 and fields == ["hardware_address", "user"]):
            continue
        if len(fields) != 2 or not all(fields):
            raise SettingsError(f"{name}: line {number} is not `hardware_address,user`")
        found[fields[0].lower().replace("-", ":")] = fields[1]
    return found


def parse_leases(texts: Iterable[str], devices: Mapping[str, str]) -> dict[str, Lease]:
    """What is leased to devices that somebody is known to have, from files that Kea keeps.

    Parameters
    ----------
    texts
        The oldest first: a line stands above those before it (Kea's manual, "memfile").
    """
    found: dict[str, Lease] = {}
    for address, hardware, until in _lines(texts):
        found.pop(address, None)
        if hardware in devices:
            found[address] = Lease(devices[hardware], hardware, until)
    return found


def _lines(texts: Iterable[str]) -> Iterator[tuple[str, str, float]]:
    for text in texts:
        for row in csv.DictReader(text.splitlines()):
            try:
                address = str(ip_address(row["address"]))
                given = float(row["expire"]) if row["state"] == "0" else 0.0
                ended = row["valid_lifetime"] == "0"  # released
                yield address, (row["hwaddr"] or "").lower(), 0.0 if ended else given
            except (KeyError, TypeError, ValueError):
                continue  # a line that is being written, or a file of another kind
