"""Listeners and jobs of one process, each open for as long as its context lasts."""

import asyncio
import gc
import os
import ssl
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress

from aiohttp import web

from reauth.errors import ReauthError, SettingsError
from reauth.settings import Settings, address

SHUTDOWN = 2.0
"""s that open requests have to end, of the 10 in all (privacy-ops.md §6)."""
_BACKLOG = 1024


@asynccontextmanager
async def listening(
    name: str, app: web.Application, listen: str, tls: ssl.SSLContext | None
) -> AsyncIterator[tuple[str, str]]:
    """Serve an application; give where, as settings write it and as a URL, the port resolved.

    Parameters
    ----------
    name
        Section of the settings, for messages.
    listen
        `HOST:PORT`, port 0 for any free one, or `unix:PATH`.

    Raises
    ------
    ReauthError
        If nothing can listen there.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN, handle_signals=False)
    await runner.setup()
    try:
        yield await _start(runner, name, listen, tls)
    finally:
        await runner.cleanup()
        if listen.startswith("unix:"):
            with suppress(FileNotFoundError):
                os.unlink(listen.removeprefix("unix:"))


async def _start(
    runner: web.AppRunner, name: str, listen: str, tls: ssl.SSLContext | None
) -> tuple[str, str]:
    where = address(listen)
    try:
        if isinstance(where, str):
            await web.UnixSite(runner, where, ssl_context=tls).start()
            os.chmod(where, 0o660)  # the proxy's unit shares our group (privacy-ops.md §7)
            return listen, listen
        host, port = where
        await web.TCPSite(runner, host, port, ssl_context=tls, backlog=_BACKLOG).start()
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else "no such address"
        raise ReauthError(
            f"{name}.listen: cannot listen on {listen}: {why}; stop what is there, or name another"
        ) from None
    told = f"[{host}]" if ":" in host else host
    taken = f"{told}:{runner.addresses[0][1]}"
    return taken, f"{'https' if tls else 'http'}://{taken}"


def tls_of(settings: Settings) -> ssl.SSLContext | None:
    """The console's certificate, where it has one.

    Raises
    ------
    SettingsError
        If certificate or key cannot be used.
    """
    cert, key = settings.console.tls_cert, settings.console.tls_key
    if cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(cert, key)
    except OSError as error:  # ssl.SSLError is one
        reason = error.strerror or "no certificate with its key"
        raise SettingsError(f"console.tls_cert: cannot use {cert} with {key}: {reason}") from None
    return context


KEY_LOGS = ("SSLKEYLOGFILE", "MITMPROXY_SSLKEYLOGFILE")


def refuse_key_logs(environment: Mapping[str, str] = os.environ) -> None:
    """See that no variable makes TLS write its session keys to a file, as Python's would.

    Raises
    ------
    SettingsError
        If one does; the proxy refuses on its own.
    """
    for name in KEY_LOGS:
        if environment.get(name):
            raise SettingsError(f"{name} is set: it would write session keys to a file; unset it")


@contextmanager
def rare_collections() -> Iterator[None]:
    """Let the collector of garbage look less often, and never at what is here already.

    Each batch makes some hundred objects and no cycles; by default a fifth of the work of a busy
    ingest was looking for them (bench/ingest.py). What it may overlook meanwhile is some MB.
    """
    usual = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


@asynccontextmanager
async def jobs(*work: Coroutine[None, None, None]) -> AsyncIterator["asyncio.Future[None]"]:
    """Let endless work run beside; the future that this gives fails with the first that dies."""
    loop = asyncio.get_running_loop()
    broken: asyncio.Future[None] = loop.create_future()
    tasks = [loop.create_task(job) for job in work]

    def ended(task: "asyncio.Task[None]") -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and not broken.done():
            broken.set_exception(error)

    for task in tasks:
        task.add_done_callback(ended)
    try:
        yield broken
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        broken.cancel()
