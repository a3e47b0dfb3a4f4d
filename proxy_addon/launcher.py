"""The proxy as N processes on one port: what is checked and bound first, and what a child does.

The launcher resolves the port and holds it, forks by way of the supervisor, and each child runs
a master of its own that listens on that port too (SO_REUSEPORT).
"""

import asyncio
import json
import logging
import os
import resource
import signal
import socket
import sys
from datetime import UTC, datetime
from functools import partial
from typing import Any

from proxy_addon.addon import Addon, failure
from proxy_addon.compat import reuse_port
from proxy_addon.master import Master, place
from proxy_addon.parts import Parts, prepare, read_settings
from proxy_addon.supervisor import Supervisor
from reauth.errors import ReauthError, SettingsError
from reauth.settings import Settings

log = logging.getLogger(__name__)

_OURS = ("proxy_addon", "reauth")


class JsonLines(logging.Formatter):
    """One JSON object a line: when, how bad, what, and the fields of the record.

    Of mitmproxy's own records only the place in its code is kept, as their text holds hosts and
    addresses of pages.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"t": when, "level": record.levelname.lower()}
        if record.name.startswith(_OURS):
            line |= {"event": record.getMessage(), **getattr(record, "fields", {})}
        else:
            line |= {"event": "mitmproxy", "at": f"{record.name}:{record.lineno}"}
        if record.exc_info and record.exc_info[1] is not None:
            line |= failure(record.exc_info[1])
        return json.dumps(line)


def _log_to_stderr() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in _OURS:
        logging.getLogger(name).setLevel(logging.INFO)


async def _serve(path: str, settings: Settings, ready: int, life: int) -> None:
    """One proxy process, until it is told to stop or its parent is gone."""

    def accepting() -> None:
        os.write(ready, b".")
        os.close(ready)

    running = Master(settings, Addon(path), accepting)
    loop = asyncio.get_running_loop()
    stopping: list[asyncio.Task[None]] = []

    def stop() -> None:
        loop.remove_reader(life)
        if not stopping:
            stopping.append(
                asyncio.create_task(running.drain())  # noqa: TID251 - held right here
            )

    loop.add_signal_handler(signal.SIGTERM, stop)
    loop.add_reader(life, stop)
    await running.run()


def hold(host: str, port: int) -> socket.socket:
    """A socket that holds a port for the children to share, and listens to nobody itself.

    Raises
    ------
    SettingsError
        If somebody else has it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as probe:  # one that shares nothing learns whether it is free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            probe.listen()
        held = socket.socket(family)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind((host, port))
    except OSError as error:
        raise SettingsError(f"proxy.listen {host}:{port}: {error.strerror}") from None
    return held


def _count(settings: Settings) -> int:
    if settings.proxy.mode.startswith("wireguard"):
        return 1  # its one UDP socket cannot be shared
    return settings.proxy.processes or os.cpu_count() or 1


def _child(path: str, settings: Settings, ready: int, life: int) -> None:
    """All that a child does; it never returns into the parent's code."""
    status = 1
    try:
        reuse_port.apply()
        asyncio.run(_serve(path, settings, ready, life))
        status = 0
    except (ReauthError, OSError) as error:
        log.error("not_started", extra={"fields": {"error": str(error)}})
    except Exception:
        log.exception("crashed")
    finally:
        logging.shutdown()
        os._exit(status)


def launch(path: str, *, stdin_guard: bool = False) -> int:
    """Run the proxy by the settings in a file until it is told to stop; the exit status.

    Raises
    ------
    ReauthError
        If the settings, or what they name, will not do.
    """
    settings = read_settings(path)
    host, port = place(settings)
    prepare(settings, stock=False)
    Parts(path)  # what a child would stumble over is better said here
    _log_to_stderr()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with hold(host, port) as held:
        port = held.getsockname()[1]
        shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        os.environ["REAUTH_PROXY__LISTEN"] = shown
        settings = read_settings(path)
        ready = json.dumps({"ready": True, "proxy": f"http://{shown}"})
        supervisor = Supervisor(
            _count(settings),
            partial(_child, path, settings),
            lambda: print(ready, flush=True),
        )
        return supervisor.run(stdin_guard)
