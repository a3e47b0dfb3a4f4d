"""What a policy allows, by the letter of CSP 3 (6.7) and by no line of `proxy_addon.csp`.

Slow and plain: every question reads the policy anew. Tests ask it about a policy before and after.
"""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

FALLBACKS = {
    "script-src-elem": ("script-src-elem", "script-src", "default-src"),
    "script-src-attr": ("script-src-attr", "script-src", "default-src"),
    "style-src-elem": ("style-src-elem", "style-src", "default-src"),
    "style-src-attr": ("style-src-attr", "style-src", "default-src"),
    "worker-src": ("worker-src", "child-src", "script-src", "default-src"),
    "frame-src": ("frame-src", "child-src", "default-src"),
    "eval": ("script-src", "default-src"),
    **{
        name: (name, "default-src")
        for name in (
            "connect-src", "font-src", "img-src", "manifest-src", "media-src", "object-src",
        )
    },
    **{name: (name,) for name in ("base-uri", "form-action", "frame-ancestors")},
}  # fmt: skip
"""Which directives govern what, the first that is there (6.8.3); the others have no fallback."""
FETCHES = sorted({name for names in FALLBACKS.values() for name in names if "-src" in name})
PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_UPGRADES = {
    "http": {"http", "https"},
    "ws": {"ws", "wss", "http", "https"},
    "wss": {"wss", "https"},
}


@dataclass(frozen=True)
class Probe:
    """One thing that a page may try.

    Parameters
    ----------
    kind
        A name of `FALLBACKS`, or "prefetch".
    url
        What is asked for; None of what stands in the page itself, or is evaluated.
    redirected
        Whether it was asked for at another address, which sent it on.
    nonce, digest
        Of the element; of its `integrity`, or of what stands in the page.
    parsed
        Whether the parser put the element there.
    """

    kind: str
    url: str | None = None
    redirected: bool = False
    nonce: str | None = None
    digest: str | None = None
    parsed: bool = True


def parse(policy):
    """Directives by name: the first of a name counts, one that is not ASCII is none (2.2.1)."""
    found = {}
    for part in policy.split(";"):
        directive = part.strip("\t\n\f\r ")
        if directive and directive.isascii():
            name, *sources = directive.split()
            found.setdefault(name.lower(), sources)
    return found


def allows(policy, probe, origin):
    """Whether a policy of a page at that origin lets it happen."""
    found = parse(policy)
    if probe.kind == "prefetch":
        if "default-src" not in found:
            return True
        return any(_is_listed(found[name], probe, origin) for name in FETCHES if name in found)
    governing = next((name for name in FALLBACKS[probe.kind] if name in found), None)
    if governing is None:
        return True
    sources = found[governing]
    if probe.kind == "eval":
        return _has(sources, probe.digest or "'unsafe-eval'")
    if probe.url is None:
        return _allows_inline(sources, probe)
    if probe.kind in ("script-src-elem", "worker-src"):
        return _allows_script(sources, probe, origin)
    if probe.kind == "style-src-elem" and _has_nonce(sources, probe.nonce):
        return True
    return _is_listed(sources, probe, origin)


def _has(sources, *words):
    return any(source.lower() in words for source in sources)


def _has_nonce(sources, nonce):
    """6.7.2.3"""
    return nonce is not None and any(
        source[:7].lower() == "'nonce-" and source[7:] == f"{nonce}'" for source in sources
    )


def _has_digest(sources, digest):
    """6.7.2.4; both alphabets of base64 mean the same."""
    if digest is None:
        return False
    plain = [source.replace("-", "+").replace("_", "/") for source in sources]
    wanted = f"'{digest}'".replace("-", "+").replace("_", "/")
    return any(
        source[:8].lower() == wanted[:8].lower() and source[8:] == wanted[8:] for source in plain
    )


def _allows_script(sources, probe, origin):
    """6.7.1.1: of an element, or of a worker."""
    if _has_nonce(sources, probe.nonce):
        return True
    if probe.kind == "script-src-elem" and _has_digest(sources, probe.digest):
        return True
    if _has(sources, "'strict-dynamic'"):
        return not probe.parsed
    return _is_listed(sources, probe, origin)


def _allows_inline(sources, probe):
    """6.7.3.2 and 6.7.3.3"""
    script, element = probe.kind.startswith("script"), probe.kind.endswith("-elem")
    keyed = any(
        source.lower().startswith(("'nonce-", "'sha256-", "'sha384-", "'sha512-"))
        for source in sources
    )
    strict = script and _has(sources, "'strict-dynamic'")
    if _has(sources, "'unsafe-inline'") and not keyed and not strict:
        return True
    if element and _has_nonce(sources, probe.nonce):
        return True
    if strict and element and not probe.parsed:
        return True
    return (element or _has(sources, "'unsafe-hashes'")) and _has_digest(sources, probe.digest)


def _is_listed(sources, probe, origin):
    """6.7.2.6: does the address match the list?"""
    return any(_matches(source, probe, origin) for source in sources)


def _matches(source, probe, origin):
    """6.7.2.8: does it match one expression? `'none'` and all other keywords match none."""
    url, own = urlsplit(probe.url), urlsplit(origin)
    lowered = source.lower()
    if lowered == "*":
        return url.scheme in PORTS or url.scheme == own.scheme
    if lowered == "'self'":
        same = (url.scheme, url.hostname, _port(url)) == (own.scheme, own.hostname, _port(own))
        upgraded = url.hostname == own.hostname and (
            _port(url) == _port(own) or (_is_default(url) and _is_default(own))
        )
        safe = url.scheme in ("https", "wss") or (own.scheme == "http" and url.scheme == "ws")
        return same or (upgraded and safe)
    if lowered.startswith("'"):
        return False
    if lowered.endswith(":") and "/" not in lowered:
        return _scheme_matches(lowered[:-1], url.scheme)
    if url.hostname is None:
        return False
    return _host_matches(source, probe, url, own)


def _host_matches(source, probe, url, own):
    scheme, named, rest = source.rpartition("://")
    host, slash, path = rest.partition("/")
    name, colon, port = host.partition(":")
    return (
        _scheme_matches(scheme.lower() if named else own.scheme, url.scheme)
        and _name_matches(name.lower(), url.hostname)
        and _port_matches(port if colon else "", url)
        and (probe.redirected or _path_matches(slash + path, url.path or "/"))
    )


def _scheme_matches(wanted, scheme):
    """6.7.2.9"""
    return wanted == scheme or scheme in _UPGRADES.get(wanted, ())


def _name_matches(wanted, host):
    """6.7.2.10; addresses as browsers take them, not only 127.0.0.1 as the text has it."""
    if wanted.startswith("*"):
        return host.endswith(wanted[1:])
    return wanted == host


def _port_matches(wanted, url):
    """6.7.2.11"""
    if not wanted:
        return _is_default(url)
    return wanted == "*" or int(wanted) == _port(url) or (wanted == "80" and _port(url) == 443)


def _path_matches(wanted, path):
    """6.7.2.12"""
    if wanted in ("", "/"):
        return True
    parts, given = wanted.split("/"), path.split("/")
    if len(parts) > len(given) or (parts[-1] and len(parts) != len(given)):
        return False
    if not parts[-1]:
        parts.pop()
    return all(unquote(a) == unquote(b) for a, b in zip(parts, given, strict=False))


def _port(url):
    return url.port or PORTS.get(url.scheme)


def _is_default(url):
    return _port(url) == PORTS.get(url.scheme)
