"""The 120 cases of a proxy that nobody notices: their names, their tests, their planted defects.

A test says which case it is part of, and which one-line defects in `proxy_addon` turn it red:

    @case(3, plant("proxy_addon/locate.py", "state = QUOTED", "state = PLAIN"))
    async def test_a_bracket_in_a_value_does_not_end_the_tag(road): ...

`planted` proves the defects, `table` prints what ran.
"""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMES = dict(
    enumerate(
        (
            # HTML location
            "plain doctype + head",
            "<head> split at every byte",
            '<HEAD data-x="a>b">',
            "<header> only, no head",
            "no head, no html, text first",
            "comment containing <head> before the real head",
            "conditional comment <!--[if IE]>",
            '<noscript><head>; script string containing "<head>"',
            "no doctype (compatMode equal with and without proxy)",
            "legacy doctype",
            "UTF-8 BOM",
            "UTF-16LE/BE with BOM",
            "<meta charset> near byte 1000 (encoding unchanged)",
            "Shift_JIS, GB18030, windows-1251, ISO-2022-JP byte-identical apart from the tag",
            "application/xhtml+xml still well-formed",
            "200 kB comment before head (budget, give up safely)",
            "empty body; 1-byte body; body <",
            "frameset page",
            "JSON/plain text sent as text/html untouched",
            "streamed page: the head arrives before the body is sent",
            # Requests and responses
            "XHR fragment (dest=empty) untouched",
            "htmx/Turbo full document by fetch, no double observer",
            "iframe same-origin, cross-origin, sandboxed (allow-scripts; none), srcdoc",
            "HEAD, 204, 205, 304",
            "404/500 HTML",
            "redirect with body",
            "206/Range on document and on video (seek byte-exact)",
            "Content-Disposition: attachment HTML byte-exact",
            "MHTML/SVG/XML/PDF untouched",
            "multipart/x-mixed-replace",
            "POST -> HTML; form upload 1 GB streamed (RSS cap)",
            "truncated origin body stays truncated (no 502)",
            "wrong origin CL; both CL and TE refused",
            "HTTP/1.0 client",
            "read-until-close origin",
            "trailers h1 and h2",
            "103 Early Hints h1 and h2",
            "Expect: 100-continue",
            "header 64 kB, 300 cookies",
            # Encodings
            "gzip with FNAME/extra",
            "raw deflate vs zlib deflate",
            "br window 24",
            "zstd",
            "gzip header, identity body",
            "corrupt gzip mid-body (fail open; same browser error as direct)",
            "dcb/dcz offered (not negotiated for documents, untouched for scripts)",
            "decompression bomb",
            "gzip, br stacked",
            "empty chunk, 1-byte chunks",
            "callable returning nothing (no early 0\\r\\n\\r\\n)",
            "injected exception in decoder -> page loads",
            # Cache
            "page cached before the proxy (ETag / Last-Modified) injected at first revalidation",
            "our ETag -> 304 path; CSP of the stored page still runs the observer",
            "version bump invalidates",
            "no-transform",
            "bfcache restore keeps observing",
            "prerender/speculation rules",
            "disk-cache back navigation",
            # CSP
            "no policy",
            "'self'",
            "host list + 'unsafe-inline' (inline still runs)",
            "default-src 'none'",
            "nonce",
            "nonce + strict-dynamic",
            "hash-only strict-dynamic",
            "two headers",
            "comma-joined",
            "Report-Only sends no report",
            "meta CSP before/after",
            "script-src-elem + script-src-attr present",
            "sandbox variants",
            "Trusted Types",
            "Integrity-Policy",
            "COEP require-corp / credentialless",
            "eval, worker, inline handler, other-host scripts blocked as without proxy",
            "idempotence, unknown directives, uppercase, duplicates",
            # Service worker
            "cache-first PWA, first and second visit",
            "worker answering /obs",
            "module worker",
            "navigation preload",
            "addRoutes",
            "update byte-check does not loop",
            "offline page",
            # Protocols
            "WebSocket echo, 20 MB message, permessage-deflate",
            "SSE: first event arrives before the second is sent",
            "gRPC unary/bidi",
            "long-poll 120 s idle (TCP timeout 600 s)",
            "LLM token stream",
            "h2 client/h1 origin, h1 client/h2 origin",
            "100 parallel h2 streams",
            "stalled h2 stream (RSS < +20 MB)",
            "client abort mid-download stops the origin",
            "origin RST",
            "Alt-Svc absent, QUIC blocked",
            "HSTS host, preload",
            "pinned client -> tunnel learnt with TTL; browser-class forged alert changes nothing",
            "mTLS site",
            "expired/self-signed/wrong-host origin shows the browser warning",
            "IPv6 literal, IDN, port in Host, SNI != Host",
            "CONNECT to port 22/25 policy",
            # /obs
            "a site's own /obs/ path still works",
            "nothing with our prefix at the origin",
            "cookies/authorization absent at ingest",
            "forged/replayed/other-user/expired token: rejected or flagged",
            "synthetic (isTrusted=false) events rejected",
            "ingest down or slow: browsing unaffected, queue bounded, 503 for /obs only",
            "ingest/metadata/loopback unreachable; allow_private never opens our own listeners",
            "Origin: null frame accepted with token only",
            # Identity and operations
            "two users behind one IP with explicit auth",
            "lease change mid-connection",
            "RADIUS stop",
            "LDAP metacharacters *)(uid=*",
            "worker kill -9 under load: others serve",
            "reload without dropped connection",
            "CA rotation with overlap",
            "clock step",
            "soak: RSS slope < 1 MB/h, fds flat",
            "saved corpus replay: DOM hash equal to direct load apart from the tag",
            "console errors equal to direct load",
            "performance and document.scripts unchanged after load",
        ),
        start=1,
    )
)
UNABLE: dict[int, str] = {}
"""Cases that cannot run here, each with its reason."""


@dataclass(frozen=True)
class Plant:
    """One line of a file made wrong: `old`, which stands there once, becomes `new`."""

    file: str
    old: str
    new: str

    def __str__(self) -> str:
        """File, and what becomes of the line."""
        name = self.file.removeprefix("proxy_addon/")
        return f"{name}: {self.old.strip()} -> {self.new.strip() or '(nothing)'}"

    def text(self, root: Path) -> str:
        """The file with the defect in it; AssertionError where the line is not there once."""
        text = (root / self.file).read_text("utf-8")
        assert text.count(self.old) == 1, f"{self}: found {text.count(self.old)} times"
        assert "\n" not in self.old + self.new, f"{self}: more than one line"
        return text.replace(self.old, self.new)


plant = Plant


def case(number: int, *plants: Plant) -> pytest.MarkDecorator:
    """Say that a test is part of a case, and what turns it red."""
    assert number in NAMES, number
    return pytest.mark.case(number, *plants)


def plants() -> dict[int, list[Plant]]:
    """The planted defects of every case that has a test; a case may have none."""
    found: dict[int, list[Plant]] = {}
    for file in sorted(Path(__file__).parent.glob("test_*.py")):
        for test in vars(import_module(f"tests.cases.{file.stem}")).values():
            marks = getattr(test, "pytestmark", []) if callable(test) else []
            for mark in marks:
                if mark.name == "case":
                    number, *given = mark.args
                    found.setdefault(number, []).extend(given)
    return {number: list(dict.fromkeys(found[number])) for number in sorted(found)}
