"""What is done with a request and its response: one table, no exceptions hidden in other files.

A decision is a pure function of four values: the request's head, the response's head, the site and
the user's standing. Every way through the table ends in a `Reason`, and reasons are the labels of
the counters, so that a page that was not watched can always say why.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Action(StrEnum):
    """What the proxy does; the rim knows how."""

    INJECT = "inject"
    WORKER_PRELUDE = "worker-prelude"
    OBSERVE = "observe"
    PASS = "pass"  # noqa: S105 - an action, no password
    TUNNEL = "tunnel"
    CHALLENGE = "challenge"
    BLOCK = "block"


class Reason(StrEnum):
    """Why; the label of a counter.

    The last three groups are told by `inject`, `locate`, `codec` and `csp`, whose own enumerations
    use the same words (a test holds them together).
    """

    OURS = "ours"
    EXCLUDED = "excluded"
    BLOCKED = "blocked"
    CHALLENGED = "challenged"
    WITHDRAWN = "withdrawn"
    STOPPED = "stopped"

    DOCUMENT = "document"
    SERVICE_WORKER = "service-worker"
    SUBRESOURCE = "subresource"

    HEAD_ONLY = "head-only"
    NO_BODY = "no-body"
    REDIRECT = "redirect"
    PARTIAL = "partial"
    ATTACHMENT = "attachment"
    NOT_HTML = "not-html"
    NOT_SCRIPT = "not-script"
    NO_TRANSFORM = "no-transform"
    ENCODING = "encoding"

    CSP_SANDBOX = "csp-sandbox"
    CSP_UNREADABLE = "csp-unreadable"
    CSP_INEXPRESSIBLE = "csp-inexpressible"

    INJECTED = "injected"
    SAFE_PLACE = "safe-place"
    EMPTY = "empty"
    NOT_MARKUP = "not-markup"
    NO_PLACE = "no-place"
    CHARSET = "charset"

    UNDECODABLE = "undecodable"
    BOMB = "bomb"
    TOO_LARGE = "too-large"
    CUT = "cut"
    BUG = "bug"

    @property
    def unwatched(self) -> bool:
        """Whether a page that should have been injected was not; by choice is not by fault."""
        return self in _UNWATCHED


_UNWATCHED = frozenset(
    {
        Reason.PARTIAL,
        Reason.ENCODING,
        Reason.CSP_SANDBOX,
        Reason.CSP_UNREADABLE,
        Reason.CSP_INEXPRESSIBLE,
        Reason.NO_PLACE,
        Reason.CHARSET,
        Reason.UNDECODABLE,
        Reason.BOMB,
        Reason.TOO_LARGE,
        Reason.BUG,
    }
)


class Standing(StrEnum):
    """What the control stream says of a user (`STOPPED`: of everybody, the kill switch)."""

    CLEAR = "clear"
    CHALLENGED = "challenged"
    BLOCKED = "blocked"
    WITHDRAWN = "withdrawn"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Site:
    """What the settings say of a host.

    Parameters
    ----------
    excluded
        Never watched, tunnelled where it is TLS.
    closed
        Answered 503 rather than served unwatched; the rim's business, carried here beside its twin.
    honour_no_transform
        Leave pages that say `Cache-Control: no-transform` (RFC 9110, 7.7) alone, unless they are
        closed. By default they are injected and counted: a page must not opt its user out.
    """

    excluded: bool = False
    closed: bool = False
    honour_no_transform: bool = False


def combine(fields: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Turn raw header fields into one lower-cased mapping; repeated lines join by a comma.

    Joining is what RFC 9110, 5.3 allows a recipient; `Set-Cookie`, which it does not fit, is never
    asked for here.

    Examples
    --------
    >>> combine(((b"Accept", b"text/html"), (b"ACCEPT", b"*/*")))
    {'accept': 'text/html, */*'}
    """
    heads: dict[str, str] = {}
    for raw, value in fields:
        name = raw.decode("latin-1").lower()
        text = value.decode("latin-1").strip(" \t")
        heads[name] = f"{heads[name]}, {text}" if name in heads else text
    return heads


def media_type(content_type: str) -> tuple[str, str | None]:
    """Return the essence of a `Content-Type` and its charset label, both lower-cased.

    Of several values the last counts, as in browsers (Fetch, "extract a MIME type").

    Examples
    --------
    >>> media_type("text/plain, Text/HTML; x=y; charset='Shift_JIS'")
    ('text/html', 'shift_jis')
    >>> media_type("")
    ('', None)
    """
    essence, *parameters = content_type.rsplit(",", 1)[-1].split(";")
    charset = None
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if charset is None and name.strip().lower() == "charset":
            charset = value.strip().strip("\"'").lower() or None
    return essence.strip().lower(), charset


@dataclass(frozen=True, slots=True)
class RequestHead:
    """A request before its body.

    Parameters
    ----------
    method, path, host
        As the client sent them; `host` without the port.
    headers
        As `combine` makes them.
    is_ours
        Whether the normalised path lies under our prefix; `route` knows.
    """

    method: str
    path: str
    host: str
    headers: Mapping[str, str] = field(default_factory=dict)
    is_ours: bool = False


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """A response before its body; `headers` as `combine` makes them."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """One action and its reason.

    `body` is False where only the head is edited: what answers a HEAD, or a 304, must carry the
    same validators and the same csp as the page it speaks of (RFC 9111, 4.3.4).
    """

    action: Action
    reason: Reason
    body: bool = True


#: Destinations that show a document of their own (Fetch, "destination"). Pointer events do not
#: bubble out of cross-origin frames, so a frame is as good as a page.
_DOCUMENTS = frozenset({"document", "iframe", "frame", "fencedframe", "embed", "object"})
#: Navigations among them: a plug-in behind `embed` may honestly ask for ranges.
_NAVIGATIONS = frozenset({"document", "iframe", "frame", "fencedframe"})

#: What `codec` can undo; `test_policy` compares the two.
CODINGS = frozenset({"identity", "gzip", "x-gzip", "deflate", "br", "zstd"})
#: Deeper stacks exist in attacks only.
MAX_STACK = 3

HTML = frozenset({"text/html", "application/xhtml+xml"})
#: JavaScript MIME types that servers still send (WHATWG MIME Sniffing, 4.6, less the fossils).
_SCRIPT = frozenset(
    {
        "text/javascript", "application/javascript", "application/x-javascript",
        "application/ecmascript", "text/ecmascript",
    }
)  # fmt: skip


def is_document(request: RequestHead) -> bool:
    """Say whether the browser will show the answer as a document or frame.

    Without `Sec-Fetch-Dest` (plain http to other hosts, old browsers) a navigation is known by
    `Upgrade-Insecure-Requests`, or by an `Accept` that begins with HTML outside a library's call.
    """
    destination = request.headers.get("sec-fetch-dest")
    if destination is not None:
        return destination.lower() in _DOCUMENTS or _is_handed_on(request)
    if request.headers.get("upgrade-insecure-requests") == "1":
        return True
    accept = request.headers.get("accept", "").lower()
    return accept.startswith("text/html") and "x-requested-with" not in request.headers


def is_navigation(request: RequestHead) -> bool:
    """Say whether it is a document that is not a plug-in's, which alone may ask for ranges."""
    destination = request.headers.get("sec-fetch-dest", "document").lower()
    return (destination in _NAVIGATIONS and is_document(request)) or _is_handed_on(request)


def _is_handed_on(request: RequestHead) -> bool:
    """Say whether a service worker fetches the very request of a navigation.

    Chromium then names no destination, but the mode is still one that no script can ask for
    (Fetch, "new Request": `navigate` is a TypeError).
    """
    headers = request.headers
    return (
        headers.get("sec-fetch-dest", "").lower() == "empty"
        and headers.get("sec-fetch-mode", "").lower() == "navigate"
    )


def is_top_level_get(request: RequestHead) -> bool:
    """Say whether it is a page that the user goes to: what may be answered by a challenge."""
    destination = request.headers.get("sec-fetch-dest", "document").lower()
    return request.method == "GET" and destination == "document" and is_document(request)


def is_worker(request: RequestHead) -> bool:
    """Say whether a service worker's main script is asked for (Service Workers, "Update")."""
    return (
        request.headers.get("service-worker", "").lower() == "script"
        and request.headers.get("sec-fetch-dest", "serviceworker").lower() == "serviceworker"
    )


def decide_request(request: RequestHead, site: Site, standing: Standing) -> Decision:
    """Decide what can be decided before the origin answers; the first row that holds wins.

    `INJECT` and `WORKER_PRELUDE` are intentions here: `decide` confirms or refuses them.
    """
    rows: tuple[tuple[bool, Action, Reason], ...] = (
        (request.is_ours, Action.OBSERVE, Reason.OURS),
        (site.excluded, Action.TUNNEL, Reason.EXCLUDED),
        (standing is Standing.BLOCKED, Action.BLOCK, Reason.BLOCKED),
        (standing is Standing.WITHDRAWN, Action.PASS, Reason.WITHDRAWN),
        (standing is Standing.STOPPED, Action.PASS, Reason.STOPPED),
        (is_worker(request), Action.WORKER_PRELUDE, Reason.SERVICE_WORKER),
        (not is_document(request), Action.PASS, Reason.SUBRESOURCE),
        (
            standing is Standing.CHALLENGED and is_top_level_get(request),
            Action.CHALLENGE,
            Reason.CHALLENGED,
        ),
    )
    for holds, action, reason in rows:
        if holds:
            return Decision(action, reason)
    return Decision(Action.INJECT, Reason.DOCUMENT)


def _without_body(_: RequestHead, response: ResponseHead) -> bool:
    if response.status < 200 or response.status in (204, 205):
        return True
    return response.headers.get("content-length") == "0"


def _is_followed(_: RequestHead, response: ResponseHead) -> bool:
    """Say whether a browser goes elsewhere; a redirect that leads nowhere is shown as a page."""
    return 300 <= response.status < 400 and bool(response.headers.get("location"))


def _is_attachment(_: RequestHead, response: ResponseHead) -> bool:
    disposition = response.headers.get("content-disposition", "")
    return disposition.partition(";")[0].strip().lower() == "attachment"


def codings(content_encoding: str) -> tuple[str, ...]:
    """Return the codings of a `Content-Encoding` in the order they were applied, identity left out.

    Examples
    --------
    >>> codings("GZIP, identity, br")
    ('gzip', 'br')
    """
    names = (name.strip().lower() for name in content_encoding.split(","))
    return tuple(name for name in names if name not in ("", "identity"))


def _cannot_decode(_: RequestHead, response: ResponseHead) -> bool:
    stack = codings(response.headers.get("content-encoding", ""))
    return len(stack) > MAX_STACK or not CODINGS.issuperset(stack)


Row = tuple[Reason, Callable[[RequestHead, ResponseHead], bool]]


def _is_type(types: frozenset[str]) -> Callable[[RequestHead, ResponseHead], bool]:
    def is_other(_: RequestHead, response: ResponseHead) -> bool:
        return media_type(response.headers.get("content-type", ""))[0] not in types

    return is_other


def _is_no_page(_: RequestHead, response: ResponseHead) -> bool:
    """Say whether the type is another's; without any, a body's first bytes may make it a page."""
    essence = media_type(response.headers.get("content-type", ""))[0]
    if not essence:
        return "nosniff" in response.headers.get("x-content-type-options", "").lower()
    return essence not in HTML


_BEFORE_TYPE: tuple[Row, ...] = (
    (Reason.NO_BODY, _without_body),
    (Reason.PARTIAL, lambda _, response: response.status == 206),
    (Reason.REDIRECT, _is_followed),
)
_REFUSALS: dict[Action, tuple[Row, ...]] = {
    Action.INJECT: (
        *_BEFORE_TYPE,
        (Reason.ATTACHMENT, _is_attachment),
        (Reason.NOT_HTML, _is_no_page),
        (Reason.ENCODING, _cannot_decode),
    ),
    Action.WORKER_PRELUDE: (
        *_BEFORE_TYPE,
        # An error's body is not run as a worker (Service Workers, "Update": ok status).
        (Reason.NOT_SCRIPT, lambda _, response: response.status >= 400),
        (Reason.NOT_SCRIPT, _is_type(_SCRIPT)),
        (Reason.ENCODING, _cannot_decode),
    ),
}


def decide(
    request: RequestHead, response: ResponseHead, site: Site, standing: Standing
) -> Decision:
    """Decide when the origin has answered; headers must be final before the first body byte.

    Examples
    --------
    >>> request = RequestHead("GET", "/", "example.org", {"sec-fetch-dest": "document"})
    >>> page = ResponseHead(200, {"content-type": "text/html"})
    >>> decide(request, page, Site(), Standing.CLEAR).action.value
    'inject'
    """
    wanted = decide_request(request, site, standing)
    refusals = _REFUSALS.get(wanted.action)
    if refusals is None:
        return wanted
    if response.status == 304:
        return Decision(wanted.action, Reason.HEAD_ONLY, body=False)
    for reason, holds in refusals:
        if holds(request, response):
            return Decision(Action.PASS, reason)
    control = response.headers.get("cache-control", "").lower().split(",")
    transform = "no-transform" not in (directive.strip() for directive in control)
    if not transform and site.honour_no_transform and not site.closed:
        return Decision(Action.PASS, Reason.NO_TRANSFORM)
    if request.method == "HEAD":
        return Decision(wanted.action, Reason.HEAD_ONLY, body=False)
    return wanted if transform else Decision(wanted.action, Reason.NO_TRANSFORM)
