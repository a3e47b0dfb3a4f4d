"""The parent of the proxy processes: it keeps so many of them running, and serves nobody.

It waits: for a signal, for a child that died (another takes its place), for one that is due to be
replaced, or for the end of standard input. What a child does is not its matter.

Theory of operation. A *slot* is a share of the port's listeners. The parent holds them, its
children are lent them, so that a listener outlives whoever accepts from it: what waits in its queue
when a child dies or leaves is accepted by the next. A child starts, accepts, and leaves; its
successor is started while it still accepts, and only when that one accepts too is it told to go.
"""

import logging
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from reauth.notify import ALIVE, STOPPING, notify, watchdog

log = logging.getLogger(__name__)

STOP = 8.0
"""s from SIGTERM to the end of the last child; `reauth run` has 10 for everything."""
SHORT_LIFE = 5.0
"""A child that lived for fewer s died young; after the second in a row there is a pause."""
PAUSES = (1.0, 30.0)
"""s of the first such pause and of the longest; each is twice the one before."""
ACCEPTS, DUE = b"a", b"d"
"""What a child says: that it accepts, and that another should take its place."""
LEAVE = signal.SIGUSR1
"""Tells a child to take no more, to finish what it has begun, and to go."""
_OVERTIME = 10.0
"""s after the bound of its leaving at which a child is killed."""


class Port(Protocol):
    """Where the listeners come from."""

    slots: int

    def open(self, slot: int) -> None:
        """Have the listeners of a slot listen, if they do not."""

    def close(self, slot: int) -> None:
        """Let nobody wait for a slot that nobody serves."""


class Renewal(Protocol):
    """How a new generation comes about."""

    def check(self) -> subprocess.Popen[str]:
        """Start something that ends with 0 if a new generation would come up."""

    def proceed(self, left: list[tuple[int, float | None]]) -> None:
        """Become the new generation's parent; these children are of the old one."""


@dataclass(slots=True)
class _Child:
    slot: int
    born: float
    channel: int = -1
    accepts: bool = False
    due: bool = False
    leaves_by: float | None = None


@dataclass(slots=True)
class Supervisor:
    """Keeps a child in every slot.

    Parameters
    ----------
    port
        What they are lent.
    work
        Run in a child, with its slot, the descriptor to write to, and one that ends when the
        parent does.
    accepting
        Called once, when all slots accept.
    hang_up
        Called at SIGHUP, before the children are told.
    renewal
        What SIGUSR2 starts, where two generations can share what they listen on.
    drain
        s that a child may take to leave.
    life
        A pipe whose writing end is ours alone.
    elders
        Children of the generation before this one, and until when they may stay.
    """

    port: Port
    work: Callable[[int, int, int], None]
    accepting: Callable[[], None]
    hang_up: Callable[[], None]
    renewal: Renewal | None
    drain: float
    life: tuple[int, int] = field(default_factory=os.pipe)
    elders: list[tuple[int, float | None]] = field(default_factory=list)
    _children: dict[int, _Child] = field(default_factory=dict)
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _pauses: dict[int, float] = field(default_factory=dict)
    _not_before: dict[int, float] = field(default_factory=dict)
    _accepted: bool = False
    _ends: float | None = None
    _failed: bool = False
    _check: "subprocess.Popen[str] | None" = None
    _alive: float = float("-inf")

    def run(self, stdin_guard: bool) -> int:
        """Supervise until told to stop; the exit status."""
        self._children = {
            pid: _Child(-1, 0.0, accepts=True, leaves_by=by) for pid, by in self.elders
        }
        self._hear_signals()
        if stdin_guard:
            self._selector.register(0, selectors.EVENT_READ, self._read_stdin)
        while self._children or self._ends is None:
            self._spawn_missing()
            for key, _ in self._selector.select(timeout=0.5):
                key.data()
            self._live()
            self._reap()
            self._hurry()
            self._renew()
        return 1 if self._failed else 0

    def stop(self) -> None:
        """Tell every child to end; those that are still there after `STOP` are killed."""
        if self._ends is None:
            notify(STOPPING)
            self._ends = time.monotonic() + STOP
            self._tell(signal.SIGTERM)
            for slot in range(self.port.slots):
                self.port.close(slot)

    def _live(self) -> None:
        """Give systemd a sign of life, if it wants any."""
        wanted = watchdog()
        if wanted is not None and time.monotonic() >= self._alive + wanted / 2:
            self._alive = time.monotonic()
            notify(ALIVE)

    # --- signals

    def _hear_signals(self) -> None:
        waker, wakened = socket.socketpair()
        for end in (waker, wakened):
            end.setblocking(False)
        signal.set_wakeup_fd(waker.detach(), warn_on_full_buffer=False)
        heard = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, signal.SIGUSR2)
        for number in heard:
            signal.signal(number, lambda *_: None)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, heard)  # were held back while we became this
        self._selector.register(wakened, selectors.EVENT_READ, partial(self._signals, wakened))

    def _signals(self, wakened: socket.socket) -> None:
        for number in wakened.recv(64):
            if number in (signal.SIGTERM, signal.SIGINT):
                self.stop()
            elif number == signal.SIGHUP:
                self.hang_up()
                self._tell(signal.SIGHUP)
            elif number == signal.SIGUSR2:
                self._look_ahead()

    def _read_stdin(self) -> None:
        if not os.read(0, 4096):
            self._selector.unregister(0)
            self.stop()

    def _tell(self, number: int) -> None:
        for pid in self._children:
            os.kill(pid, number)

    # --- children

    def _spawn_missing(self) -> None:
        now = time.monotonic()
        for slot in range(self.port.slots):
            if self._ends is None and now >= self._not_before.get(slot, 0.0) and self._wants(slot):
                self._spawn(slot)

    def _wants(self, slot: int) -> bool:
        """Whether a slot is empty, or its child is due and nobody else is just being replaced."""
        here = [child for child in self._children.values() if child.slot == slot]
        serving = [child for child in here if child.leaves_by is None]
        if not serving:
            return True
        everybody = all(child.accepts for child in self._children.values())
        return everybody and len(here) == 1 and serving[0].due

    def _spawn(self, slot: int) -> None:
        self.port.open(slot)
        reading, writing = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            os.close(self.life[1])
            self._selector.close()
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            # A terminal sends the one to all of us, and the others may come before we listen.
            for number in (signal.SIGINT, signal.SIGHUP, signal.SIGUSR2, LEAVE):
                signal.signal(number, signal.SIG_IGN)
            self.work(slot, writing, self.life[0])
        os.close(writing)
        self._children[pid] = _Child(slot, time.monotonic(), reading)
        self._selector.register(reading, selectors.EVENT_READ, partial(self._hear, pid))

    def _hear(self, pid: int) -> None:
        """A child says something, or its end of the pipe was closed."""
        child = self._children[pid]
        said = os.read(child.channel, 64)
        if not said:
            self._selector.unregister(child.channel)
            os.close(child.channel)
            child.channel = -1
        if DUE in said:
            child.due = True
        if ACCEPTS in said:
            child.accepts = True
            self._dismiss(lambda other: other.slot == child.slot and other is not child)
            serving = {each.slot for each in self._children.values() if each.accepts}
            if not self._accepted and serving >= set(range(self.port.slots)):
                self._accepted = True
                self._dismiss(lambda other: other.slot < 0)
                self.accepting()

    def _dismiss(self, is_meant: Callable[[_Child], bool]) -> None:
        """Tell children to leave, whose place is taken."""
        for pid, child in self._children.items():
            if child.leaves_by is None and child.accepts and is_meant(child):
                os.kill(pid, LEAVE)
                child.leaves_by = time.monotonic() + self.drain + _OVERTIME

    def _reap(self) -> None:
        for pid in list(self._children):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self._gone(self._children.pop(pid), os.waitstatus_to_exitcode(status))

    def _gone(self, child: _Child, code: int) -> None:
        if child.channel >= 0:
            self._selector.unregister(child.channel)
            os.close(child.channel)
        if self._ends is not None or child.leaves_by is not None:
            return
        log.error("process_died", extra={"fields": {"status": code}})
        if not self._accepted and not self.elders:
            self._failed = True
            self.stop()
            return
        now, slot = time.monotonic(), child.slot
        before = self._pauses.pop(slot, None)
        if now - child.born >= SHORT_LIFE:
            return
        pause = 0.0 if before is None else min(max(2 * before, PAUSES[0]), PAUSES[1])
        if pause and not any(each.slot in (slot, -1) for each in self._children.values()):
            self.port.close(slot)  # the kernel gives new connections to the others meanwhile
        self._pauses[slot], self._not_before[slot] = pause, now + pause

    def _hurry(self) -> None:
        """Kill who has had time enough."""
        now = time.monotonic()
        if self._ends is not None and now > self._ends:
            self._tell(signal.SIGKILL)
        for pid, child in self._children.items():
            if child.leaves_by is not None and now > child.leaves_by:
                os.kill(pid, signal.SIGKILL)

    # --- the next generation

    def _look_ahead(self) -> None:
        if self.renewal is None:
            log.error("renewal_refused", extra={"fields": {"error": "this mode needs a restart"}})
        elif self._check is None and self._ends is None:
            self._check = self.renewal.check()

    def _renew(self) -> None:
        """Go on with a renewal, or leave it, once it is known whether it would come up."""
        if self._check is None or self._check.poll() is None:
            return
        assert self.renewal is not None
        check, self._check = self._check, None
        said = check.communicate()[1].strip().rpartition("\n")[2]
        if check.returncode != 0:
            log.error("renewal_refused", extra={"fields": {"error": said}})
        elif self._ends is None:
            self.renewal.proceed([(pid, child.leaves_by) for pid, child in self._children.items()])
