"""What a proxy process does: it serves, says when it should be replaced, and leaves politely."""

import asyncio
import logging
import os
import resource
import signal
import socket
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from proxy_addon.addon import Addon
from proxy_addon.compat import at_once, farewell, reuse_port
from proxy_addon.master import Master
from proxy_addon.parts import Parts
from proxy_addon.supervisor import ACCEPTS, DUE, LEAVE
from reauth.errors import ReauthError
from reauth.pulse import beat
from reauth.settings import Proxy, Settings

log = logging.getLogger(__name__)

LOOK = 1.0
"""s between two looks at whether this process is due to be replaced."""
YOUNG = 60.0
"""s in which no process is due for its size alone: one that is born too large would never rest."""


def work(parts: Parts, listeners: Sequence[socket.socket], channel: int, life: int) -> None:
    """All that a child does; it never returns into the parent's code.

    Parameters
    ----------
    parts
        What its hooks work with: the parent has read it.
    listeners
        What it accepts from.
    channel
        Where it says what the parent should know.
    life
        A descriptor that ends when the parent does.
    """
    status = 1
    try:
        reuse_port.apply(listeners)
        at_once.apply()
        farewell.apply()
        asyncio.run(_Worker(parts, channel, life, bool(listeners)).serve())
        status = 0
    except (ReauthError, OSError) as error:
        log.error("not_started", extra={"fields": {"error": str(error)}})
    except Exception:
        log.exception("crashed")
    finally:
        logging.shutdown()
        os._exit(status)


def resident() -> int:
    """Bytes of memory that this process has."""
    with open("/proc/self/statm", encoding="ascii") as stream:
        return int(stream.read().split()[1]) * resource.getpagesize()


def is_due(proxy: Proxy, served: int, size: int, age: float) -> bool:
    """Whether a process that has served so many requests and is so large should be replaced."""
    if proxy.recycle_requests and served >= proxy.recycle_requests:
        return True
    return bool(proxy.recycle_rss) and age >= YOUNG and size >= proxy.recycle_rss


@dataclass(slots=True)
class _Worker:
    parts: Parts
    channel: int
    life: int
    replaceable: bool
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _stopping: bool = False

    async def serve(self) -> None:
        """Serve until told to stop, until the parent is gone, or until all is left."""
        settings = self.parts.settings
        addon = Addon(self.parts)
        running = Master(settings, addon, lambda: self._say(ACCEPTS))
        loop = asyncio.get_running_loop()

        def stop() -> None:
            loop.remove_reader(self.life)
            if not self._stopping:
                self._stopping = True
                self._start(running.drain())

        def leave() -> None:
            if not self._stopping:
                self._start(running.leave(settings.proxy.drain))

        loop.add_signal_handler(signal.SIGTERM, stop)
        loop.add_signal_handler(LEAVE, leave)
        loop.add_reader(self.life, stop)
        waits = {"obs_queue_depth": lambda: float(self.parts.forward.depth)}
        self._start(beat(self.parts.counters, "proxy_event_loop_lag_seconds", waits))
        if self.replaceable:
            self._start(self._look(settings, lambda: addon.served))
        await running.run()

    def _start(self, job: Coroutine[Any, Any, None]) -> None:
        self._tasks.add(asyncio.create_task(job))  # noqa: TID251 - held right here

    def _say(self, word: bytes) -> None:
        with suppress(OSError):  # a parent of the next generation does not listen to us
            os.write(self.channel, word)

    async def _look(self, settings: Settings, served: Callable[[], int]) -> None:
        loop = asyncio.get_running_loop()
        born = loop.time()
        while True:
            await asyncio.sleep(LOOK)
            if is_due(settings.proxy, served(), resident(), loop.time() - born):
                break
        self._say(DUE)
