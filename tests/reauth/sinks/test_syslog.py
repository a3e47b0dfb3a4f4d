"""Syslog, read by Debian's rsyslogd over UDP, TCP and TLS."""

import asyncio
import json
import socket
import struct

import pycef
import pytest

from reauth.errors import SettingsError, SinkError
from reauth.news import Event, News
from reauth.settings import Sinks
from reauth.sinks import open_sink
from reauth.sinks.syslog_message import UDP
from tests.contracts.test_sink import ALERTS, FULL, HEAD, HOSTILE
from tests.reauth.sinks.receivers import Rsyslog, certified, free
from tests.rows import NOON, alarm


async def sent(sink, *news):
    for one in news:
        await sink.deliver(one, sink.render(one), NOON)


@pytest.fixture(params=["udp", "tcp", "tls"])
async def rsyslog(request, tmp_path):
    """rsyslogd that listens, and `rsyslog.sink(format)`, which tells it."""
    pair = certified(tmp_path)
    found = Rsyslog(tmp_path, request.param, free(), pair)
    await found.come()

    def sink(form):
        url = f"syslog+{request.param}://127.0.0.1:{found.port}?format={form}"
        return open_sink(url, Sinks(ca_file=pair[0], timeout=10.0), HEAD)

    found.sink = sink
    yield found
    await found.go()


async def test_rsyslog_reads_header_structured_data_and_message(rsyslog):
    """Both formats, all events, a name full of signs; in order."""
    sink, other = rsyslog.sink("json"), rsyslog.sink("cef")
    await sent(sink, News(FULL), News(FULL, Event.CLOSED))
    await sent(other, News(HOSTILE))
    raised, closed, third = await rsyslog.taken(3)

    assert ("reauth-1", "reauth", "alert.raised", "10", "2026-05-28T20:26:40.000Z") == tuple(
        raised[key] for key in ("hostname", "app-name", "msgid", "syslogfacility", "timereported")
    )
    assert '[alert@32473 id="a1-closed" kind="impostor"]' == closed["structured-data"]
    assert ("anna", "alert.closed") == (
        json.loads(raised["msg"])["user"], json.loads(closed["msg"])["type"],
    )  # fmt: skip
    assert "c3" == pycef.parse(third["msg"])["externalId"]


@pytest.mark.parametrize("form", ["ecs", "ocsf"])
async def test_other_formats_go_over_streams(tmp_path, form):
    """A datagram has no room for them."""
    found = Rsyslog(tmp_path, "tcp", free())
    await found.come()
    sink = open_sink(f"syslog+tcp://127.0.0.1:{found.port}?format={form}", Sinks(), HEAD)
    await sent(sink, News(FULL))
    [read] = await found.taken(1)
    await found.go()

    assert {"ecs": "ecs", "ocsf": "class_uid"}[form] in json.loads(read["msg"])
    with pytest.raises(SettingsError, match=r"format of syslog.udp is cef or json"):
        open_sink(f"syslog+udp://127.0.0.1?format={form}", Sinks())


@pytest.mark.parametrize("form", ["cef", "json"])
@pytest.mark.parametrize("alert", ALERTS)
def test_a_datagram_is_small_and_whole(alert, form):
    """2048 octets; JSON is JSON still, however long the note: evidence goes first."""
    sink = open_sink(f"syslog+udp://127.0.0.1?format={form}", Sinks(), HEAD)
    for note in ("", "\N{MOUSE}" * 999):
        octets = sink.render(News(alarm(**{"evidence": ALERTS[alert].evidence, "note": note})))
        assert len(octets) <= UDP
        if form == "json":
            assert "a1" == json.loads(octets[octets.index(b"{") :])["id"]


async def test_nobody_there_is_noticed():
    """Over UDP as well, where the machine itself says so."""
    for transport in ("udp", "tcp", "tls"):
        sink = open_sink(f"syslog+{transport}://127.0.0.1:1", Sinks(), HEAD)
        with pytest.raises(SinkError, match="Connection refused"):
            await sent(sink, News(alarm()))


async def test_one_that_goes_away_before_it_has_read_is_noticed():
    """The message was written without an error: only the end tells."""

    def accept(line):
        taken, _ = line.accept()
        taken.recv(1)
        # Gone at once, as one that is killed: what it has not read resets the connection.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        taken.close()

    with socket.create_server(("127.0.0.1", 0)) as line:
        going = asyncio.create_task(asyncio.to_thread(accept, line))
        sink = open_sink(f"syslog+tcp://127.0.0.1:{line.getsockname()[1]}", Sinks(), HEAD)
        with pytest.raises(SinkError, match="not taken"):
            await sent(sink, News(alarm()))
        await going


async def test_one_that_never_hangs_up_has_it_all_the_same():
    """Some receivers keep a connection for ever; a dead one would have been noticed."""
    taken = []

    async def keep(reader, writer):
        taken.append(await reader.read())
        await asyncio.sleep(0.3)
        writer.close()

    server = await asyncio.start_server(keep, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sink = open_sink(f"syslog+tcp://127.0.0.1:{port}", Sinks(timeout=0.1), HEAD)
    await sent(sink, News(alarm()))
    server.close()

    assert 1 == len(taken)


async def test_whom_nobody_vouches_for_is_told_nothing(tmp_path):
    """A certificate that neither the system nor the setting's file knows."""
    found = Rsyslog(tmp_path, "tls", free(), certified(tmp_path))
    await found.come()
    sink = open_sink(f"syslog+tls://127.0.0.1:{found.port}", Sinks(), HEAD)
    with pytest.raises(SinkError, match="not taken"):
        await sent(sink, News(alarm()))
    assert [] == await found.taken(0)
    await found.go()


@pytest.mark.parametrize("url", ["syslog+tcp://", "syslog+tls://host/path", "syslog+udp://h:x"])
def test_an_address_is_a_host_and_a_port(url):
    """What is none of them is refused at start."""
    with pytest.raises(SettingsError, match=r"sinks\.urls"):
        open_sink(url, Sinks())
