"""What a network tells of its addresses goes to the proxies: RADIUS accounting, and Kea's leases.

Whatever changes is told within a second, over the control stream and together with the map that
the operator wrote, which stands above it.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from reauth import radius
from reauth.errors import ReauthError, SettingsError, WireError
from reauth.ingest import Control
from reauth.leases import Lease, Leases, parse_devices, parse_leases
from reauth.settings import Identity, address

log = logging.getLogger(__name__)

Pair = Sequence[str]
_TOLD = 0.5
"""s that changes are collected: a map of 50,000 lines is read anew with each."""
_LOOK = 5.0
"""s between looks whether a file of leases has changed."""
_FILES = (".2", ".1", "")
"""Kea's own order, while it tidies a file up and afterwards (its manual, "lease file cleanup")."""


class Addresses:
    """The map that the operator wrote, and what the feeds say beside it.

    Parameters
    ----------
    control
        Told of every change.
    clock
        Seconds since 1970.
    """

    def __init__(
        self, written: Sequence[Pair], control: Control, clock: Callable[[], float]
    ) -> None:
        self.leases = Leases()
        self.counters: Counter[str] = Counter()
        self._written = list(written)
        self._control = control
        self._clock = clock

    def write(self, written: Sequence[Pair]) -> None:
        """Take the operator's map in place of what it was."""
        self._written = list(written)
        self.tell()

    def tell(self) -> None:
        """Say what holds now, if it is news."""
        fed = sorted(self.leases.at(self._clock()).items())
        self._control.change(address_map=[*self._written, *map(list, fed)])

    async def run(self) -> None:
        """Tell for ever; what has run out is news too."""
        while True:
            await asyncio.sleep(_TOLD)
            self.tell()


class Radius(asyncio.DatagramProtocol):
    """Takes accounting requests.

    Parameters
    ----------
    idle
        s without a word after which a session is taken for ended; a gateway sends interim updates.
    """

    def __init__(
        self, addresses: Addresses, secret: bytes, idle: float, clock: Callable[[], float]
    ) -> None:
        self._addresses = addresses
        self._secret = secret
        self._idle = idle
        self._clock = clock

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override] # asyncio's own stub
        """The socket is open."""
        self._transport = transport

    def datagram_received(self, data: bytes, sender: tuple[str, int]) -> None:
        """A packet has come; what is not of a gateway of ours is not answered."""
        try:
            said = radius.read(data, self._secret, sender[0], self._clock())
        except WireError as error:
            self._count(str(error))
            if str(error) == "useless":
                self._transport.sendto(radius.answer(data, self._secret), sender)
            return
        self._count("taken")
        self._take(said)
        self._transport.sendto(radius.answer(data, self._secret), sender)

    def _count(self, result: str) -> None:
        self._addresses.counters[f'radius_total{{result="{result}"}}'] += 1

    def _take(self, said: radius.Accounting) -> None:
        leases = self._addresses.leases
        if said.status in (radius.START, radius.INTERIM):
            lease = Lease(said.user, said.session, self._clock() + self._idle)
            for each in said.addresses:
                leases.begin(each, lease)
        elif said.status == radius.STOP:
            leases.end(said.session)
        elif said.status in (radius.ON, radius.OFF):
            leases.end_all(said.gateway)
        self._addresses.tell()


async def follow_leases(addresses: Addresses, path: str, devices: str) -> None:
    """Read Kea's files whenever they change, for ever."""
    seen = None
    while True:
        now = [_state(Path(path + suffix)) for suffix in _FILES]
        if [*now, _state(Path(devices))] != seen:
            seen = [*now, _state(Path(devices))]
            try:
                addresses.leases.take(_read(path, devices))
            except (OSError, SettingsError, UnicodeDecodeError) as error:
                addresses.counters["leases_failed_total"] += 1
                log.error("leases_failed", extra={"fault": type(error).__name__})
        await asyncio.sleep(_LOOK)


def fed(settings: Identity, addresses: Addresses) -> Iterator[Coroutine[None, None, None]]:
    """The jobs that the settings ask for.

    Raises
    ------
    SettingsError
        If leases are to be read, and whose devices they are is not told.
    """
    if settings.leases is not None:
        if settings.devices is None:
            raise SettingsError("identity.leases needs identity.devices")
        yield follow_leases(addresses, settings.leases, settings.devices)
    if settings.leases is not None or settings.radius_listen is not None:
        yield addresses.run()


def _state(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _read(path: str, devices: str) -> dict[str, Lease]:
    files = [Path(path + suffix) for suffix in _FILES]
    texts = [file.read_text("utf-8") for file in files if file.is_file()]
    return parse_leases(texts, parse_devices(Path(devices).read_text("utf-8"), devices))


@asynccontextmanager
async def accounting(
    settings: Identity, addresses: Addresses, clock: Callable[[], float]
) -> AsyncIterator[None]:
    """Listen for RADIUS where the settings say so.

    Raises
    ------
    ReauthError
        If nothing can listen there, or the secret cannot be read.
    """
    if settings.radius_listen is None:
        yield
        return
    secret, where = _secret(settings), address(settings.radius_listen, "identity.radius_listen")
    loop = asyncio.get_running_loop()
    try:
        transport, _ = await loop.create_datagram_endpoint(
            lambda: Radius(addresses, secret, settings.radius_idle, clock),
            local_addr=(where[0], int(where[1])),
        )
    except OSError as error:
        raise ReauthError(
            f"identity.radius_listen: cannot listen on {settings.radius_listen}: {error.strerror}"
        ) from None
    try:
        yield
    finally:
        transport.close()


def _secret(settings: Identity) -> bytes:
    path = settings.radius_secret_file
    if path is None:
        raise SettingsError("identity.radius_listen needs identity.radius_secret_file")
    try:
        file = Path(path)
        secret, mode = file.read_bytes().strip(), file.stat().st_mode
    except OSError as error:
        raise SettingsError(f"identity.radius_secret_file: {error.strerror}") from None
    if mode & 0o077:
        raise SettingsError(f"identity.radius_secret_file: {path} is open to others: chmod 600")
    if not secret:
        raise SettingsError(f"identity.radius_secret_file: {path} is empty")
    return secret
