"""The proxy as N processes on one port: what is checked and bound before any of them starts.

The launcher reads everything once, holds the port and its listeners, and forks by way of the
supervisor. SIGUSR2 makes it check whether it would come up anew, with the settings, the CA and the
code as they are now, and if so become that, in the same process: the listeners and the children of
the old generation stay with it, until those of the new one accept.
"""

import gc
import json
import logging
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from proxy_addon.addon import failure
from proxy_addon.compat import reuse_port
from proxy_addon.master import place
from proxy_addon.parts import Parts, prepare, read_settings
from proxy_addon.supervisor import Supervisor
from proxy_addon.worker import work
from reauth.errors import ReauthError, SettingsError
from reauth.notify import READY, notify
from reauth.settings import Settings

log = logging.getLogger(__name__)

CHECK = "--check"
_HANDED_OVER = "_REAUTH_HANDED_OVER"
"""Variable in which the old generation tells the new one what it leaves."""
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


def _log_to_stderr(level: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in _OURS:
        logging.getLogger(name).setLevel(level.upper())


def hold(host: str, port: int) -> socket.socket:
    """A socket that holds a port for listeners to share, and listens to nobody itself.

    Raises
    ------
    SettingsError
        If somebody else has it.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:  # one that shares nothing learns whether it is free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            probe.listen()
        return reuse_port.bound(host, port)
    except OSError as error:
        raise SettingsError(f"proxy.listen {host}:{port}: {error.strerror}") from None


@dataclass(slots=True)
class Listeners:
    """The port's listeners, shared out to so many slots.

    Parameters
    ----------
    held
        What keeps the port ours.
    slots
        Proxy processes that accept from it.
    given
        Listeners of the generation before: none of them is closed, as connections may wait in it.
    shared
        False where mitmproxy must bind for itself: WireGuard's one UDP socket.
    """

    held: socket.socket
    slots: int
    given: Sequence[socket.socket] = ()
    shared: bool = True
    _open: dict[int, list[socket.socket]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for number, listener in enumerate(self.given):
            self._open.setdefault(number % self.slots, []).append(listener)

    def keep(self, slot: int) -> list[socket.socket]:
        """What a slot's process accepts from; called in it, as it has no business with the others.

        One that it kept all the same would be listened on for as long as it lives.
        """
        for other in set(self._open) - {slot}:
            self.close(other)
        return self._open.get(slot, [])

    @property
    def all(self) -> list[socket.socket]:
        """Every one that is open."""
        return [listener for slot in self._open.values() for listener in slot]

    def open(self, slot: int) -> None:
        """Have a slot's listeners listen, if they do not."""
        if self.shared and not self._open.get(slot):
            listener = reuse_port.bound(*self.held.getsockname()[:2])
            listener.listen(reuse_port.BACKLOG)
            self._open[slot] = [listener]

    def close(self, slot: int) -> None:
        """Let nobody wait for a slot that nobody serves."""
        for listener in self._open.pop(slot, []):
            listener.close()


@dataclass(frozen=True, slots=True)
class Generation:
    """What one generation hands over to the next: numbers of descriptors and of processes."""

    held: int
    listeners: list[int]
    life: list[int]
    elders: list[list[Any]]
    """[process, until when it may stay or None] each."""

    @staticmethod
    def before() -> "Generation | None":
        """What was handed over to us."""
        told = os.environ.pop(_HANDED_OVER, None)
        return Generation(**json.loads(told)) if told else None


@dataclass(slots=True)
class Renewal:
    """The way from this generation to the next: a look whether it would come up, and an exec."""

    listeners: Listeners
    life: tuple[int, int]

    def check(self) -> "subprocess.Popen[str]":
        """Start the next generation as far as its first process, and end."""
        return subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, *sys.orig_argv[1:], CHECK],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def proceed(self, left: list[tuple[int, float | None]]) -> None:
        """Become the next generation; what we are told meanwhile waits for it, or is done by it."""
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD))
        for number in (signal.SIGHUP, signal.SIGUSR2):
            signal.signal(number, signal.SIG_IGN)
        open_ = [listener.fileno() for listener in self.listeners.all]
        handed = Generation(
            self.listeners.held.fileno(), open_, list(self.life), [list(each) for each in left]
        )
        for descriptor in (handed.held, *open_, *self.life):
            os.set_inheritable(descriptor, True)
        environment = {**os.environ, _HANDED_OVER: json.dumps(asdict(handed))}
        words = [sys.executable, *sys.orig_argv[1:]]
        os.execve(sys.executable, words, environment)  # noqa: S606 - how we were started


def _count(settings: Settings) -> int:
    if settings.proxy.mode.startswith("wireguard"):
        return 1  # its one UDP socket cannot be shared
    return settings.proxy.processes or os.cpu_count() or 1


def launch(path: str, *, stdin_guard: bool = False, check: bool = False) -> int:
    """Run the proxy by the settings in a file until it is told to stop; the exit status.

    Parameters
    ----------
    path
        The settings' file.
    stdin_guard
        Stop when standard input ends.
    check
        Only find out whether it would start.

    Raises
    ------
    ReauthError
        If the settings, or what they name, will not do.
    """
    settings = read_settings(path)
    host, port = place(settings)
    prepare(settings, stock=False)
    if check:
        Parts(path)
        return 0
    _log_to_stderr(settings.log.level)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    before = Generation.before()
    with socket.socket(fileno=before.held) if before else hold(host, port) as held:
        port = held.getsockname()[1]
        shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        os.environ["REAUTH_PROXY__LISTEN"] = shown
        parts = Parts(path)
        gc.freeze()  # what is shared with the children stays shared: no collection touches it
        return _supervisor(parts, held, before, f"http://{shown}").run(stdin_guard)


def _supervisor(
    parts: Parts, held: socket.socket, before: Generation | None, url: str
) -> Supervisor:
    settings = parts.settings
    given = [socket.socket(fileno=each) for each in before.listeners] if before else []
    shared = not settings.proxy.mode.startswith("wireguard")
    listeners = Listeners(held, _count(settings), given, shared)
    life = (before.life[0], before.life[1]) if before else os.pipe()

    def accepting() -> None:
        notify(READY)
        if before is None:
            print(json.dumps({"ready": True, "proxy": url}), flush=True)
        else:
            log.warning("renewed")

    def hang_up() -> None:
        with suppress(ReauthError, OSError):  # the children say what is wrong
            parts.reload()

    return Supervisor(
        listeners,
        lambda slot, channel, ends: work(parts, listeners.keep(slot), channel, ends),
        accepting,
        hang_up,
        Renewal(listeners, life) if shared else None,
        settings.proxy.drain,
        life,
        [(pid, by) for pid, by in before.elders] if before else [],
    )
