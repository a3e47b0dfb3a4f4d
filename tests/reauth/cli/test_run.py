"""`reauth run` and its kin as processes: the ready line, what stops them, what they leave."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from reauth.cli.run import Child, _accepting, _child
from reauth.errors import ReauthError, SettingsError
from reauth.installation import load_settings
from reauth.installation import running as found_running
from tests.people import make_account, opener

pytestmark = pytest.mark.timeout(120)

PATIENCE = 60.0
"""s; a loaded machine starts and stops slowly."""


def log(place):
    """What was logged; each line is an object."""
    text = (place.folder / "log").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def got(url, proxy=None):
    """Status and text of an answer."""
    handler = urllib.request.ProxyHandler({"http": proxy} if proxy else {})
    opener = urllib.request.build_opener(handler)
    request = urllib.request.Request(url, headers={"Accept": "text/html"})
    with opener.open(request, timeout=20) as answer:
        return answer.status, answer.read().decode()


def test_the_first_line_says_where_everything_is(place):
    """interfaces.md §1; by then everything accepts, and SIGTERM ends all of it within 10 s."""
    with place.start("run") as running:
        ready = running.ready
        assert ready["ready"] is True
        assert str(place.folder / "state" / "ca" / "ca.pem") == ready["ca"]
        assert "PRIVATE" not in Path(ready["ca"]).read_text("ascii")
        for name in ("proxy", "console", "metrics"):
            assert ready[name].startswith("http://127.0.0.1:")
            assert not ready[name].endswith(":0")
        assert (200, "ok\n") == got(f"{ready['console']}/livez")
        assert got(f"{ready['metrics']}/metrics")[0] == 200
        assert ready["proxy"].removeprefix("http://") in got(f"{ready['console']}/proxy.pac")[1]
        assert 200 == got(f"http://example.invalid{ready['obs']}privacy", ready["proxy"])[0]

        code, seconds = running.end()

        assert 0 == code
        assert seconds < 10
        assert b"" == running.process.stdout.read()
        with pytest.raises(urllib.error.URLError):
            got(f"{ready['console']}/livez")
        with pytest.raises(urllib.error.URLError):
            got("http://example.invalid/", ready["proxy"])


def test_while_nobody_has_an_account_a_link_makes_the_first(place):
    """On standard error, once, at each start; the first line stays JSON."""
    with place.start("serve") as running:
        log, told = place.folder / "log", re.compile(r'http://[^"]+/first[?]token=[^"]+')
        link = patiently(lambda: told.search(log.read_text("utf-8")))
        assert running.ready["console"] in link[0]
        assert 200 == got(link[0])[0]
    make_account(place.config)
    log.write_text("", "utf-8")
    with place.start("serve") as running:
        assert running.ready["ready"]
        running.end()
    assert "first?token" not in log.read_text("utf-8")


def patiently(look):
    """What is there in the end."""
    until = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < until
        time.sleep(0.05)
    return found


def test_commands_work_while_it_runs_and_are_seen(place):
    """Another process, the same store."""
    with place.start("serve") as running:
        file = place.recording(0, 30)
        assert 0 == place.type("import", "--user", "anna", file).code
        make_account(place.config)
        boss = opener(running.ready["console"])

        def users():
            with boss.open(f"{running.ready['console']}/users", timeout=PATIENCE) as answer:
                return answer.read().decode()

        assert "anna" in users()
        assert running.ready["proxy"] is None
        assert 0 == place.type("enrol", "pause", "anna").code
        assert "state-paused" in users()


def test_a_second_one_on_the_same_state_is_refused(place):
    """With a line that says so; the first goes on."""
    with place.start("serve") as running:
        other = subprocess.run(
            [sys.executable, "-m", "reauth", "serve", "--config", str(place.config)],
            capture_output=True, check=False, text=True, timeout=PATIENCE,
        )  # fmt: skip

        assert (1, "") == (other.returncode, other.stdout)
        assert "another reauth works on" in other.stderr
        assert 200 == got(f"{running.ready['console']}/livez")[0]


def test_without_its_proxy_it_does_not_stay(place):
    """A house that watches nobody must not look alive."""
    with place.start("run") as running:
        assert running.ready
        [child] = children(running.process.pid)
        os.kill(child, signal.SIGKILL)

        assert 1 == running.process.wait(PATIENCE)
    assert "reauth: the proxy has ended with code" in (place.folder / "log").read_text("utf-8")


def test_the_proxy_does_not_outlive_it(place):
    """Killed, it can tidy up nothing: the proxy notices by itself."""
    with place.start("run") as running:
        assert running.ready
        [child] = children(running.process.pid)
        running.end(signal.SIGKILL)

        deadline = time.monotonic() + PATIENCE
        while alive(child) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not alive(child)


def test_a_proxy_that_will_not_have_its_settings_is_told(place):
    """Exit code 2 as its own, nothing on standard output; what it says comes before our line."""
    (place.folder / "origins.pem").write_text("no certificate", "ascii")
    with place.start("run", "--set", "proxy.upstream_ca=origins.pem") as running:
        assert b"" == running.line
        assert 2 == running.process.wait(PATIENCE)
    *_, reason, last = (place.folder / "log").read_text("utf-8").splitlines()
    assert "proxy.upstream_ca" in reason
    assert "reauth: the proxy did not start (2)" in last


def test_a_linked_settings_file_means_its_own_folder_to_the_proxy_too(tmp_path, place):
    """House and proxy must not look for the keys in two places."""
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "mitm.toml").symlink_to(place.config)
    linked = replace(place, folder=tmp_path / "links")

    with linked.start("run") as running:
        assert str(tmp_path / "links" / "state" / "ca" / "ca.pem") == running.ready["ca"]
        assert 0 == running.end()[0]
    assert not (tmp_path / "state").exists()


def test_the_lists_are_read_anew_on_sighup(place):
    """And settings that are wrong change nothing."""
    with place.start("serve") as running:
        place.config.write_text(
            place.config.read_text("utf-8") + '[identity]\ndefault_user = "me"\n', "utf-8"
        )
        running.process.send_signal(signal.SIGHUP)
        wait_for(place, "reloaded")
        place.config.write_text("nonsense", "utf-8")
        running.process.send_signal(signal.SIGHUP)
        wait_for(place, "reload_refused")

        assert 0 == running.end()[0]


def wait_for(place, event):
    """Until something is logged."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(ValueError):
            if event in [line["event"] for line in log(place)]:
                return
        time.sleep(0.05)
    raise AssertionError(f"{event} was not logged")


def test_the_proxy_alone_tells_what_it_needs(place):
    """The key file is made by `run` or `serve`."""
    place.type("ca", "create")
    done = subprocess.run(
        [sys.executable, "-m", "reauth", "proxy", "--config", str(place.config)],
        capture_output=True, check=False, text=True, timeout=PATIENCE,
    )  # fmt: skip

    assert 0 != done.returncode
    assert "reauth serve" in done.stderr


def test_it_stays_until_it_is_told(place, quiet_logs):
    """The same in this process: ready, a reload, the end; nothing is remembered afterwards."""
    told = threading.Thread(target=tell_ourselves, args=(place,))
    told.start()

    said = place.type("run")
    told.join()

    assert 0 == said.code
    assert 1 == said.out.count("\n")
    assert json.loads(said.out)["ready"] is True
    events = [json.loads(line)["event"] for line in said.err.splitlines() if line[:1] == "{"]
    assert "reloaded" in events
    assert not (place.folder / "state" / "running.json").exists()


def test_told_to_go_while_it_starts_it_goes(place):
    """Not after the minute that a proxy may take."""
    process = subprocess.Popen(
        [sys.executable, "-m", "reauth", "run", "--config", str(place.config)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    lock = place.folder / "state" / "keys.json"
    while not lock.exists():
        time.sleep(0.01)
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    out, _ = process.communicate(timeout=PATIENCE)

    assert 0 == process.returncode
    assert time.monotonic() - began < 30
    assert out.count(b"\n") <= 1


def tell_ourselves(place):
    """SIGHUP once it is ready, SIGTERM after that."""
    settings = load_settings(place.config)
    deadline = time.monotonic() + PATIENCE
    while found_running(settings) is None and time.monotonic() < deadline:
        time.sleep(0.05)
    for number in (signal.SIGHUP, signal.SIGTERM):
        os.kill(os.getpid(), number)
        time.sleep(0.5)


@pytest.mark.parametrize("line", [b"nonsense\n", b'{"ready": true}\n', b""])
async def test_a_proxy_that_says_something_else_did_not_start(line):
    """Another release's, or none."""
    script = f"import sys; sys.stdout.buffer.write({line!r})"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE
    )

    with pytest.raises(ReauthError, match="the proxy did not start"):
        await _accepting(process)
    await process.wait()


@pytest.mark.parametrize(("code", "asked_wrongly"), [(1, False), (2, True), (3, False)])
async def test_only_the_proxys_two_is_ours(code, asked_wrongly):
    """Anything else is a failure, exit code 1."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", f"raise SystemExit({code})", stdout=asyncio.subprocess.PIPE
    )

    with pytest.raises(ReauthError) as error:
        await _accepting(process)
    assert asked_wrongly is isinstance(error.value, SettingsError)


async def test_a_proxy_that_says_nothing_is_not_waited_for_for_ever(monkeypatch):
    """A minute is the most."""
    monkeypatch.setattr("reauth.cli.run.STARTING", 0.05)
    process = await asyncio.create_subprocess_exec(
        "sleep", "60", stdout=asyncio.subprocess.PIPE
    )
    try:
        with pytest.raises(ReauthError, match="did not start within"):
            await _accepting(process)
    finally:
        process.kill()
        await process.wait()


async def test_a_proxy_that_does_not_end_is_killed(monkeypatch, tmp_path):
    """The house needs the rest of the ten seconds."""
    script = tmp_path / "stubborn.py"
    script.write_text(STUBBORN, "utf-8")
    monkeypatch.setattr("reauth.cli.run.DRAINING", 0.2)
    monkeypatch.setattr("reauth.cli.run._launcher", lambda _: [sys.executable, str(script)])

    async with _child("", {}, asyncio.Event()) as child:
        assert "http://127.0.0.1:1" == child.url

    assert -signal.SIGKILL == child.process.returncode


STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('{"proxy": "http://127.0.0.1:1"}', flush=True)
time.sleep(60)
"""


def test_the_proxy_comes_up_anew_on_sigusr2(place):
    """Its processes are others then; ours, and where it listens, are the same."""
    with place.start("run") as running:
        running.process.send_signal(signal.SIGUSR2)
        wait_for(place, "renewed")

        assert 0 == running.end()[0]


def test_a_child_that_is_gone_is_not_signalled():
    """It may end between two of our steps."""

    class Gone:
        def send_signal(self, number):
            raise ProcessLookupError

    child = Child.__new__(Child)
    child.process = Gone()
    child.hang_up()


def children(pid):
    """Processes that a process has started."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                fields = (entry / "stat").read_text("ascii", "replace").rpartition(")")[2].split()
                if int(fields[1]) == pid:
                    found.append(int(entry.name))
    return found


def alive(pid):
    """Whether a process is there and no zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def asked(url):
    """Status of an answer, whatever it is; None where nobody accepts."""
    try:
        return got(url)[0]
    except urllib.error.HTTPError as answer:
        return answer.code
    except OSError:
        return None


def test_readiness_flips_before_the_listeners_close(place, monkeypatch):
    """SIGTERM: load balancers are told, all is served as before meanwhile, then all closes.

    systemd hears when we accept, that we live, and when we go.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(place.folder / "notify"))
        manager.settimeout(PATIENCE)
        monkeypatch.setenv("NOTIFY_SOCKET", str(place.folder / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "600000000")
        with place.start("serve", "--set", "health.pre_stop_s=3") as running:
            console = running.ready["console"]
            assert b"READY=1" == manager.recv(64)
            assert b"WATCHDOG=1" == manager.recv(64)
            assert [200] * 2 == [asked(f"{console}{path}") for path in ("/readyz", "/startupz")]

            running.process.send_signal(signal.SIGTERM)
            assert b"STOPPING=1" == manager.recv(64)
            told = time.monotonic()
            answers = [asked(f"{console}{path}") for path in ("/readyz", "/livez", "/proxy.pac")]
            assert time.monotonic() - told < 2.5, "too slow a machine to see it"
            assert [503, 200, 503] == answers
            assert 200 == asked(f"{running.ready['metrics']}/metrics")
            assert 0 == running.process.wait(PATIENCE)
            assert 3.0 <= time.monotonic() - told < 3.0 + 10.0
            assert asked(f"{console}/livez") is None


def test_session_keys_are_written_nowhere(place, monkeypatch):
    """privacy-ops.md §7: a start with such a variable is refused."""
    monkeypatch.setenv("SSLKEYLOGFILE", str(place.folder / "keys"))

    said = place.type("serve")

    assert 2 == said.code
    assert "SSLKEYLOGFILE is set" in said.err


class Page(BaseHTTPRequestHandler):
    """An origin with one page, whose policy lets nobody's script run."""

    def do_GET(self):
        """Answer."""
        body = b"<!doctype html><html><head><title>t</title></head><body>x</body></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", "default-src 'none'")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


def test_what_the_proxy_measures_is_in_the_metrics(place):
    """A page through the real proxy: timed, counted, and told by the house within seconds."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as origin, place.start("run") as running:
        threading.Thread(target=origin.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{origin.server_port}/"
        status, text = got(url, running.ready["proxy"])
        assert 200 == status and "/obs/" in text
        wanted = (
            'reauth_inject_total{result="injected"} 1',
            'reauth_csp_rewrites_total{action="relaxed"} 1',
            "reauth_added_ttfb_seconds_count 1",
            "reauth_inject_seconds_count 1",
        )
        beats = r"proxy_event_loop_lag_seconds_count [1-9]"
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            told = got(f"{running.ready['metrics']}/metrics")[1]
            if all(line in told for line in wanted) and re.search(beats, told):
                break
            time.sleep(0.2)
        origin.shutdown()

    assert [] == [line for line in wanted if line not in told.splitlines()]
    assert re.search(beats, told)
    assert "reauth_control_stale" in told
