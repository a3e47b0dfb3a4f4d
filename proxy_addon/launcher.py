"""A trimmed mitmproxy as N processes on one port, with a parent that keeps them alive.

The parent resolves the port, forks, and does nothing but wait: for a signal, for a child that died
(another takes its place), or for the end of standard input. Each child runs a master of six of
mitmproxy's addons and ours, whose hooks are looked up once, at the start: the stock manager walks
some thirty addons for each of a dozen hooks of every request (proxy-performance.md, 4).
"""

import asyncio
import inspect
import json
import logging
import os
import resource
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from mitmproxy import addonmanager, exceptions, hooks, master, options
from mitmproxy.addons import block, core, disable_h2c, next_layer, proxyserver, tlsconfig

from proxy_addon.addon import Addon, failure
from proxy_addon.compat import reuse_port
from proxy_addon.parts import Parts, prepare, read_settings
from reauth.errors import ReauthError, SettingsError
from reauth.settings import Settings, address

log = logging.getLogger(__name__)

STOP = 8.0
"""s from SIGTERM to the end of the last child; `reauth run` has 10 for everything."""
_DRAIN = 4.0
"""s of these for answers that are under way."""
_SHORT_LIFE = 5.0
"""A child that lived for fewer s is not replaced at once, but after `_PAUSE`."""
_PAUSE = 1.0
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


class Dispatch(addonmanager.AddonManager):
    """Calls hooks that were looked up once; none is told of updates, as nobody of us asks."""

    def freeze(self) -> None:
        """Look the hooks of all addons up; none may be added after this."""
        self._calls: dict[str, tuple[Callable[[Any], Any], ...]] = {
            name: tuple(call for addon in self.chain if (call := getattr(addon, name, None)))
            for name in hooks.all_hooks
        }

    async def handle_lifecycle(self, event: hooks.Hook) -> None:
        """Call every addon's hook, in their order."""
        (data,) = event.args()
        for call in self._calls[event.name]:
            try:
                result = call(data)
                if result is not None and inspect.isawaitable(result):
                    await result
            except exceptions.AddonHalt:
                return
            except Exception:
                log.exception("addon_failed", extra={"fields": {"hook": event.name}})


class Master(master.Master):
    """mitmproxy with what a proxy needs, and no more.

    Parameters
    ----------
    settings
        With the port resolved.
    addon
        Ours, last in every chain: it sees what mitmproxy's have made of a connection.
    accepting
        Called when the listeners accept.
    """

    def __init__(self, settings: Settings, addon: Addon, accepting: Callable[[], None]) -> None:
        super().__init__(options.Options())
        self._legacy_log_events.uninstall()  # would format every record, wanted or not
        self.addons: Dispatch = Dispatch(self)  # type: ignore[no-untyped-call] # as published
        self.proxyserver = proxyserver.Proxyserver()  # type: ignore[no-untyped-call] # same
        self._addon = addon
        self._accepting = accepting
        self.addons.add(  # type: ignore[no-untyped-call] # same
            core.Core(),
            self.proxyserver,
            next_layer.NextLayer(),
            tlsconfig.TlsConfig(),
            block.Block(),
            disable_h2c.DisableH2C(),
            addon,
        )
        addon.configure(set())
        host, port = _place(settings)
        self.options.update(  # type: ignore[no-untyped-call] # same
            mode=[settings.proxy.mode],
            listen_host=host,
            listen_port=port,
            confdir=settings.state.path,  # of a WireGuard key; our CA is not looked for there
        )
        self.addons.freeze()

    async def running(self) -> None:
        """All is up, or was not to be had."""
        await super().running()
        if not all(server.is_running for server in self.proxyserver.servers):
            raise SettingsError("proxy.listen: cannot listen there")
        self._accepting()

    async def drain(self) -> None:
        """Accept no more, let what is under way end, stop."""
        await self.proxyserver.servers.update([])
        await self._addon.rest(_DRAIN)
        self.shutdown()  # type: ignore[no-untyped-call] # as published


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


def _place(settings: Settings) -> tuple[str, int]:
    where = address(settings.proxy.listen)
    if isinstance(where, str):
        raise SettingsError("proxy.listen must be HOST:PORT: browsers know no Unix sockets")
    return where


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


@dataclass(slots=True)
class _Child:
    born: float
    ready: int


@dataclass(slots=True)
class Supervisor:
    """Keeps so many children running.

    Parameters
    ----------
    count
        Children.
    work
        Run in a child, with the descriptor to write to once it accepts, and one that ends when
        the parent does.
    accepting
        Called once, when all accept.
    """

    count: int
    work: Callable[[int, int], None]
    accepting: Callable[[], None]
    _children: dict[int, _Child] = field(default_factory=dict)
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _life: tuple[int, int] = field(default_factory=os.pipe)
    _missing: int = 0
    _accepted: bool = False
    _born_at: float = 0.0
    _ends: float | None = None
    _failed: bool = False

    def run(self, stdin_guard: bool) -> int:
        """Supervise until told to stop; the exit status."""
        waker, wakened = socket.socketpair()
        for end in (waker, wakened):
            end.setblocking(False)
        signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)
        self._selector.register(wakened, selectors.EVENT_READ, partial(self._signals, wakened))
        if stdin_guard:
            self._selector.register(0, selectors.EVENT_READ, self._read_stdin)
        self._missing = self.count
        while self._children or (self._missing and self._ends is None):
            self._spawn_missing()
            for key, _ in self._selector.select(timeout=0.5):
                key.data()
            self._reap()
            if self._ends is not None and time.monotonic() > self._ends:
                self._tell(signal.SIGKILL)
        return 1 if self._failed else 0

    def stop(self) -> None:
        """Tell every child to drain; those that are still there after `STOP` are killed."""
        if self._ends is None:
            self._ends = time.monotonic() + STOP
            self._tell(signal.SIGTERM)

    def _spawn_missing(self) -> None:
        while self._missing and self._ends is None and time.monotonic() >= self._born_at:
            self._missing -= 1
            self._spawn()

    def _spawn(self) -> None:
        reading, writing = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            os.close(self._life[1])
            self._selector.close()
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            for number in (signal.SIGINT, signal.SIGHUP):  # a terminal sends the one to all of us,
                signal.signal(number, signal.SIG_IGN)  # and the other may come before we listen
            self.work(writing, self._life[0])
        os.close(writing)
        self._children[pid] = _Child(time.monotonic(), reading)
        self._selector.register(reading, selectors.EVENT_READ, partial(self._hear, reading))

    def _hear(self, reading: int) -> None:
        """A child accepts, or its end of the pipe was closed."""
        accepts = os.read(reading, 1) != b""
        self._selector.unregister(reading)
        os.close(reading)
        for child in self._children.values():
            if child.ready == reading:
                child.ready = -1 if accepts else -2
        if not self._accepted and sum(c.ready == -1 for c in self._children.values()) == self.count:
            self._accepted = True
            self.accepting()

    def _reap(self) -> None:
        for pid in list(self._children):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if not ended:
                continue
            child = self._children.pop(pid)
            if self._ends is not None:
                continue
            code = os.waitstatus_to_exitcode(status)
            log.error("process_died", extra={"fields": {"status": code}})
            if not self._accepted:
                self._failed = True
                self.stop()
                continue
            self._missing += 1
            if time.monotonic() - child.born < _SHORT_LIFE:
                self._born_at = time.monotonic() + _PAUSE

    def _tell(self, number: int) -> None:
        for pid in self._children:
            os.kill(pid, number)

    def _signals(self, wakened: socket.socket) -> None:
        for number in wakened.recv(64):
            if number in (signal.SIGTERM, signal.SIGINT):
                self.stop()
            elif number == signal.SIGHUP:
                self._tell(signal.SIGHUP)

    def _read_stdin(self) -> None:
        if not os.read(0, 4096):
            self._selector.unregister(0)
            self.stop()


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
    host, port = _place(settings)
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
