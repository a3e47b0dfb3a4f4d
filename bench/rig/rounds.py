"""Servers and the load generator as processes on cores of their own, and rounds in turn.

The server has one core for all of its threads, whichever server it is; the generator has another.
Rounds alternate, so that whatever else the machine does meets both alike.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

_BENCH = Path(__file__).parents[1]
_CORES = sorted(os.sched_getaffinity(0))
PINNED = len(_CORES) > 1


@contextmanager
def _process(module: str, core: int, *args: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        ["taskset", "--cpu-list", str(core), sys.executable, "-m", f"rig.{module}", *args],
        cwd=_BENCH,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(60)
        finally:
            process.kill()


def _line(process: "subprocess.Popen[str]") -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args!r} has died")
    told: dict[str, Any] = json.loads(line)
    return told


def _used(pid: int) -> float:
    """s of processor time that a process has had, all of its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Load:
    """The load generator."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def play(
        self,
        server: dict[str, Any],
        batches: int,
        *,
        each: int = 1,
        connections: int = 512,
        rate: float = 0.0,
    ) -> dict[str, float]:
        """Send so many batches to a server, `each` in one request; what came of it."""
        job = {**server, "batches": batches, "each": each, "connections": connections, "rate": rate}
        assert self._process.stdin is not None
        print(json.dumps(job), file=self._process.stdin, flush=True)
        used = _used(server["pid"])
        result = _line(self._process)
        used = _used(server["pid"]) - used
        if result["stored"] != batches:
            raise RuntimeError(f"{batches} batches sent, {result['stored']:g} stored")
        return {
            **result,
            "batches_per_s": result["requests_per_s"] * each,
            "server_us_a_batch": 1e6 * used / batches,
        }


class Stand:
    """Processes that live as long as the context."""

    def __init__(self, folder: Path, users: int) -> None:
        self._folder = folder
        self._users = users
        self._stack = ExitStack()

    def __enter__(self) -> "Stand":
        self.load = Load(self._stack.enter_context(_process("load", _CORES[-1])))
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def bare(self) -> dict[str, Any]:
        """A bare handler."""
        return self._server(True, True, "bare", str(self._folder / "bare"))

    def ingest(self) -> dict[str, Any]:
        """An ingest with its store, and sessions without a lane."""
        return self._server(False, True, "ingest", str(self._folder / "ingest"))

    def house(self, enrolled: int) -> dict[str, Any]:
        """A house with a template for so many users."""
        return self._server(False, True, "house", str(self._folder / "house"), str(enrolled))

    def _server(self, bare: bool, known: bool, *args: str) -> dict[str, Any]:
        process = self._stack.enter_context(_process("serve", _CORES[0], *args))
        return {**_line(process), "users": self._users, "known": known, "bare": bare,
                "pid": process.pid}
