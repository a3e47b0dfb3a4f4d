"""The control stream from the ingest: a snapshot, then changes; when it breaks, the last one holds.

Every line is sealed and bears a version; one that is older than the newest seen is refused, so
that nobody on the way can bring back what was withdrawn. A stream that is silent for three
heartbeats counts as broken.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

import h11

from reauth.claim import Keys, seal_control, unseal_control
from reauth.settings import Settings, address

log = logging.getLogger(__name__)

HEARTBEAT = 15.0
"""s between the ingest's heartbeats."""
_SILENCE = 3 * HEARTBEAT
_FIRST_DELAY, _LAST_DELAY = 0.25, 10.0
"""s before another try, doubled each time."""
_LINE_BYTES = 4 << 20
"""An address map of 50,000 lines has 2 MB."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the people's side told last."""

    address_map: tuple[tuple[str, str], ...] = ()
    exclude: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    default_user: str | None = None
    observe: bool = True
    tunnels: tuple[tuple[str, float], ...] = ()


def changed(snapshot: Snapshot, change: dict[str, Any]) -> Snapshot:
    """The snapshot after a line of the stream; a first line begins anew.

    Keys that this version does not know are left alone: the ingest may be newer.

    Raises
    ------
    ValueError
        If a value is not of its key's form.

    Examples
    --------
    >>> found = changed(Snapshot(closed=("a",)), {"kind": "set", "observe": False, "later": 1})
    >>> found.closed, found.observe
    (('a',), False)
    """
    if change.get("kind") == "snapshot":
        snapshot = Snapshot()
    try:
        known = {key: _READ[key](change[key]) for key in _READ.keys() & change.keys()}
    except (TypeError, ValueError):
        raise ValueError("a change of the control stream is not of its key's form") from None
    return replace(snapshot, **known)


def _read_names(value: Any) -> tuple[str, ...]:
    return tuple(str(name) for name in value)


def _read_pairs(value: Any) -> tuple[tuple[str, str], ...]:
    return tuple((str(network), str(user)) for network, user in value)


def _read_tunnels(value: Any) -> tuple[tuple[str, float], ...]:
    return tuple((str(key), float(until)) for key, until in value)


def _read_user(value: Any) -> str | None:
    return None if value is None else str(value)


_READ: dict[str, Callable[[Any], Any]] = {
    "address_map": _read_pairs,
    "exclude": _read_names,
    "closed": _read_names,
    "default_user": _read_user,
    "observe": bool,
    "tunnels": _read_tunnels,
}


class Control:
    """Follows the control stream for ever.

    Parameters
    ----------
    changed
        Called with the new snapshot after every line that changed it.
    """

    def __init__(
        self,
        settings: Settings,
        keys: Keys,
        counters: Counter[str],
        clock: Callable[[], float],
        changed: Callable[[Snapshot], None],
    ) -> None:
        self.snapshot = Snapshot()
        self.version = 0
        self._keys = keys
        self._counters = counters
        self._clock = clock
        self._changed = changed
        self._where = address(settings.ingest.listen)
        self._delay = _FIRST_DELAY
        self._stale = False

    async def run(self) -> None:
        """Connect, follow, and connect again; never ends."""
        while True:
            try:
                await self._follow()
            except Exception as error:  # whatever it is, the next stream may be better
                self._broke(type(error).__name__)
            await asyncio.sleep(self._delay)
            self._delay = min(2 * self._delay, _LAST_DELAY)

    def receive(self, line: str) -> None:
        """Take one line of the stream.

        Raises
        ------
        ClaimError
            If its seal does not hold or it is older than the newest seen.
        """
        self.version, change = unseal_control(self._keys, line, self.version)
        snapshot = changed(self.snapshot, change)
        if snapshot != self.snapshot:
            self.snapshot = snapshot
            self._changed(snapshot)

    def _broke(self, kind: str) -> None:
        self._counters["control_stale"] += 1
        if not self._stale:
            log.warning("control_stale", extra={"fields": {"error": kind}})
        self._stale = True

    def _followed(self) -> None:
        self._delay = _FIRST_DELAY
        if self._stale:
            log.warning("control_followed")
        self._stale = False

    async def _follow(self) -> None:
        if isinstance(self._where, str):
            reader, writer = await asyncio.open_unix_connection(self._where)
        else:
            reader, writer = await asyncio.open_connection(*self._where)
        try:
            async with aclosing(self._lines(reader, writer)) as lines:
                async for line in lines:
                    self.receive(line)
                    self._followed()
        finally:
            writer.close()
        raise EOFError

    async def _lines(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> AsyncGenerator[str, None]:
        seal = seal_control(self._keys, 0, {"ask": "control"}, self._clock())
        headers = [("Host", "ingest"), ("Authorization", f"Reauth {seal}")]
        http = h11.Connection(h11.CLIENT)
        head = h11.Request(method="GET", target="/v1/control", headers=headers)
        writer.write((http.send(head) or b"") + (http.send(h11.EndOfMessage()) or b""))
        rest = b""
        while True:
            event = http.next_event()
            match event:
                case h11.NEED_DATA:
                    async with asyncio.timeout(_SILENCE):
                        http.receive_data(await reader.read(65536))
                case h11.Response() if event.status_code != 200:
                    raise ValueError(f"status {event.status_code}")
                case h11.Data():
                    *lines, rest = (rest + event.data).split(b"\n")
                    for line in filter(None, lines):
                        yield line.decode("ascii")
                case h11.EndOfMessage() | h11.ConnectionClosed():
                    return
            if len(rest) > _LINE_BYTES:
                raise ValueError("line")
