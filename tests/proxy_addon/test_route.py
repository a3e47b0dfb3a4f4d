"""What is ours and how it is answered, beside what test_addon shows over real sockets."""

import base64
import hashlib
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy import http

from proxy_addon.forward import Forward
from proxy_addon.identity import UNKNOWN, Identity
from proxy_addon.route import MAX_BODY, Observer, Route, Sender, normalised, read_observer
from reauth.claim import Audience, TokenVerdict, check_token, make_token
from reauth.settings import Privacy, Settings
from tests.proxy_addon.harness import INSTALLATION, KEYS, OBS

NOW = 1_700_000_000.0
SENDER = Sender(Identity("ann", "proxy_auth", 0.9, 0.0), "10.0.0.1", "https://a.example")
PIECES = st.sampled_from(
    ["obs", "OBS", "%6fbs", "o%62s", "%256fbs", INSTALLATION, "..", ".", "%2e%2e", "", "x", "b"]
)


def route(settings: Settings | None = None) -> tuple[Route, Counter[str]]:
    counters: Counter[str] = Counter()
    settings = settings or Settings()
    forward = Forward(settings, KEYS, counters, lambda: NOW)
    observer = Observer("1", "sha256-x", b"script")
    return Route(settings, KEYS, observer, forward, counters, lambda: NOW), counters


def request(method: str = "POST", body: bytes = b"", **headers: str) -> http.Request:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return http.Request.make(method, "https://a.example" + OBS + "b", body, fields)


@given(st.lists(PIECES, max_size=8), st.sampled_from(["/", "//", "%2f", "\\", "/./"]))
def test_whatever_a_lenient_origin_reads_as_ours_is_ours(pieces: list[str], separator: str):
    """Decoded, undotted, merged, in any case: the same path."""
    path = "/" + separator.join(pieces)
    plain: list[str] = []
    for piece in pieces:
        match {"%6fbs": "obs", "o%62s": "obs", "%256fbs": "obs", "%2e%2e": ".."}.get(piece, piece):
            case "..":
                del plain[-1:]
            case "." | "":
                pass
            case name:
                plain.append(name.lower())

    assert "/" + "/".join(plain) == normalised(path).decode()
    name = route()[0].name(path)
    if ["obs", INSTALLATION] == plain[:2]:
        assert name is not None and name != ".."
    else:
        assert name in (None, "..")


@pytest.mark.parametrize("end", ["../../x", "%2e%2e/%2e%2e/x", "../../../obs/other"])
def test_a_path_that_leaves_ours_by_dots_is_answered_here(end: str):
    """The origin would log our name, though it would find nothing of ours."""
    assert ".." == route()[0].name(f"/obs/{INSTALLATION}/{end}")


@pytest.mark.parametrize("host", ["https://a.example", "HTTP://a:1", "x:\\\\a", "https:%2f%2fa"])
def test_a_path_with_its_host_in_front_is_the_path(host: str):
    """HTTP/2 carries whatever stands in `:path`, and origins differ in what they make of it."""
    assert "b" == route()[0].name(host + OBS + "b")
    assert None is route()[0].name(host + "/x")


@pytest.mark.parametrize(
    "path",
    [
        f"/%c1%afbs/{INSTALLATION}/b", f"/ob%e0%81%b3/{INSTALLATION}/b",
        f"/%f0%80%81%afbs%c0%af{INSTALLATION}%e0%80%afb", f"/\udcc1\udcafbs/{INSTALLATION}/b",
        f"/%u006fbs/{INSTALLATION}/b", f"/%25u006fbs%u002f{INSTALLATION}/b",
        f"/obs%00/{INSTALLATION}/b", f"/o%09bs/{INSTALLATION}%0a/b", f"/obs./{INSTALLATION}../b",
        f"/x/%c0%ae%c0%ae/obs/{INSTALLATION}/b", f"/%25%63%31%afbs/{INSTALLATION}/b",
    ],
)  # fmt: skip
def test_what_should_never_be_written_is_read_all_the_same(path: str):
    """Overlong UTF-8, Microsoft's escapes, NULs and tabs, names with dots behind."""
    assert "b" == route()[0].name(path)


def test_other_letters_are_no_letters_of_ours():
    """A site's own path in another script, or in UTF-8 that is right, stays its own."""
    for path in ("/öbs/", "/%c3%b6bs/", f"/öbs/{INSTALLATION}/b", f"/obs2/{INSTALLATION}/b"):
        assert route()[0].name(path) is None


@given(st.text(max_size=60))
def test_any_path_has_one_normal_form(path: str):
    """Total, and the query is no part of it."""
    assert normalised(path).startswith(b"/")
    assert normalised(path) == normalised(path + "?" + path)


def test_the_shipped_observer_is_what_its_manifest_says():
    """Its name, its hash and its bytes belong together, and its name survives normalisation."""
    observer = read_observer()
    digest = base64.b64encode(hashlib.sha256(observer.script).digest()).decode()

    assert f"sha256-{digest}" == observer.integrity
    assert observer.file.encode() == normalised("/" + observer.file)[1:]


@pytest.mark.parametrize(
    ("name", "method", "status"),
    [
        ("observer.1.js", "GET", 200),
        ("observer.1.js", "HEAD", 200),
        ("observer.1.js", "POST", 405),
        ("observer.0.js", "GET", 404),
        ("privacy", "GET", 200),
        ("privacy", "DELETE", 405),
        ("b", "GET", 405),
        ("b", "OPTIONS", 405),
        ("challenge", "GET", 404),
        ("", "GET", 404),
    ],
)
def test_every_name_under_our_path_is_answered_here(name: str, method: str, status: int):
    """What is unknown too, so that no branch can leak."""
    answer = route()[0].answer(name, request(method))

    assert status == answer.status_code
    assert (method == "HEAD" or status != 200) == (not answer.content)
    assert "set-cookie" not in answer.headers
    assert "timing-allow-origin" not in answer.headers


def test_a_batch_is_answered_when_it_has_come():
    """Not from its head alone."""
    assert route()[0].answer("b", request()) is None


@pytest.mark.parametrize(
    ("method", "headers", "takes"),
    [
        ("POST", {"content_length": str(MAX_BODY)}, True),
        ("POST", {"content_length": str(MAX_BODY + 1)}, False),
        ("POST", {"content_length": "-1"}, False),
        ("POST", {"content_length": ""}, False),
        ("GET", {"content_length": ""}, True),
        ("GET", {"content_length": "", "transfer_encoding": "chunked"}, False),
        ("GET", {"content_length": str(MAX_BODY + 1)}, False),
    ],
)
def test_what_is_not_known_to_be_small_is_not_taken(method, headers, takes):
    """Whatever is under our path is read into memory whole."""
    one, counters = route()
    asked = request(method)
    asked.headers = http.Headers(
        [(name.replace("_", "-").encode(), v.encode()) for name, v in headers.items() if v]
    )

    assert takes is one.takes(asked)
    assert (not takes) == counters["oversize_total"]


def test_the_notice_leads_nowhere_and_runs_nothing():
    """It is shown on every site, and our path must not leave in a referrer."""
    answer = route()[0].answer("privacy", request("GET"))

    assert "no-referrer" == answer.headers["referrer-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert b"<script" not in answer.content
    assert b"does not record what you type" in answer.content


@pytest.mark.parametrize("body", [b"", b"\x01", b"\x01\x05ab", b"\x01\x01\xff"])
async def test_what_has_no_token_in_front_is_malformed(body: bytes):
    """400, and no word more."""
    one, counters = route()
    answer = await one.receive(request(body=body), SENDER)

    assert (400, b"") == (answer.status_code, answer.content)
    assert 1 == counters['obs_refused_total{reason="malformed"}']


def batch(sender: Sender) -> bytes:
    token = make_token(KEYS, sender.audience, b"12345678", NOW + 60)
    return bytes([1, len(token)]) + token.encode()


@pytest.mark.parametrize(
    "other",
    [
        replace(SENDER, origin="https://b.example"),
        replace(SENDER, client="10.0.0.2"),
        replace(SENDER, identity=UNKNOWN),
        replace(SENDER, identity=Identity("eve", "proxy_auth", 0.9, 0.0)),
        replace(SENDER, identity=Identity("ann", "address_map", 0.5, 0.0)),
    ],
)
async def test_a_token_is_bound_to_user_connection_identity_and_origin(other: Sender):
    """Whoever it was made for, nobody else may use it; a page may ask for its own."""
    one, counters = route()
    answer = await one.receive(request(body=batch(other), sec_fetch_site="same-origin"), SENDER)

    assert (403, 1) == (answer.status_code, counters["bad_tokens_total"])
    renewed = check_token(KEYS, answer.content.decode(), SENDER.audience, NOW)
    assert TokenVerdict.OK == renewed[0]


async def test_a_page_without_a_token_is_given_its_first_and_nobody_is_accused():
    """A service worker's pages bear none, and no alert may come of that."""
    one, counters = route()
    answer = await one.receive(request(body=b"\x01\x00", sec_fetch_site="same-origin"), SENDER)

    verdict, _ = check_token(KEYS, answer.content.decode(), SENDER.audience, NOW)
    assert (403, TokenVerdict.OK) == (answer.status_code, verdict)
    assert {"first_tokens_total": 1} == counters


@pytest.mark.parametrize(
    ("headers", "renews"),
    [
        ({"sec_fetch_site": "same-origin"}, True),
        ({"origin": "https://a.example"}, True),
        ({"sec_fetch_site": "none", "origin": "https://a.example"}, False),
        ({"origin": "null"}, False),
        ({}, False),
    ],
)
async def test_only_a_page_of_the_origin_is_given_a_token(headers, renews):
    """Renewal gives it nothing that it could not have by fetching itself."""
    answer = await route()[0].receive(request(body=b"\x01\x04AAAA", **headers), SENDER)

    assert (403, renews) == (answer.status_code, bool(answer.content))


def test_tokens_end_when_the_settings_say():
    """Twelve hours, unless an operator says otherwise."""
    one, _ = route()
    token, life = one.token(SENDER), Settings().proxy.token_life

    for late, verdict in ((0.0, TokenVerdict.OK), (1.0, TokenVerdict.RESTORED)):
        assert verdict == check_token(KEYS, token, SENDER.audience, NOW + life + late)[0]


@pytest.mark.parametrize("keep", [False, True])
def test_the_clear_host_is_claimed_only_where_the_operator_keeps_it(keep: bool):
    """Else a keyed hash stands for the site."""
    one, _ = route(Settings(privacy=Privacy(keep_host=keep)))
    claim = one.claim(SENDER, "page", TokenVerdict.OK, NOW)

    assert (SENDER.origin if keep else None) == claim.host
    assert "example" not in claim.site
    assert ("ann", "proxy_auth", 0.9) == (claim.user, claim.source, claim.confidence)


def test_an_unknown_user_and_one_with_an_empty_name_are_two():
    """None is not a name."""
    token = make_token(KEYS, Audience(None, "unknown|1", "o"), b"12345678", NOW)

    assert TokenVerdict.BAD == check_token(KEYS, token, Audience("", "unknown|1", "o"), NOW)[0]
