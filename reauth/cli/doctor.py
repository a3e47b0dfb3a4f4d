"""`reauth doctor`: does it work, and if not, what to do; a line a check.

A check looks at one thing, changes nothing, and either says that it is well or names the next
step. The last one is the whole way: a page through the running proxy, the observer in it, and the
observer's script with the bytes that the page asks for.
"""

import asyncio
import base64
import hashlib
import re
import socket
import ssl
from argparse import Namespace
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import aiohttp
from aiohttp import web

from reauth import app, ca
from reauth.cli.command import Commands, command, print_json, settings_of
from reauth.clock import synchronised
from reauth.errors import ReauthError
from reauth.installation import certificate, running
from reauth.ports import Health, Sought
from reauth.secret_file import read_secret
from reauth.settings import Settings, address

_TEACH = """\
Run it beside `reauth run`: what can only be seen while the proxy is up is part of it. The page is
one of our own where [proxy] allow_private lets the proxy reach this machine, else one that you
name: any page in HTML that the proxy can reach.

examples:
  reauth doctor
  reauth doctor --url https://intranet.example.org/
  reauth doctor --json

Exit code 1 when any check fails.
"""

_PAGE = "https://example.org/"
"""Reserved for documentation (RFC 2606 section 3), and served as HTML without a script."""
_SOON = timedelta(days=30)
"""A CA that ends within a month has to be rotated now: devices take weeks to follow."""
_LIMIT = 15.0
"""s for the page: a first leaf certificate and a slow origin."""
_TAG = re.compile(
    r'<script src="(?P<src>/obs/[0-9a-f]+/observer\.[^"]+\.js)" integrity="sha256-(?P<hash>[^"]+)"'
)
_DOCUMENT = {
    "Accept": "text/html",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "none",
}
"""What tells the proxy that a browser asks for a page."""


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, whether it is well, what was seen, and what to do about it."""

    name: str
    ok: bool
    seen: str
    next: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """What is looked at: the settings, and where everything listens if it runs."""

    settings: Settings
    running: dict[str, Any] | None
    url: str | None


def add(commands: Commands) -> None:
    """Add the command to the command line."""
    added = command(commands, "doctor", _doctor, "see whether it works; what to do if not", _TEACH)
    added.add_argument("--url", metavar="URL", help="page to fetch through the proxy")
    added.add_argument("--json", action="store_true", help="print an array of the checks")


def _doctor(args: Namespace) -> int:
    settings = settings_of(args)
    checks = asyncio.run(examine(Patient(settings, running(settings), args.url)))
    if args.json:
        print_json([asdict(check) for check in checks])
    else:
        for check in checks:
            print(f"{'ok    ' if check.ok else 'FAILED'}  {check.name}: {check.seen}")
            if check.next:
                print(f"        next: {check.next}")
    return 0 if all(check.ok for check in checks) else 1


async def examine(patient: Patient) -> list[Check]:
    """All checks, in order; one that cannot be made has failed."""
    return [check for name, look in _CHECKS for check in await _looked(name, look, patient)]


async def _looked(name: str, look: "Look", patient: Patient) -> list[Check]:
    try:
        return await look(patient)
    except ReauthError as error:
        return [Check(name, False, str(error), "mend this, then run doctor again")]


async def _secrets(patient: Patient) -> list[Check]:
    """The key files: there, and nobody else's to read."""
    settings = patient.settings
    for path, setting in (
        (settings.keys_path, "state.keys"),
        (settings.store_key_path, "store.key_file"),
    ):
        if not _there(path):
            return [Check("secrets", False, f"{path} is missing", "start `reauth run` once")]
        read_secret(path, setting)
    return [Check("secrets", True, f"in {settings.state.path}, mode 0600")]


async def _authority(patient: Patient) -> list[Check]:
    """The CA: can sign, and for how long."""
    folder = Path(patient.settings.ca_path)
    if not (folder / ca.CERTIFICATE).exists():
        return [Check("ca", False, f"there is none in {folder}", "reauth ca create")]
    ends = ca.load(folder).certificate.not_valid_after_utc
    seen = f"signs until {ends:%Y-%m-%d}"
    soon = ends - _SOON < _now(ends)
    return [Check("ca", not soon, seen, "reauth ca rotate" if soon else "")]


async def _trust(patient: Patient) -> list[Check]:
    """Whether this machine's own list of authorities holds the CA."""
    file = certificate(patient.settings)
    if not file.exists():
        return [Check("trust", False, "there is no CA to trust", "reauth ca create")]
    wanted = _body(file.read_text("ascii"))
    trusted = any(wanted in text for text in _trusted())
    seen = f"{file} is {'' if trusted else 'not '}in this machine's list of authorities"
    console = (patient.running or {}).get("console")
    how = f"see {console}/setup" if console else "see certs/README.md"
    return [Check("trust", trusted, seen, "" if trusted else f"install it: {how}")]


def _there(path: str) -> bool:
    return Path(path).exists()


def _body(pem: str) -> str:
    """The first certificate's base64, without white space."""
    return "".join(pem.partition("-----BEGIN CERTIFICATE-----")[2].partition("-----END")[0].split())


def _trusted() -> Iterator[str]:
    """The texts of the system's list of authorities, without white space."""
    paths = ssl.get_default_verify_paths()
    files = [Path(file) for file in (paths.cafile, paths.openssl_cafile) if file]
    for folder in (paths.capath, paths.openssl_capath):
        files += sorted(Path(folder).glob("*")) if folder else []
    for file in files:
        if file.is_file():
            yield "".join(file.read_text("ascii", errors="replace").split())


async def _ports(patient: Patient) -> list[Check]:
    """Every listener: answering while we run, free otherwise."""
    return [_port(patient, name) for name in ("proxy", "ingest", "console", "metrics")]


def _port(patient: Patient, name: str) -> Check:
    listen = _listen(patient, name)
    where, up = address(listen), patient.running is not None
    if not isinstance(where, str) and where[1] == 0:
        return Check(f"port {name}", True, f"{listen}: any free one")
    answers = _answers(where)
    if up == answers:
        return Check(f"port {name}", True, f"{listen} {'answers' if up else 'is free'}")
    if up:
        return Check(f"port {name}", False, f"{listen} does not answer", "restart `reauth run`")
    stop = f"stop what listens there, or change [{name}] listen"
    return Check(f"port {name}", False, f"{listen} is taken by another program", stop)


def _listen(patient: Patient, name: str) -> str:
    """Where a part listens: as it said when it started, else as the settings say."""
    told = (patient.running or {}).get(name)
    if told:
        return str(told).rpartition("//")[2]
    return str(getattr(patient.settings, name).listen)


def _answers(where: tuple[str, int] | str) -> bool:
    family = socket.AF_UNIX if isinstance(where, str) else socket.AF_INET
    if not isinstance(where, str) and ":" in where[0]:
        family = socket.AF_INET6
    with socket.socket(family, socket.SOCK_STREAM) as client:
        client.settimeout(2.0)
        return client.connect_ex(where) == 0


async def _store(patient: Patient) -> list[Check]:
    """The store: opens with its key, can be written to, has room."""
    if not _there(patient.settings.store_key_path):
        return [Check("store", False, "there is none yet", "start `reauth run` once")]
    async with app.opened_store(patient.settings) as store:
        health = await store.health()
    size = f"{(health.db_bytes + health.wal_bytes) / 1e6:.1f} MB, {health.free_share:.0%} free"
    writable = Check(
        "store",
        health.writable,
        f"{'writable' if health.writable else 'cannot be written to'}, {size}",
        "" if health.writable else "look at the disk and at who owns the state folder",
    )
    room = health.free_share >= app.LEAST_FREE
    return [
        writable,
        Check("disk", room, f"{health.free_share:.0%} free", "" if room else "make room"),
        _delivery(health),
    ]


def _delivery(health: Health) -> Check:
    """What sinks have not taken; no fault of this machine, so that it never fails the rest."""
    seen = f"{health.outbox_depth} alerts wait for a sink, {health.outbox_failed} were given up"
    mend = "see what `delivery_failed` says in the log, and mend that sink"
    return Check("delivery", True, seen, mend if health.outbox_failed else "")


async def _backup(patient: Patient) -> list[Check]:
    """When the installation was last copied; a hint, as it may be copied in other ways."""
    if not _there(patient.settings.store_key_path):
        return []
    async with app.opened_doors(patient.settings) as doors:
        newest = await doors.audit.entries(Sought(action="db.backup"), 1)
    if not newest:
        return [Check("backup", True, "none was made by reauth", _COPY)]
    days = max(0.0, app.now() - newest[0].deed.at) / 86_400
    seen = f"the last one was made {days:.1f} days ago"
    return [Check("backup", True, seen, _COPY if days > _STALE else "")]


async def _clock(patient: Patient) -> list[Check]:
    """The clock against what was written by it before: it must not have gone back."""
    now, file = app.now(), certificate(patient.settings)
    if file.exists():
        begins = datetime.fromisoformat(ca.show(file.parent)["not_before"]).timestamp()
        if now < begins:
            return [Check("clock", False, "it is before the CA was made", "set the clock")]
    if _there(patient.settings.store_key_path):
        async with app.opened_store(patient.settings) as store:
            newest = max((person.last or 0.0 for person in await store.people()), default=0.0)
        if newest > now + 1:
            seen = f"it is {newest - now:.0f} s before the newest data in the store"
            return [Check("clock", False, seen, "set the clock, best by NTP")]
    kept = synchronised()
    seen = "after the CA and after the newest data"
    if kept is False:
        return [Check("clock", True, f"{seen}; nothing keeps it", "let NTP keep it")]
    return [Check("clock", True, f"{seen}{'; synchronised' if kept else ''}")]


async def _page(patient: Patient) -> list[Check]:
    """A page through the proxy: the observer is in it, and its script is what the tag says."""
    listen = _listen(patient, "proxy")
    if not _answers(address(listen)):
        return [Check("page", False, "no proxy is running here", "start `reauth run`")]
    proxy = f"http://{listen}"
    async with _origin(patient) as url:
        try:
            async with asyncio.timeout(_LIMIT):
                return [await _fetched(patient, proxy, url)]
        except (aiohttp.ClientError, TimeoutError, ssl.SSLError) as error:
            seen = f"{url} did not come through the proxy ({type(error).__name__})"
            return [Check("page", False, seen, "name a page that it can reach: --url URL")]


async def _fetched(patient: Patient, proxy: str, url: str) -> Check:
    trusting = ssl.create_default_context(cafile=str(certificate(patient.settings)))
    async with aiohttp.ClientSession(headers=_DOCUMENT) as session:
        async with session.get(url, proxy=proxy, ssl=trusting) as answer:
            text, status = await answer.text(errors="replace"), answer.status
        if status == 407:
            seen = "the proxy asks for a user and a password ([identity] htpasswd)"
            return Check("page", False, seen, "look at a page in a browser that has them")
        tag = _TAG.search(text)
        if tag is None:
            seen = f"{url} came with status {status} and without the observer"
            return Check("page", False, seen, "name a page in HTML: --url URL; see the proxy's log")
        script = urljoin(url, tag["src"])
        async with session.get(script, proxy=proxy, ssl=trusting) as answer:
            body = await answer.read()
    whole = base64.b64encode(hashlib.sha256(body).digest()).decode() == tag["hash"]
    if answer.status != 200 or not whole:
        seen = "the observer's script is not the one that the page asks for"
        return Check("page", False, seen, "restart `reauth run`: its parts are of two releases")
    return Check("page", True, f"{url} carries the observer, and its script comes whole")


@asynccontextmanager
async def _origin(patient: Patient) -> AsyncIterator[str]:
    """The page to fetch: the one that was named, one of ours where the proxy may reach it."""
    if patient.url or not _reaches_us(patient.settings):
        yield patient.url or _PAGE
        return
    runner = web.AppRunner(_own_site())
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


def _own_site() -> web.Application:
    async def page(_: web.Request) -> web.Response:
        text = "<!doctype html><html><head><title>doctor</title></head><body>Well?</body></html>"
        return web.Response(text=text, content_type="text/html")

    site = web.Application()
    site.router.add_get("/", page)
    return site


def _reaches_us(settings: Settings) -> bool:
    us = ip_address("127.0.0.1")
    return any(us in ip_network(allowed, strict=False) for allowed in settings.proxy.allow_private)


def _now(like: datetime) -> datetime:
    return datetime.fromtimestamp(app.now(), like.tzinfo)


_STALE = 7.0
"""Days: as long as batches are kept as they came, and no longer."""
_COPY = "reauth db backup FOLDER/ --key-file FILE"

Look = Callable[[Patient], Awaitable[list[Check]]]

_CHECKS: tuple[tuple[str, Look], ...] = (
    ("secrets", _secrets),
    ("ca", _authority),
    ("trust", _trust),
    ("ports", _ports),
    ("store", _store),
    ("backup", _backup),
    ("clock", _clock),
    ("page", _page),
)
