"""The parent of the proxy processes: it keeps so many of them running, and serves nobody.

It waits: for a signal, for a child that died (another takes its place), or for the end of
standard input. What a child does is not its matter.
"""

import logging
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

log = logging.getLogger(__name__)

STOP = 8.0
"""s from SIGTERM to the end of the last child; `reauth run` has 10 for everything."""
_SHORT_LIFE = 5.0
"""A child that lived for fewer s is not replaced at once, but after `_PAUSE`."""
_PAUSE = 1.0


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
