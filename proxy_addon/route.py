"""Everything under /obs/<installation>/ is answered here; every other /obs path is the origin's.

The path is compared after undoing whatever an origin might undo, so that no spelling of ours ever
leaves: what normalises into our prefix is ours, and unknown names under it are answered 404 here.
A batch is let through if its page token was made for this user, on this connection, at this
origin; what it holds is the ingest's business.
"""

import json
import math
import re
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from mitmproxy import http

from proxy_addon.forward import Forward, Reply
from proxy_addon.identity import Identity
from reauth.claim import (
    Audience,
    Claim,
    Keys,
    Note,
    TokenVerdict,
    check_token,
    make_token,
    site_of,
    token_in,
)
from reauth.errors import SettingsError, WireError
from reauth.histogram import observe
from reauth.settings import Settings

MAX_BODY = 65536
"""Bytes of a batch; the browser's own limit for what may outlive its page (observer.md, 6)."""
_UNDO = 8
"""Times that percent encoding is undone; a path that is encoded deeper means nothing to anyone."""
_ABSOLUTE = re.compile(rb"[a-z][a-z0-9+.-]*:/+[^/]*")
"""`https://host` in front of a path, which HTTP/2 carries as it comes (RFC 9112, 3.2.2)."""
_OVERLONG = re.compile(rb"(?:[\xc0\xc1]|\xe0[\x80\x81]|\xf0\x80[\x80\x81])[\x80-\xbf]")
"""An ASCII character in more bytes than it takes: forbidden (RFC 3629, 3), and read by some."""
_WIDE = re.compile(rb"%u00([0-9a-f]{2})", re.IGNORECASE)
"""Microsoft's way of writing a character in a path."""
_NOISE = bytes(range(0x21)) + b"\x7f"
"""What C's strings end at, and what URL parsers leave out (URL Standard, 4.4)."""
_PARAMETERS = re.compile(rb";[^/]*")
"""`;jsessionid=...` of a segment, which Java servers leave out."""

_STATIC = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Access-Control-Allow-Origin": "*",
    "X-Content-Type-Options": "nosniff",
}
_PRIVATE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_NOTICE = b"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>How your pointer is observed</title>
<style>body{font:16px/1.5 sans-serif;max-width:40em;margin:2em auto;padding:0 1em}</style>
<h1>How your pointer is observed</h1>
<p>To notice that somebody else has taken over your session, this network observes how the pointer
moves on the pages that you open: when, where on the screen, clicks and scrolling as such.</p>
<p>It does not record what you type, read or click on, the addresses or titles of pages, or what
they hold. Of keys, and of clicks without a pointer, it tells once in a minute that there was one.
What is recorded is compared with how you moved before, and deleted after a time that
those who run this network have set; ask them how long that is, what they hold of you, and to have
it deleted.</p></html>
"""
_NOTICE_HEADERS = {
    **_PRIVATE,
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",  # our path is not to reach an origin as a referrer either
}


class Observer(NamedTuple):
    """The script that is put into pages: the same bytes for everybody, for ever, by version."""

    version: str
    integrity: str
    script: bytes

    @property
    def file(self) -> str:
        """Its name under our path."""
        return f"observer.{self.version}.js"


def read_observer() -> Observer:
    """Read the built observer that is shipped with the package.

    Raises
    ------
    SettingsError
        If it was never built.
    """
    spec = find_spec("observer_js")  # a folder without Python in it: a namespace, so several places
    places = [Path(place) / "dist" for place in (spec and spec.submodule_search_locations) or ()]
    folder = next((place for place in places if place.is_dir()), Path())
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
        script = (folder / "observer.js").read_bytes()
        return Observer(manifest["version"], manifest["integrity"], script)
    except (OSError, ValueError, KeyError):
        raise SettingsError(
            "the observer is not built: run `npm run build` in observer_js/"
        ) from None


def _short(found: re.Match[bytes]) -> bytes:
    return bytes.fromhex(found[1].decode())


def _narrow(found: re.Match[bytes]) -> bytes:
    """The seven bits of an ASCII character that was written too long."""
    *_, high, low = found[0]
    return bytes([(high & 1) << 6 | low & 0x3F])


def _decoded(path: str) -> bytes:
    """A path's text with every encoding undone, its dots as they are."""
    raw = re.split(r"[?#]", path, maxsplit=1)[0].encode("utf-8", "surrogateescape")
    for _ in range(_UNDO):
        once, raw = raw, unquote_to_bytes(_WIDE.sub(_short, raw))
        if once == raw:
            break
    raw = _OVERLONG.sub(_narrow, raw).translate(None, _NOISE).replace(b"\\", b"/").lower()
    absolute = _ABSOLUTE.match(raw)
    return _PARAMETERS.sub(b"", raw[absolute.end() :] if absolute else raw)


def normalised(path: str) -> bytes:
    """A path as the most lenient origin might read it: decoded, undotted, in lower case.

    Examples
    --------
    >>> normalised("//x/..%2f%2F/%6fbs/./A;v=1?q#f")
    b'/obs/a'
    """
    kept: list[bytes] = []
    for segment in _decoded(path).split(b"/"):
        if segment == b"..":
            del kept[-1:]
        elif segment := segment.rstrip(b"."):  # as Windows reads names; "." alone is nothing
            kept.append(segment)
    return b"/" + b"/".join(kept)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sent a request, as far as the proxy knows, and where the browser thinks it is.

    Parameters
    ----------
    client
        The client's address.
    origin
        scheme://host[:port] of the page.
    """

    identity: Identity
    client: str
    origin: str

    @property
    def audience(self) -> Audience:
        """Whom a page token is bound to; a browser reconnects, so the socket is no part of it."""
        connection = f"{self.identity.source}|{self.client}"
        return Audience(self.identity.user, connection, self.origin)


class Route:
    """Answers for everything under our path.

    Parameters
    ----------
    counters
        Of this process.
    clock
        Seconds since 1970.
    """

    def __init__(
        self,
        settings: Settings,
        keys: Keys,
        observer: Observer,
        forward: Forward,
        counters: Counter[str],
        clock: Callable[[], float],
    ) -> None:
        self.prefix = f"/obs/{keys.installation}/"
        self.observer = observer
        self._prefix = self.prefix.lower().encode()
        self._settings = settings
        self._keys = keys
        self._forward = forward
        self._counters = counters
        self._clock = clock

    def name(self, path: str) -> str | None:
        """What is asked for under our path, "" for the path itself; None where it is not ours."""
        if "%" not in path and "obs" not in path.lower() and path.isascii():
            return None  # most paths
        found = normalised(path)
        if found + b"/" == self._prefix:
            return ""
        if found.startswith(self._prefix):
            return found[len(self._prefix) :].decode("utf-8", "replace")
        # Wherever its dots lead, the text alone would tell an origin of us.
        return ".." if self._prefix in _decoded(path) else None

    def token(self, sender: Sender) -> str:
        """A fresh page token."""
        expires = self._clock() + self._settings.proxy.token_life
        return make_token(self._keys, sender.audience, secrets.token_bytes(8), expires)

    def takes(self, request: http.Request) -> bool:
        """Whether what comes under our path is small enough to be held in memory.

        An answer of ours has the whole body read first, so its length must be known beforehand.
        Where no head tells of a body, HTTP/1 has none; over HTTP/2 one may come, which is bounded
        while it does.
        """
        length = request.headers.get("content-length", "")
        bodyless = not length and "transfer-encoding" not in request.headers
        if bodyless and request.method != "POST":
            return True
        if length.isdecimal() and int(length) <= MAX_BODY:
            return True
        self._counters["oversize_total"] += 1
        return False

    def answer(self, name: str, request: http.Request) -> http.Response | None:
        """The answer to everything but a batch, which is None here and `receive`'s business."""
        methods = ("POST",) if name == "b" else ("GET", "HEAD")
        pages = {
            self.observer.file: (self.observer.script, _script_headers()),
            "privacy": (_NOTICE, _NOTICE_HEADERS),
        }
        if name != "b" and name not in pages:
            return _response(404)
        if request.method not in methods:
            return _response(405, {"Allow": ", ".join(methods)})
        if name == "b":
            return None
        body, headers = pages[name]
        return http.Response.make(200, b"" if request.method == "HEAD" else body, headers)

    async def receive(self, request: http.Request, sender: Sender) -> http.Response:
        """Take a batch; the answer comes when it is stored or refused."""
        opaque = request.headers.get("origin") == "null"
        if not opaque and _is_foreign(request, sender.origin):
            return self.refused("cross_site", 403)
        body = request.raw_content or b""
        try:
            token = token_in(body)
        except WireError:
            return self.refused("malformed", 400)
        now = self._clock()
        verdict, page = check_token(self._keys, token, sender.audience, now)
        if verdict is TokenVerdict.BAD or page is None:
            if token:
                self._counters["bad_tokens_total"] += 1
                self._forward.report(self.claim(sender, "", TokenVerdict.BAD, now))
            else:  # a page that a service worker made asks for its first: nobody's is misused
                self._counters["first_tokens_total"] += 1
            renewal = self.token(sender) if _is_same_origin(request, sender.origin) else ""
            return _response(403, _reply_headers(opaque), renewal)
        since = perf_counter()
        reply = await self._forward.send(self.claim(sender, page, verdict, now), body)
        observe(self._counters, "obs_ack_seconds", perf_counter() - since)
        return self._reply(reply, verdict, sender, opaque)

    def claim(
        self, sender: Sender, page: str, verdict: TokenVerdict | Note, now: float
    ) -> Claim:
        """What we say of a sender, at `now` (s since 1970)."""
        identity = sender.identity
        return Claim(
            user=identity.user,
            client=sender.client,
            site=site_of(self._keys, sender.origin),
            issued=now,
            received=now,
            source=identity.source,
            confidence=identity.confidence,
            page=page,
            token=verdict.value,
            host=sender.origin if self._settings.privacy.keep_host else None,
        )

    def _reply(
        self, reply: Reply, verdict: TokenVerdict, sender: Sender, opaque: bool
    ) -> http.Response:
        headers = _reply_headers(opaque)
        if reply.interval_ms is not None:
            headers["X-Obs-Interval"] = str(reply.interval_ms)
        if reply.retry_after is not None:
            headers["Retry-After"] = str(math.ceil(reply.retry_after))
        if reply.status == 204 and verdict is TokenVerdict.RESTORED:
            return _response(200, headers, self.token(sender))
        if reply.status >= 400:
            self._counters[f'obs_refused_total{{reason="{reply.reason or reply.status}"}}'] += 1
        return _response(reply.status, headers)

    def refused(self, reason: str, status: int) -> http.Response:
        """A batch that is not taken, counted by its reason."""
        self._counters[f'obs_refused_total{{reason="{reason}"}}'] += 1
        return _response(status, _reply_headers(False))


def _script_headers() -> dict[str, str]:
    return {**_STATIC, "Content-Type": "text/javascript; charset=utf-8"}


def _reply_headers(opaque: bool) -> dict[str, str]:
    """A frame of opaque origin may not be told by the network that its batch went nowhere."""
    if opaque:
        cors = {"Access-Control-Allow-Origin": "null"}
        return {**_PRIVATE, **cors, "Cross-Origin-Resource-Policy": "cross-origin"}
    return {**_PRIVATE, "Cross-Origin-Resource-Policy": "same-origin"}


def _response(
    status: int, headers: dict[str, str] | None = None, body: str = ""
) -> http.Response:
    headers = dict(_PRIVATE if headers is None else headers)
    if body:
        headers["Content-Type"] = "text/plain"
    response = http.Response.make(status, body, headers)
    if status == 204:
        del response.headers["content-length"]  # RFC 9110, 8.6
    return response


def _is_foreign(request: http.Request, origin: str) -> bool:
    """Whether another site's page sent it, by either header that a page cannot forge."""
    cross = request.headers.get("sec-fetch-site") == "cross-site"
    return cross or request.headers.get("origin", origin) != origin


def _is_same_origin(request: http.Request, origin: str) -> bool:
    site = request.headers.get("sec-fetch-site")
    return site == "same-origin" if site else request.headers.get("origin") == origin
