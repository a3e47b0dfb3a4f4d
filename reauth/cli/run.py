"""`reauth run`, `serve` and `proxy`: what stays up until it is told to go."""

import asyncio
import json
import logging
import os
import signal
import sys
from argparse import Namespace
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from reauth import app
from reauth.cli.account import first_link
from reauth.cli.command import Commands, command, overrides, settings_of
from reauth.cli.log import log_to_stderr
from reauth.errors import ReauthError, SettingsError
from reauth.installation import certificate, remember
from reauth.listen import jobs, refuse_key_logs
from reauth.notify import READY, STOPPING, live, notify

log = logging.getLogger(__name__)

STARTING = 60.0
"""s in which every proxy process must accept: mitmproxy takes 1 to 2 s to load on a busy core."""
ASKED_WRONGLY = 2
"""What the proxy's process ends with, as all of our commands do."""
DRAINING = 7.0
"""s for the proxy to finish; the house has the rest of the 10 (privacy-ops.md §6)."""

_TEACH_RUN = """\
Starts the proxy, the ingest, the engine and the console. The first line on standard output is JSON
and comes when everything accepts: where the proxy, the console and the metrics are, the CA's
certificate to trust, and our path on every site. Logs go to standard error, a JSON object a line.

examples:
  reauth run --config mitm.toml
  reauth run --config mitm.toml --set identity.default_user=me --set proxy.listen=127.0.0.1:0

While nobody has an account of the console, standard error also shows a link, good once and for a
day, that makes the first one.

next, from another terminal:
  curl --proxy http://127.0.0.1:8080 --cacert /var/lib/reauth/ca/ca.pem https://example.org/
  reauth doctor

SIGTERM ends all of it within 10 s, after [health] pre_stop_s. SIGHUP reads the address map, the
lists and the CA anew, SIGUSR2 lets the proxy come up anew with all its settings; neither loses a
connection.
"""

_TEACH_SERVE = """\
Everything but the proxy, for hosts where `reauth proxy` is a unit of its own: browsing goes on when
this one is restarted.

next: reauth proxy --config mitm.toml
"""

_TEACH_PROXY = """\
The proxy alone. It reads the same settings and the key file that `reauth serve` or `reauth run`
has made, and forwards what it observes to [ingest] listen.

next: reauth doctor
"""


def add(commands: Commands) -> None:
    """Add the commands to the command line."""
    command(commands, "run", _run, "start everything: proxy, ingest, engine, console", _TEACH_RUN)
    command(commands, "serve", _serve, "start ingest, engine and console", _TEACH_SERVE)
    command(commands, "proxy", _proxy, "start the proxy alone", _TEACH_PROXY)


def _run(args: Namespace) -> int:
    log_to_stderr(settings_of(args).log)
    return asyncio.run(_stay(args, with_proxy=True))


def _serve(args: Namespace) -> int:
    log_to_stderr(settings_of(args).log)
    return asyncio.run(_stay(args, with_proxy=False))


def _proxy(args: Namespace) -> int:
    settings_of(args)
    environment = {**os.environ, **app.variables(overrides(args))}
    os.execve(sys.executable, _launcher(args.config), environment)  # noqa: S606 - ourselves


def _launcher(config: str) -> list[str]:
    return [sys.executable, "-m", "proxy_addon", "--config", str(Path(config).absolute())]


_DEFAULT_USER = "a trial: everyone who is not authenticated is taken for [identity] default_user"


_FIRST = "open this link once, within a day, to make the first account of the console"


class ProxyError(ReauthError):
    """The proxy did not start, or has ended by itself."""


class ProxyRefused(ProxyError, SettingsError):
    """The proxy will not start on such settings; its last line says why."""


class Child:
    """The proxy's process. It ends when we do: its standard input closes with us."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self.process = process
        self.url = url
        self.ended = asyncio.ensure_future(process.wait())

    def hang_up(self) -> None:
        """Let it read its lists anew."""
        self.tell(signal.SIGHUP)

    def tell(self, number: int) -> None:
        """Send it a signal, if it is still there."""
        with suppress(ProcessLookupError):
            self.process.send_signal(number)


class Signals:
    """What we were told from outside."""

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.reload = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop.set)
        loop.add_signal_handler(signal.SIGHUP, self.reload.set)

    def renew(self, child: Child) -> None:
        """From now on, let SIGUSR2 bring a new generation of the proxy."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR2, child.tell, signal.SIGUSR2)


async def _stay(args: Namespace, *, with_proxy: bool) -> int:
    """Open everything, stay until a signal or a failure, close in order; the exit code."""
    signals = Signals()
    try:
        await _stayed(args, signals, with_proxy=with_proxy)
    except ProxyError:
        if not signals.stop.is_set():  # told to go while the proxy was starting: no failure
            raise
    return 0


async def _stayed(args: Namespace, signals: Signals, *, with_proxy: bool) -> None:
    settings = settings_of(args)
    refuse_key_logs()
    if settings.identity.default_user is not None:
        log.warning("default_user", extra={"meaning": _DEFAULT_USER})
    async with app.house(settings) as house:
        told = app.variables(overrides(args)) | _resolved(house.listens)
        starting = _child(args.config, told, signals.stop)
        async with starting if with_proxy else nullcontext() as child:
            if child is not None:
                signals.renew(child)
                house.site.proxy = child.url.removeprefix("http://")
            house.site.subjects.sources = app.sources_of(Path(args.config), overrides(args))
            ready = _ready(house, child)
            with remember(settings, ready):
                print(json.dumps(ready), flush=True)
                await _invite(house)
                house.site.readiness.begun = True
                notify(READY)
                try:
                    async with jobs(live()):
                        await _until_told(args, signals, house, child)
                        await _leave(house)
                finally:
                    house.stop()


async def _leave(house: app.House) -> None:
    """Say that we go, and give those who send us work the time to see it, while all still runs."""
    house.stop()
    notify(STOPPING)
    if house.settings.health.pre_stop:
        log.info("stopping", extra={"in_s": house.settings.health.pre_stop})
        await asyncio.sleep(house.settings.health.pre_stop)


def _resolved(listens: dict[str, str]) -> dict[str, str]:
    """Where we listen, ports resolved, as the proxy reads it."""
    return {f"REAUTH_{name}__LISTEN".upper(): listen for name, listen in listens.items()}


def _ready(house: app.House, child: Child | None) -> dict[str, Any]:
    """The line of interfaces.md §1; the proxy is None where it is not ours."""
    return {
        "ready": True,
        "proxy": child.url if child else None,
        "console": house.urls["console"],
        "metrics": house.urls["metrics"],
        "ca": str(certificate(house.settings)),
        "obs": f"/obs/{house.keys.installation}/",
    }


async def _invite(house: app.House) -> None:
    """While nobody has an account, say where the first one is made: on standard error only.

    Beside the log, which takes secrets out of whatever it is handed.
    """
    accounts, url = house.site.accounts, house.urls["console"]
    if not await accounts.all():
        secret = await accounts.invite(None)
        link = first_link(house.settings, url, secret)
        told = {"event": "first_account", "meaning": _FIRST, "link": link}
        print(json.dumps(told), file=sys.stderr, flush=True)


async def _until_told(
    args: Namespace, signals: Signals, house: app.House, child: Child | None
) -> None:
    """Stay until SIGTERM; raise what the proxy or a job of ours has died of."""
    stop = asyncio.ensure_future(signals.stop.wait())
    ends: set[asyncio.Future[Any]] = {stop, house.broken}
    if child is not None:
        ends.add(child.ended)
    while True:
        reload = asyncio.ensure_future(signals.reload.wait())
        done, _ = await asyncio.wait(ends | {reload}, return_when=asyncio.FIRST_COMPLETED)
        reload.cancel()
        if done == {reload}:
            signals.reload.clear()
            _reload(args, house, child)
            continue
        if stop in done:
            return
        stop.cancel()
        if child is not None and child.ended in done:
            raise ProxyError(f"the proxy has ended with code {child.ended.result()}; see its log")
        house.broken.result()


def _reload(args: Namespace, house: app.House, child: Child | None) -> None:
    """Take up changed lists; settings that are wrong change nothing, and the log says so."""
    try:
        house.reload(settings_of(args))
    except SettingsError as error:
        log.error("reload_refused", extra={"fault": str(error)})
        return
    if child is not None:
        child.hang_up()
    log.info("reloaded")


@asynccontextmanager
async def _child(
    config: str, variables: dict[str, str], stop: asyncio.Event
) -> AsyncIterator[Child]:
    """Start the proxy, wait until it accepts; at the end, or at `stop`, let it drain."""
    process = await asyncio.create_subprocess_exec(
        *_launcher(config),
        "--stdin-guard",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **variables, "NOTIFY_SOCKET": ""},  # who speaks of the unit is us
        start_new_session=True,  # Ctrl-C is for us: we stop it in order
    )
    early = asyncio.ensure_future(_end_at(process, stop))
    try:
        url = await _accepting(process)
        early.cancel()
        yield Child(process, url)
    finally:
        early.cancel()
        _terminate(process)
        try:
            await asyncio.wait_for(process.wait(), DRAINING)
        except TimeoutError:
            log.warning("proxy_killed")
            os.killpg(process.pid, signal.SIGKILL)  # its own session: nobody else's processes
            await process.wait()


async def _end_at(process: asyncio.subprocess.Process, stop: asyncio.Event) -> None:
    await stop.wait()
    _terminate(process)


def _terminate(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()


async def _accepting(process: asyncio.subprocess.Process) -> str:
    """The proxy's URL, from the one line that it prints when every process of it accepts."""
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), STARTING)
    except TimeoutError:
        raise ProxyError(f"the proxy did not start within {STARTING:g} s; see its log") from None
    try:
        url: str = json.loads(line)["proxy"]
    except (ValueError, KeyError, TypeError):
        code = await process.wait() if not line else "a line that is none of ours"
        kind = ProxyRefused if code == ASKED_WRONGLY else ProxyError
        raise kind(f"the proxy did not start ({code}); see its log above") from None
    return url
