"""What systemd is told by a unit of `Type=notify`: that we accept, that we live, that we go.

References
----------
sd_notify(3): one datagram a message to the socket in NOTIFY_SOCKET; sd_watchdog_enabled(3).
"""

import asyncio
import os
import socket
from collections.abc import Mapping
from contextlib import suppress

READY, STOPPING, ALIVE = "READY=1", "STOPPING=1", "WATCHDOG=1"


def notify(message: str, environment: Mapping[str, str] = os.environ) -> None:
    """Tell; where nobody listens, or the socket is gone, nothing happens."""
    name = environment.get("NOTIFY_SOCKET", "")
    if not name:
        return
    place = "\0" + name[1:] if name.startswith("@") else name  # of the abstract name space
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.sendto(message.encode(), place)


def watchdog(environment: Mapping[str, str] = os.environ) -> float | None:
    """s in which a sign of life is wanted of this process; None where none is."""
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    with suppress(ValueError):
        return int(environment.get("WATCHDOG_USEC", "")) / 1e6 or None
    return None


async def live(environment: Mapping[str, str] = os.environ) -> None:
    """Give signs of life from the event loop, twice as often as wanted, for ever.

    A loop that hangs gives none, and systemd starts us anew.
    """
    wanted = watchdog(environment)
    while wanted is not None:
        notify(ALIVE, environment)
        await asyncio.sleep(wanted / 2)
