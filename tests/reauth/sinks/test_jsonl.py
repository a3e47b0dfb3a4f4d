"""One line an alert, whole or not at all."""

import json
import os
import resource
import signal

import pytest

from reauth.errors import SinkError
from reauth.sinks.jsonl import JsonLines, append
from tests.rows import NOON, alarm


async def test_lines_are_appended(tmp_path):
    """Each alert on a line of its own, the file ours alone."""
    path = tmp_path / "alerts.jsonl"
    sink = JsonLines(str(path))
    for name in ("a1", "a2"):
        alert = alarm(name, note="two\nlines")
        await sink.deliver(alert, sink.render(alert), NOON)

    assert ["a1", "a2"] == [json.loads(line)["id"] for line in path.read_text().splitlines()]
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_rotated_file_is_begun_anew(tmp_path):
    """Whoever rotates it need not tell us."""
    path = tmp_path / "alerts.jsonl"
    sink = JsonLines(str(path))
    await sink.deliver(alarm("a1"), b"one\n", NOON)
    path.rename(tmp_path / "alerts.jsonl.1")
    await sink.deliver(alarm("a2"), b"two\n", NOON)

    assert b"two\n" == path.read_bytes()


async def test_standard_error_gets_the_line(capfd):
    """Where the service manager collects it; standard output belongs to the ready line."""
    sink = JsonLines(None)
    await sink.deliver(alarm(), sink.render(alarm()), NOON)
    out, err = capfd.readouterr()

    assert "a1" == json.loads(err)["id"]
    assert "" == out


def test_half_a_line_is_taken_back(tmp_path):
    """A full disk must not spoil the line that comes after it."""
    path = tmp_path / "alerts.jsonl"
    append(str(path), b"first\n")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        with pytest.raises(OSError, match="4 of 7 bytes"):
            append(str(path), b"second\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    append(str(path), b"third\n")

    assert b"first\nthird\n" == path.read_bytes()


async def test_a_line_that_cannot_be_written_is_a_sink_error(tmp_path):
    """The outbox comes again."""
    with pytest.raises(SinkError, match="IsADirectoryError"):
        await JsonLines(os.fspath(tmp_path)).deliver(alarm(), b"line\n", NOON)
