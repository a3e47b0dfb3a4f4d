"""One line an alert, whole or not at all."""

import json
import resource
import signal

import pytest

from reauth.errors import SettingsError, SinkError
from reauth.news import Event, Letterhead, News
from reauth.settings import Sinks
from reauth.sinks.jsonl import JsonLines, append
from reauth.sinks.opening import opening
from tests.rows import NOON, alarm


def lines(url):
    return JsonLines(opening(url, Sinks(), Letterhead()))


async def test_lines_are_appended(tmp_path):
    """Each alert on a line of its own, the file ours alone."""
    path = tmp_path / "alerts.jsonl"
    sink = lines(f"jsonl:{path}")
    for name in ("a1", "a2"):
        alert = alarm(name, note="two\nlines")
        await sink.deliver(News(alert), sink.render(News(alert)), NOON)

    assert ["a1", "a2"] == [json.loads(line)["id"] for line in path.read_text().splitlines()]
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_rotated_file_is_begun_anew(tmp_path):
    """Whoever rotates it need not tell us."""
    path = tmp_path / "alerts.jsonl"
    sink = lines(f"jsonl:{path}")
    await sink.deliver(News(alarm("a1")), b"one\n", NOON)
    path.rename(tmp_path / "alerts.jsonl.1")
    await sink.deliver(News(alarm("a2")), b"two\n", NOON)

    assert b"two\n" == path.read_bytes()


async def test_standard_error_gets_the_line(capfd):
    """Where the service manager collects it; standard output belongs to the ready line."""
    sink = lines("jsonl:stderr")
    await sink.deliver(News(alarm()), sink.render(News(alarm())), NOON)
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
        await lines(f"jsonl:{tmp_path}").deliver(News(alarm()), b"line\n", NOON)


@pytest.mark.parametrize(
    "url", ["jsonl:relative", "jsonl:", "jsonl://host/path", "jsonl:/a?format=xml"]
)
def test_where_it_goes_is_standard_error_or_a_file(url):
    """A relative path would be another file for each folder that we are started in."""
    with pytest.raises(SettingsError, match=r"sinks\.urls"):
        lines(url)


def test_what_follows_raising_says_so():
    """Of raising the keys are the interface's; a line that comes later has its type first."""
    sink = lines("jsonl:/var/log/alerts.jsonl?events=raised,closed")
    raised, closed = (
        json.loads(sink.render(News(alarm(), event))) for event in (Event.RAISED, Event.CLOSED)
    )

    assert "type" not in raised
    assert {"type": "alert.closed", **raised} == closed
    assert "jsonl:/var/log/alerts.jsonl" == sink.name


def test_other_formats_are_other_sinks():
    """Two lines a time into one file would be a mistake; into two they have two names."""
    assert "jsonl:/a?format=ecs" == lines("jsonl:/a?format=ecs").name
    assert 2004 == json.loads(lines("jsonl:/a?format=ocsf").render(News(alarm())))["class_uid"]
