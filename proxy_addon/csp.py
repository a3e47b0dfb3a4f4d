"""The least change of a Content-Security-Policy that lets the observer run and send.

Theory of operation
-------------------
Every policy of a response must allow two things: one script, and requests to one path. For each of
the two the directive that governs it is found (`script-src-elem`, else `script-src`, else
`default-src`; `connect-src`, else `default-src`), and if it does not allow us already it is made
to, by what gives least: the nonce that the page itself uses (then the header stays as it is), our
script's hash where the list has such already, else our exact address. An address is never put into
a list that governs more than our script element: a copy of that list, named `script-src-elem` or
`connect-src`, is appended, and eval, workers and inline handlers keep theirs.

Never is a policy deleted, `unsafe-*` or `'self'` added, or a nonce or hash put into a list that had
none: that would switch off the `'unsafe-inline'` on which the page may rely. What an address gives
beyond itself is none of ours to choose: behind a redirect its path is not looked at (CSP 3, 7.6).

The outcome is a function of (policies, origin, version) and of nothing else, because the headers of
a 304 replace those that were stored with the page (RFC 9111, 4.3.4). All other bytes stay as they
were, in their order. Report-only policies are treated alike, or the site would be told of us.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

#: What no policy holds, and no two browsers need read alike.
_UNREADABLE: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
#: Policies of one response. Real ones have a handful, and each may grow by two addresses of ours:
#: a head full of commas would outgrow what browsers take (Chromium: 256 KiB).
_POLICIES: Final = 100
#: nonce-source (CSP 3, 2.3.1): what may go into our tag's attribute as it stands.
_NONCE: Final = re.compile(r"'nonce-([A-Za-z0-9+/_-]+={0,2})'", re.IGNORECASE)
_HASH: Final = re.compile(r"'sha(?:256|384|512)-[A-Za-z0-9+/_-]+={0,2}'", re.IGNORECASE)
#: host-source (same place): scheme, host, port, path.
_HOST: Final = re.compile(
    r"(?:([a-z][a-z0-9+.-]*)://)?(\*|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)(?::(\d+|\*))?(/[^?#%]*)?",
    re.IGNORECASE,
)
_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}

_SCRIPT: Final = ("script-src-elem", "script-src", "default-src")
_CONNECT: Final = ("connect-src", "default-src")
_OURS: Final = frozenset({*_SCRIPT, *_CONNECT, "sandbox"})
#: The lists that addresses of ours are put into, and which may have been copied to make them.
_COPIED: Final = {
    b"script-src-elem": (b"script-src", b"default-src"),
    b"connect-src": (b"default-src",),
}


class Skip(StrEnum):
    """Why a page is better left alone than changed."""

    SANDBOX = "csp-sandbox"
    UNREADABLE = "csp-unreadable"
    INEXPRESSIBLE = "csp-inexpressible"


class _Refused(Exception):
    def __init__(self, skip: Skip) -> None:
        super().__init__(skip)
        self.skip = skip


@dataclass(frozen=True, slots=True)
class Relaxed:
    """What becomes of a response's policies.

    Parameters
    ----------
    enforced, report_only
        The values of the header lines, one for each that was given, in their order.
    nonce
        What our tag must carry, if anything.
    skip
        Why the page must not be injected; the lines are then as they were.
    """

    enforced: tuple[str, ...]
    report_only: tuple[str, ...]
    nonce: str | None = None
    skip: Skip | None = None


class _Ours:
    """What is to be allowed, and how source expressions match it (CSP 3, 6.7.2.7)."""

    def __init__(self, origin: str) -> None:
        self.origin = origin.lower()
        self._scheme, _, rest = self.origin.partition("://")
        self._host, _, port = rest.partition(":")
        self._default_port = _DEFAULT_PORTS.get(self._scheme)
        self._port = port or self._default_port

    def url(self, path: str) -> str:
        """Write a source expression for a path; no grammar has one for IPv6 literals."""
        if "[" in self.origin:
            raise _Refused(Skip.INEXPRESSIBLE)
        return self.origin + path

    def is_matched(self, source: str, path: str) -> bool:
        """Say whether a source expression allows a path; what is not understood does not."""
        lowered = source.lower()
        if lowered in ("*", "'self'", f"{self._scheme}:", "http:"):
            return True
        match = _HOST.fullmatch(source)
        if match is None:
            return False
        scheme, host, port, at = match.groups()
        return (
            (scheme is None or scheme.lower() in ("http", self._scheme))
            and self._is_host(host.lower())
            and self._is_port(port)
            and (not at or (path.startswith(at) if at.endswith("/") else path == at))
        )

    def _is_host(self, host: str) -> bool:
        if host.startswith("*"):
            return self._host.endswith(host[1:])
        return self._host == host

    def _is_port(self, port: str | None) -> bool:
        if port is None:
            return self._port == self._default_port
        return port in ("*", self._port)


class _Policy:
    """One policy as its directives, byte for byte; of two with one name the first counts."""

    def __init__(self, text: str) -> None:
        self._directives = text.split(";")
        self._places: dict[str, int] = {}
        for place, directive in enumerate(self._directives):
            words = directive.split()
            # One that is not ASCII is ignored (CSP 3, 2.2.1); whether another of its name counts
            # then, browsers do not agree on.
            if not directive.isascii() and words and words[0].lower() in _OURS:
                raise _Refused(Skip.UNREADABLE)
            if words:
                self._places.setdefault(words[0].lower(), place)

    def __str__(self) -> str:
        return ";".join(self._directives)

    def governing(self, names: tuple[str, ...]) -> str | None:
        """Return the first of `names` that is there."""
        return next((name for name in names if name in self._places), None)

    def sources(self, name: str) -> list[str]:
        """Return the words behind a directive's name."""
        return self._directives[self._places[name]].split()[1:]

    def add(self, name: str, source: str) -> None:
        """Put one source at the end of a directive; a `'none'` cannot stay beside it."""
        place = self._places[name]
        directive = self._directives[place]
        if len(sources := _without_none(self.sources(name))) < len(self.sources(name)):
            head = directive[: len(directive) - len(directive.lstrip())]
            directive = " ".join([head + directive.split()[0], *sources])
        kept = directive.rstrip()
        self._directives[place] = f"{kept} {source}{directive[len(kept) :]}"

    def append(self, name: str, sources: list[str], source: str) -> None:
        """Append a directive of its own: a list as it governed before, and one source more."""
        if not self._directives[-1].strip():
            self._directives.pop()
        self._places[name] = len(self._directives)
        self._directives.append(" " + " ".join([name, *_without_none(sources), source]))

    def allow(self, name: str, wanted: str, source: str) -> None:
        """Add to `wanted` itself, or to a copy of the directive that governs in its place."""
        if name == wanted:
            self.add(name, source)
        else:
            self.append(wanted, self.sources(name), source)


def _without_none(sources: list[str]) -> list[str]:
    return [source for source in sources if source.lower() != "'none'"]


def _allow_script(
    policy: _Policy, ours: _Ours, path: str, digest: str, chosen: str | None
) -> str | None:
    """Let our element run; return the nonce that it carries."""
    name = policy.governing(_SCRIPT)
    if name is None:
        return chosen
    sources = policy.sources(name)
    strict = any(source.lower() == "'strict-dynamic'" for source in sources)
    if digest in sources:
        return chosen
    if not strict and any(ours.is_matched(source, path) for source in sources):
        return chosen
    nonces = [match[1] for match in map(_NONCE.fullmatch, sources) if match]
    if nonces and chosen in (None, *nonces):
        return chosen or nonces[0]
    if nonces or any(map(_HASH.fullmatch, sources)):
        policy.add(name, digest)
    elif strict:
        raise _Refused(Skip.INEXPRESSIBLE)  # it runs nothing, or leans on 'unsafe-inline'
    else:
        policy.allow(name, "script-src-elem", ours.url(path))
    return chosen


def _allow_connect(policy: _Policy, ours: _Ours, prefix: str) -> None:
    name = policy.governing(_CONNECT)
    if name is None or any(ours.is_matched(source, prefix) for source in policy.sources(name)):
        return
    policy.allow(name, "connect-src", ours.url(prefix))


def _read(lines: Sequence[str]) -> list[list[_Policy]]:
    texts = [line.split(",") for line in lines]
    if any(map(_UNREADABLE.search, lines)) or sum(map(len, texts)) > _POLICIES:
        raise _Refused(Skip.UNREADABLE)
    return [[_Policy(text) for text in line] for line in texts]


def _forbids_scripts(policy: _Policy) -> bool:
    name = policy.governing(("sandbox",))
    return name is not None and "allow-scripts" not in map(str.lower, policy.sources(name))


def _write(lines: list[list[_Policy]]) -> tuple[str, ...]:
    return tuple(",".join(map(str, policies)) for policies in lines)


def relax(
    enforced: Sequence[str],
    report_only: Sequence[str],
    *,
    origin: str,
    script_path: str,
    integrity_hash: str,
    connect_prefix: str,
) -> Relaxed:
    """Relax every policy of a response, as little as may be.

    Parameters
    ----------
    enforced, report_only
        Values of all `Content-Security-Policy` and `Content-Security-Policy-Report-Only` lines.
    origin
        Of the page: scheme://host, and :port where it is not the scheme's own.
    script_path
        Path of our script.
    integrity_hash
        Its hash, as the tag's `integrity` says it: "sha256-...".
    connect_prefix
        Path under which batches are sent; ends in a slash.

    Examples
    --------
    >>> relax(
    ...     ["default-src 'none'"],
    ...     [],
    ...     origin="https://example.org",
    ...     script_path="/obs/1/o.js",
    ...     integrity_hash="sha256-x",
    ...     connect_prefix="/obs/1/",
    ... ).enforced[0].split("; ")[1:]
    ['script-src-elem https://example.org/obs/1/o.js', 'connect-src https://example.org/obs/1/']
    """
    ours, digest, nonce = _Ours(origin), f"'{integrity_hash}'", None
    try:
        lines = [_read(enforced), _read(report_only)]
        # A report-only sandbox does nothing (CSP 3, 6.3.1): only enforced ones are asked.
        if any(_forbids_scripts(policy) for line in lines[0] for policy in line):
            raise _Refused(Skip.SANDBOX)
        for policy in [policy for group in lines for line in group for policy in line]:
            nonce = _allow_script(policy, ours, script_path, digest, nonce)
            _allow_connect(policy, ours, connect_prefix)
    except _Refused as refused:
        return Relaxed(tuple(enforced), tuple(report_only), skip=refused.skip)
    return Relaxed(_write(lines[0]), _write(lines[1]), nonce)


def relax_meta(content: str, *, origin: str, connect_prefix: str) -> str:
    """Relax the policy of a `<meta http-equiv=Content-Security-Policy>` behind our tag.

    Our script has run when the browser reads it, so only sending must be allowed. `content` is the
    attribute as it stands between its quotes, entities and all, in whatever encoding; it comes back
    unchanged where it allows us already, or holds more than ASCII.

    Examples
    --------
    >>> none = "connect-src &#39;none&#39;"
    >>> relax_meta(none, origin="http://a.example", connect_prefix="/obs/1/")
    'connect-src http://a.example/obs/1/'
    """
    ours, line = _Ours(origin), html.unescape(content)
    if not line.isascii():
        return content
    try:
        lines = _read([line])
        for policy in lines[0]:
            _allow_connect(policy, ours, connect_prefix)
    except _Refused:
        return content
    relaxed = _write(lines)[0]
    return content if relaxed == line else html.escape(relaxed)


def conceal(report: bytes, *, connect_prefix: str, integrity_hash: str) -> bytes:
    """Take what we did out of a violation report, which quotes the policy as the browser had it.

    The report is of the page's own doing, and goes on; its policies become the site's again, and
    nothing names our path. Anybody may write one, so what it costs grows with its length only.

    Examples
    --------
    >>> report = b'{"original-policy":"img-src *; connect-src a.example http://b.example/obs/1/"}'
    >>> conceal(report, connect_prefix="/obs/1/", integrity_hash="sha256-x").decode()
    '{"original-policy":"img-src *; connect-src a.example"}'
    """
    ours = (connect_prefix.lower().encode(), f"'{integrity_hash}'".lower().encode())
    texts = report.split(b'"')  # a policy has no quotes of JSON's kind
    for number, text in enumerate(texts):
        plain = text.replace(b"\\/", b"/")  # as JSON may write them
        if any(one in plain.lower() for one in ours):
            told = b",".join(_restored(policy, ours) for policy in plain.split(b","))
            texts[number] = told if plain == text else told.replace(b"/", b"\\/")
    return b'"'.join(texts)


def _restored(policy: bytes, ours: tuple[bytes, ...]) -> bytes:
    """Undo `_Policy.allow`: drop the copies that were appended, and our sources elsewhere."""
    lists: dict[bytes, list[bytes]] = {}
    kept = []
    for directive in policy.split(b";"):
        words = directive.split()
        left = [word for word in words if not any(one in word.lower() for one in ours)]
        name = left[0].lower() if left else b""
        copied = next((lists[one] for one in _COPIED.get(name, ()) if one in lists), None)
        if left == words:
            kept.append(directive)
        elif copied != left[1:]:
            bare = [b"'none'"] if name in _COPIED and not left[1:] else []
            start, end = len(directive) - len(directive.lstrip()), len(directive.rstrip())
            kept.append(directive[:start] + b" ".join(left + bare) + directive[end:])
        lists.setdefault(name, [word for word in left[1:] if word.lower() != b"'none'"])
    return b";".join(kept)
