"""Edits of header fields that keep them true when a body is changed.

Fields are a tuple of (name, value) byte pairs, as they stand on the wire and as mitmproxy holds
them; what is not edited keeps its case, its order and its bytes.

A changed page must have validators of its own, or a browser would keep, for months, pages that it
stored before us; and the origin must never see ours. So an entity tag `"E"` becomes
`W/"obs<version>:E"` on its way down and is unwrapped on its way up; a page that has only a date
gets a tag that holds the date. Whatever else a browser asks to have confirmed is not ours, and the
question is dropped: the origin then sends the page.
"""

import re
from collections.abc import Callable, Iterable
from email.utils import mktime_tz, parsedate_tz
from functools import lru_cache
from typing import Final

Fields = tuple[tuple[bytes, bytes], ...]

#: What `codec` can undo, as a browser may offer it. Coding by dictionary (`dcb`, `dcz`, RFC 9842),
#: `sdch` and whatever is new needs what only browser and origin have.
_OFFERED: Final = frozenset({b"gzip", b"x-gzip", b"deflate", b"br", b"zstd", b"identity"})
_DICTIONARY: Final = frozenset({b"available-dictionary", b"dictionary-id"})
_RANGES: Final = frozenset({b"range", b"if-range"})
#: They speak of the bytes that the origin sent (RFC 9530, RFC 9421, RFC 9842, RFC 1864).
_DIGESTS: Final = frozenset(
    {
        b"content-md5", b"digest", b"content-digest", b"repr-digest", b"accept-ranges",
        b"use-as-dictionary", b"signature", b"signature-input",
    }
)  # fmt: skip
_FRAMING: Final = frozenset({b"content-length", b"transfer-encoding"})

#: entity-tag (RFC 9110, 8.8.3): weakness, then what stands between the quotes.
_TAG: Final = re.compile(rb'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
#: What stands in a tag of ours, of whatever version.
_OURS: Final = re.compile(rb"obs[\w.-]+:")
_WEAK: Final = b"W/"
_DATE: Final = b"lm:"
_PLAIN: Final = b"="
_MARKED: Final = (_WEAK, _DATE, _PLAIN)

_MAX_AGE: Final = re.compile(rb"(?<![a-z-])max-age\s*=\s*\"?(\d{1,18})\d*\"?", re.IGNORECASE)
_UNSTORED: Final = re.compile(rb"(?<![a-z-])no-(?:store|cache)(?![a-z-])", re.IGNORECASE)
#: s that a page may be reused unasked: a new version reaches everybody within a day
#: (transparency.md, 2.4).
AGE_CAP: Final = 86400
#: Share of a page's age for which browsers reuse it where nothing is said (RFC 9111, 4.2.2).
_HEURISTIC: Final = 10


def values(fields: Fields, name: bytes) -> tuple[str, ...]:
    """Return the values of every line called `name` (lower-cased), in order."""
    return tuple(value.decode("latin-1") for key, value in fields if key.lower() == name)


def replace(fields: Fields, name: bytes, new: Iterable[str]) -> Fields:
    """Put `new` into the lines called `name` (lower-cased), one for one, in order.

    Examples
    --------
    >>> replace(((b"A", b"1"), (b"B", b"2"), (b"a", b"3")), b"a", ("x", "y"))
    ((b'A', b'x'), (b'B', b'2'), (b'a', b'y'))
    """
    coming = iter(new)
    return tuple(
        (key, next(coming).encode("latin-1") if key.lower() == name else value)
        for key, value in fields
    )


def strip_alt_svc(fields: Fields) -> Fields:
    """Drop `Alt-Svc`: browsers accept no private CA over QUIC, and would go round us."""
    return _without(fields, frozenset({b"alt-svc"}))


def edit_request(fields: Fields, *, version: str, navigation: bool = True) -> Fields:
    """Prepare the request for a page, or a worker's script, that will be changed.

    Parameters
    ----------
    fields
        As the browser sent them.
    version
        Of our change; a tag of another version does not hold any more.
    navigation
        Whether ranges are dropped: a page is changed as a whole, a plug-in asks for parts.
    """
    dropped = _DICTIONARY | _RANGES if navigation else _DICTIONARY
    return _ask_ours(_offer(_without(fields, dropped)), version.encode("ascii"))


def edit_response(
    fields: Fields,
    *,
    version: str,
    encoding: str,
    client_http: str,
    origin_http: str = "HTTP/1.1",
    body: bool = True,
) -> Fields:
    """Make the fields of a changed body true.

    Parameters
    ----------
    fields
        As the origin sent them.
    version
        Of our change, for the validators: letters, digits and dots.
    encoding
        What the browser will get: "identity" or "gzip".
    client_http, origin_http
        The versions on both sides: "HTTP/1.0", "HTTP/1.1", "HTTP/2.0".
    body
        False for a HEAD and a 304: the same head, of a body that does not come.
    """
    closing = body and _closes(fields, origin_http)
    fields = _without(fields, _DIGESTS | _FRAMING)
    fields = _cap_age(_wrap(fields, version.encode("ascii")))
    fields = _encode(fields, encoding)
    return _frame(fields, client_http, closing) if body else fields


def reframe(fields: Fields, *, client_http: str, origin_http: str) -> Fields:
    """Let a client know the end of a body that passes: not every version can say it alike.

    An HTTP/1.0 client knows no chunks, and one of HTTP/1.1 would have to wait for the end of the
    connection where the origin's frames told it (RFC 9112, 6.1 and 6.3).
    """
    names = {key.lower() for key, _ in fields}
    if client_http == "HTTP/1.0" and b"transfer-encoding" in names:
        return _frame(_without(fields, _FRAMING), client_http)
    if client_http == "HTTP/1.1" and not origin_http.startswith("HTTP/1."):
        return fields if names & _FRAMING else _frame(fields, client_http)
    return fields


def keep_apart(fields: Fields, *, by: str, status: int = 200) -> Fields:
    """Let a stored answer serve its own kind of request only (RFC 9111, 4.1).

    A page that a script or a prefetch has fetched bears no tag: shown later out of the browser's
    cache it would go unwatched. And a script shall not be given one that does.

    Parameters
    ----------
    by
        The request's header that tells the kinds apart: "Sec-Fetch-Dest", or "Accept".
    status
        A 304 says it only where it would overwrite what the stored answer says.
    """
    said = [name for value in values(fields, b"vary") for name in value.lower().split(",")]
    if any(name.strip() in ("*", by.lower()) for name in said):
        return fields
    if not (said if status == 304 else _is_kept(fields)):
        return fields
    name = b"vary" if all(key.islower() for key, _ in fields) else b"Vary"
    return (*fields, (name, by.encode("ascii")))


def _is_kept(fields: Fields) -> bool:
    """Say whether a browser may reuse an answer unasked."""
    control = b", ".join(value for key, value in fields if key.lower() == b"cache-control")
    if _UNSTORED.search(control):
        return False
    return bool(_MAX_AGE.search(control)) or _implied_age(fields) > 0


def forget_ours(fields: Fields) -> Fields:
    """Drop questions about pages of ours from a request for something else: no origin knows them.

    A script that fetches the page that it runs in asks so, where the browser has it stored.
    """
    asked = b", ".join(value for key, value in fields if key.lower() == b"if-none-match")
    if b'W/"obs' not in asked:
        return fields
    kept = [found[0] for found in _TAG.finditer(asked) if not _OURS.match(found[2])]
    if kept:
        return _once(fields, b"if-none-match", b", ".join(kept))
    return _without(fields, frozenset({b"if-none-match", b"if-modified-since"}))


def without_digests(fields: Fields) -> Fields:
    """Drop what speaks of the origin's bytes; for trailers, which come when the body has gone."""
    return _without(fields, _DIGESTS)


def _without(fields: Fields, names: frozenset[bytes]) -> Fields:
    return tuple(field for field in fields if field[0].lower() not in names)


def _map(fields: Fields, name: bytes, edit: Callable[[bytes], bytes]) -> Fields:
    """Edit the lines of one name; those that become empty go."""
    edited = ((key, edit(value) if key.lower() == name else value) for key, value in fields)
    return tuple((key, value) for key, value in edited if value or key.lower() != name)


def _offer(fields: Fields) -> Fields:
    """Keep of `Accept-Encoding` what we can undo; an absent one would mean "anything"."""

    def edit(value: bytes) -> bytes:
        offers = [offer.strip() for offer in value.split(b",")]
        kept = [offer for offer in offers if _name(offer) in _OFFERED]
        return value if kept == offers else b", ".join(kept)

    name = b"accept-encoding"
    asked, edited = any(key.lower() == name for key, _ in fields), _map(fields, name, edit)
    if asked and not any(key.lower() == name for key, _ in edited):
        return (*edited, (name, b"identity"))
    return edited


def _name(offer: bytes) -> bytes:
    return offer.partition(b";")[0].strip().lower()


def _ask_ours(fields: Fields, version: bytes) -> Fields:
    """Turn our tags in `If-None-Match` into the origin's validators; drop all other questions."""
    asked = b", ".join(value for key, value in fields if key.lower() == b"if-none-match")
    opaque = [match[2] for match in _TAG.finditer(asked) if match[1]]
    prefix = b"obs" + version + b":"
    ours = [tag.removeprefix(prefix) for tag in opaque if tag.startswith(prefix)]
    tags = [_unwrap(tag) for tag in ours if not tag.startswith(_DATE)]
    dates = [tag[len(_DATE) :].replace(b"_", b" ") for tag in ours if tag.startswith(_DATE)]
    if tags:
        return _once(fields, b"if-none-match", b", ".join(tags))
    fields = _without(fields, frozenset({b"if-modified-since"}))
    if dates:
        key = _key(fields, b"if-none-match")
        since = b"if-modified-since" if key.islower() else b"If-Modified-Since"
        fields = _once(fields, b"if-none-match", dates[0])
        return tuple((since if name == key else name, value) for name, value in fields)
    return _without(fields, frozenset({b"if-none-match"}))


def _key(fields: Fields, name: bytes) -> bytes:
    return next(key for key, _ in fields if key.lower() == name)


def _once(fields: Fields, name: bytes, value: bytes) -> Fields:
    """Keep the first line of a name only, with another value."""
    first = next(place for place, (key, _) in enumerate(fields) if key.lower() == name)
    return (
        *fields[:first],
        (fields[first][0], value),
        *_without(fields[first + 1 :], frozenset({name})),
    )


def _unwrap(opaque: bytes) -> bytes:
    if opaque.startswith(_WEAK):
        return b'W/"' + opaque[len(_WEAK) :] + b'"'
    return b'"' + opaque.removeprefix(_PLAIN) + b'"'


def _wrap(fields: Fields, version: bytes) -> Fields:
    """Make the validators ours; weak, since the bytes are not the origin's (RFC 9110, 8.8.1).

    A tag of the origin that is no tag by the grammar is dropped: it could not be carried in ours.
    """
    tags = [value for key, value in fields if key.lower() == b"etag"]
    match = _TAG.fullmatch(tags[0].strip()) if tags else None
    if match:
        weak, opaque = match[1] or b"", match[2]
        if not weak and opaque.startswith(_MARKED):
            opaque = _PLAIN + opaque  # a strong tag that looks like one of our marks
        return _once(fields, b"etag", b'W/"obs' + version + b":" + weak + opaque + b'"')
    fields = _without(fields, frozenset({b"etag"}))
    if not values(fields, b"last-modified"):
        return fields
    key = _key(fields, b"last-modified")
    date = next(value for name, value in fields if name == key).strip().replace(b" ", b"_")
    fields = _once(fields, b"last-modified", b'W/"obs' + version + b":" + _DATE + date + b'"')
    etag = b"etag" if key.islower() else b"ETag"
    return tuple((etag if name == key else name, value) for name, value in fields)


def _cap_age(fields: Fields) -> Fields:
    """Let no page be reused unasked for longer than `AGE_CAP`."""
    control = b", ".join(value for key, value in fields if key.lower() == b"cache-control")
    if _UNSTORED.search(control):
        return fields
    ages = [int(match[1]) for match in _MAX_AGE.finditer(control)]
    if ages:
        if max(ages) <= AGE_CAP:
            return fields
        capped = b"max-age=%d" % AGE_CAP

        def edit(value: bytes) -> bytes:
            return _MAX_AGE.sub(lambda m: m[0] if int(m[1]) <= AGE_CAP else capped, value)

        return _map(fields, b"cache-control", edit)
    if _implied_age(fields) <= AGE_CAP:
        return fields
    name = b"cache-control" if all(key.islower() for key, _ in fields) else b"Cache-Control"
    return (*fields, (name, b"max-age=%d" % AGE_CAP))


def _implied_age(fields: Fields) -> float:
    """Return for how many s a browser would reuse a page whose age nobody states."""
    now = _time(fields, b"date")
    if now is None:
        return 0
    expires = _time(fields, b"expires")
    if expires is not None:
        return expires - now
    modified = _time(fields, b"last-modified")
    return 0 if modified is None else (now - modified) / _HEURISTIC


def _time(fields: Fields, name: bytes) -> int | None:
    return _instant("".join(values(fields, name)[:1]))


@lru_cache(maxsize=512)  # one page's dates are the next one's too, or a second's
def _instant(date: str) -> int | None:
    try:
        parsed = parsedate_tz(date)
        return mktime_tz(parsed) if parsed else None
    except (IndexError, OverflowError, TypeError, ValueError):  # a date of no calendar
        return None


def _encode(fields: Fields, encoding: str) -> Fields:
    if encoding == "identity":
        return _without(fields, frozenset({b"content-encoding"}))
    coding = encoding.encode("ascii")
    if not values(fields, b"content-encoding"):
        lower = all(key.islower() for key, _ in fields)
        return (*fields, (b"content-encoding" if lower else b"Content-Encoding", coding))
    return _once(fields, b"content-encoding", coding)


def _closes(fields: Fields, origin_http: str) -> bool:
    """Say whether the origin's connection ends with this body, whatever else is said.

    Then the client's has to end too: mitmproxy reads from the edited head whether both may go on,
    and would keep the origin's half open.
    """
    if origin_http == "HTTP/1.0":
        return True
    return origin_http == "HTTP/1.1" and not any(key.lower() in _FRAMING for key, _ in fields)


def _frame(fields: Fields, client_http: str, closing: bool = False) -> Fields:
    """Say how a body of unknown length ends (RFC 9112, 6.3; HTTP/2 has frames for it)."""
    if client_http not in ("HTTP/1.0", "HTTP/1.1"):
        return fields
    if client_http == "HTTP/1.1":
        fields = (*fields, (b"Transfer-Encoding", b"chunked"))
    if client_http == "HTTP/1.0" or closing:
        fields = (*_without(fields, frozenset({b"connection"})), (b"Connection", b"close"))
    return fields
