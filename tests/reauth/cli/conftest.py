"""Places to type commands in: an empty one, and one where people have been enrolled."""

import json
import logging
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reauth.cli import main
from reauth.recording import write_recording
from tests.live import movement

CONFIG = """\
[state]
path = "state"
[proxy]
listen = "127.0.0.1:0"
processes = 1
allow_private = ["127.0.0.1/32"]
[ingest]
listen = "127.0.0.1:0"
[console]
listen = "127.0.0.1:0"
[metrics]
listen = "127.0.0.1:0"
[identity_lane]
window = 20
[enrolment]
min_trajectories = 60
false_alarms_per_8h = 100.0
"""


@dataclass(frozen=True)
class Said:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one value that was printed."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """A value a line."""
        return [json.loads(line) for line in self.out.splitlines()]


class Running:
    """A process that stays, with its first line read."""

    def __init__(self, place, *words):
        self.log = (place.folder / "log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "reauth", *words, "--config", str(place.config)],
            stdout=subprocess.PIPE,
            stderr=self.log,
            cwd=place.folder,
        )
        self.line = self.process.stdout.readline()

    @property
    def ready(self):
        """The first line."""
        return json.loads(self.line)

    def end(self, number=signal.SIGTERM):
        """Tell it to go; its exit code and how long it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(60.0)
        return code, time.monotonic() - began


@dataclass
class Place:
    """A folder with a settings file, and a person at the keyboard."""

    folder: Path
    capsys: Any = None

    @property
    def config(self) -> Path:
        """Its settings file."""
        return self.folder / "mitm.toml"

    def type(self, *words: object) -> Said:
        """Type a command; the settings file's name comes last."""
        argv = [*map(str, words), "--config", str(self.config)]
        try:
            code = main(argv)
        except SystemExit as end:
            code = int(end.code or 0)
        said = self.capsys.readouterr()
        return Said(code, said.out, said.err)

    @contextmanager
    def start(self, *words: str):
        """Start a command that stays; see that nothing of it is left."""
        running = Running(self, *words)
        try:
            yield running
        finally:
            if running.process.poll() is None:
                running.process.kill()
                running.process.wait()
            running.process.stdout.close()
            running.log.close()

    def recording(self, seed: int, movements: int, sample: int = 0) -> Path:
        """A recording of person `seed`."""
        file = self.folder / f"person{seed}-{movements}-{sample}.csv"
        file.write_text(write_recording(movement(seed, movements, sample)), "utf-8")
        return file


def made(folder: Path) -> Place:
    """A place in a new folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mitm.toml").write_text(CONFIG, "utf-8")
    return Place(folder)


@pytest.fixture
def place(tmp_path, capsys):
    """A place where nothing has been done yet."""
    found = made(tmp_path)
    found.capsys = capsys
    return found


@pytest.fixture(scope="session")
def peopled(tmp_path_factory):
    """A folder in which alice is enrolled against four others."""
    found = made(tmp_path_factory.mktemp("town"))
    config = ["--config", str(found.config)]
    for seed, name in enumerate(("alice", "bob", "carol", "dave", "erin")):
        files = [str(found.recording(seed, 60, sample)) for sample in (1, 2)]
        assert 0 == main(["import", "--user", name, *files, *config])
    assert 0 == main(["enrol", "train", "alice", *config])
    return found.folder


@pytest.fixture
def town(peopled, tmp_path, capsys):
    """A copy of that folder, to do with as one likes."""
    shutil.copytree(peopled, tmp_path / "town")
    return Place(tmp_path / "town", capsys)


@pytest.fixture
def quiet_logs():
    """Whatever a command does to the root logger is undone."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before
