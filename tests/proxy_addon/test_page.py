"""One page: what its heads become, and what is done when it cannot be watched."""

import gzip
import re
import tracemalloc
from collections import Counter

import pytest
from mitmproxy import http
from mitmproxy.test import tflow

from proxy_addon.compat import RESPONSE_BOUND
from proxy_addon.forward import Forward
from proxy_addon.identity import UNKNOWN
from proxy_addon.notes import Notes
from proxy_addon.page import Pages, Visit
from proxy_addon.policy import RequestHead, Site, Standing, combine
from proxy_addon.route import Observer, Route, Sender
from reauth.settings import Proxy, Settings
from tests.proxy_addon.harness import DOCUMENT, KEYS, OBS

PAGE = b"<!doctype html><html><head><title>t</title></head><body>page</body></html>"
HTML = {"Content-Type": "text/html"}
SENDER = Sender(UNKNOWN, "10.0.0.1", "http://a.example")


class One:
    """A page on its way."""

    def __init__(
        self,
        request: dict[str, str] = DOCUMENT,
        site: Site = Site(),  # noqa: B008 - frozen
        standing: Standing = Standing.CLEAR,
        method: str = "GET",
        **proxy: object,
    ) -> None:
        settings = Settings(proxy=Proxy(**proxy))
        self.counters: Counter[str] = Counter()
        forward = Forward(settings, KEYS, self.counters, lambda: 0.0)
        observer = Observer("1", "sha256-x", b"script")
        route = Route(settings, KEYS, observer, forward, self.counters, lambda: 0.0)
        self.pages = Pages(settings, KEYS, route, self.counters)
        self.flow = tflow.tflow(resp=True)
        self.flow.request = http.Request.make(method, "http://a.example/", b"", request)
        self.flow.request.headers.pop("content-length", None)
        head = RequestHead(method, "/", "a.example", combine(self.flow.request.headers.fields))
        self.visit = Visit(head, SENDER, site, standing)

    def asked(self, **headers: str) -> http.Request:
        """The request as the origin gets it."""
        for name, value in headers.items():
            self.flow.request.headers[name.replace("_", "-")] = value
        self.pages.request(self.flow, self.visit)
        return self.flow.request

    def answered(self, body: bytes = PAGE, status: int = 200, **headers: str) -> bytes:
        """The body that the browser gets."""
        fields = HTML | {name.replace("_", "-"): value for name, value in headers.items()}
        self.flow.response = http.Response.make(status)
        self.flow.response.headers = http.Headers(
            [(name.encode(), value.encode()) for name, value in fields.items()]
        )
        self.pages.response(self.flow, self.visit)
        stream = self.flow.response.stream
        if callable(stream):
            return b"".join((*stream(body), *stream(b"")))
        if stream is False:
            self.flow.response.raw_content = body
            self.pages.finish(self.flow, self.visit)
            return self.flow.response.raw_content
        return body


def test_the_origin_is_asked_as_an_ordinary_browser_would_ask():
    """Of a document only what a proxy cannot read is taken out of the question."""
    asked = One().asked(accept_encoding="gzip, br, zstd, dcb", if_none_match='"theirs"')

    assert "gzip, br, zstd" == asked.headers["accept-encoding"]
    assert "if-none-match" not in asked.headers


def test_what_is_no_document_is_asked_for_as_it_came():
    """A picture's validators are its own."""
    request = {"Sec-Fetch-Dest": "image", "Accept-Encoding": "gzip, dcb", "If-None-Match": '"t"'}

    assert request.items() <= dict(One(request).asked().headers).items()


@pytest.mark.parametrize(
    ("length", "streamed"), [("0", False), ("65536", False), ("65537", True), ("", True)]
)
def test_large_requests_and_those_of_unknown_length_are_streamed(length: str, streamed: bool):
    """Uploads never lie in memory."""
    one = One(method="POST")

    assert streamed is one.asked(**({"content_length": length} if length else {})).stream


def test_a_page_is_injected_and_counted():
    """Head, body and counter."""
    one = One()
    body = one.answered(content_security_policy="default-src 'self'", alt_svc="h3")

    assert f"{OBS}observer.1.js".encode() in body
    assert "alt-svc" not in one.flow.response.headers
    assert 1 == one.counters['inject_total{result="injected"}']


@pytest.mark.parametrize(("compress", "encoding"), [(True, "gzip"), (False, None)])
def test_the_browser_gets_the_coding_that_the_operator_chose(compress: bool, encoding: str | None):
    """Identity costs less in a LAN."""
    one = One(DOCUMENT | {"Accept-Encoding": "gzip"}, compress=compress)
    body = one.answered(gzip.compress(PAGE), content_encoding="gzip")

    assert encoding == one.flow.response.headers.get("content-encoding")
    assert OBS.encode() in (gzip.decompress(body) if compress else body)


def test_a_browser_that_cannot_read_gzip_gets_none():
    """Whatever the operator chose."""
    one = One(compress=True)

    assert OBS.encode() in one.answered(gzip.compress(PAGE), content_encoding="gzip")


SANDBOX = {"content_security_policy": "sandbox; default-src 'self'"}


@pytest.mark.parametrize(
    ("headers", "status", "reason"),
    [
        (SANDBOX, 200, "csp-sandbox"),
        ({}, 206, "partial"),
        ({"content_encoding": "dcb"}, 200, "encoding"),
    ],
)
def test_a_page_that_cannot_be_watched_is_served_as_it_is_and_told(
    headers, status, reason, caplog: pytest.LogCaptureFixture
):
    """Unless its site is closed: then 503, with nothing of it."""
    one, closed = One(), One(site=Site(closed=True))
    body, refused = (each.answered(status=status, **headers) for each in (one, closed))

    assert (PAGE, status) == (body, one.flow.response.status_code)
    assert (b"", 503) == (refused, closed.flow.response.status_code)
    assert 1 == one.counters[f'unwatched_total{{reason="{reason}"}}']
    assert ["unwatched"] * 2 == [record.message for record in caplog.records]
    assert "example" not in str([record.fields for record in caplog.records])


@pytest.mark.parametrize(
    ("site", "standing", "result"),
    [
        (Site(excluded=True), Standing.CLEAR, None),
        (Site(), Standing.STOPPED, None),
        (Site(closed=True), Standing.STOPPED, None),
    ],
)
def test_what_is_not_to_be_watched_is_neither_touched_nor_told(site, standing, result):
    """By choice is not by fault, for a closed site either."""
    one = One(site=site, standing=standing)

    assert PAGE == one.answered(etag='"theirs"')
    assert '"theirs"' == one.flow.response.headers["etag"]
    assert not one.counters


@pytest.mark.parametrize("kind", ["text/plain", "application/json"])
def test_a_document_of_another_type_is_counted_and_served(kind: str):
    """On closed sites too: there is nothing in it to be watched."""
    for site in (Site(), Site(closed=True)):
        one = One(site=site)
        assert b"{}" == one.answered(b"{}", Content_Type=kind)
        assert {'inject_total{result="skipped_type"}': 1} == one.counters


def test_json_that_is_called_html_is_left_alone_everywhere():
    """It is no page, so a closed site may serve it."""
    one = One(site=Site(closed=True))

    assert b'{"a": 1}' == one.answered(b'{"a": 1}')
    assert 200 == one.flow.response.status_code


def test_a_closed_page_is_served_whole_with_its_tag():
    """Nothing of it leaves before it is known to be watched."""
    one = One(site=Site(closed=True), compress=True)

    assert OBS.encode() in one.answered(gzip.compress(PAGE), content_encoding="gzip")
    assert 200 == one.flow.response.status_code


@pytest.mark.parametrize("known", [True, False])
def test_a_closed_page_beyond_the_cap_is_refused(known: bool):
    """Before it comes where its length is known, else when it has come."""
    one = One(site=Site(closed=True), closed_buffer=len(PAGE) - 1)
    body = one.answered(**({"content_length": str(len(PAGE))} if known else {}))

    assert (b"", 503) == (body, one.flow.response.status_code)
    assert "5" == one.flow.response.headers["retry-after"]
    reason = "too-large" if known else "bomb"
    assert 1 == one.counters[f'unwatched_total{{reason="{reason}"}}']


def test_a_closed_page_that_cannot_be_decoded_is_refused():
    """What is only known at the end is decided at the end."""
    one = One(site=Site(closed=True))

    assert b"" == one.answered(b"no gzip at all", content_encoding="gzip")
    assert 503 == one.flow.response.status_code


def test_a_closed_page_that_swells_beyond_the_cap_is_refused():
    """What it would take in memory counts, not what was sent; nor is it decoded to its end."""
    one = One(site=Site(closed=True), closed_buffer=65536)
    coded = gzip.compress(PAGE + bytes(8 << 20))
    tracemalloc.start()
    try:
        body = one.answered(coded, content_encoding="gzip")
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()

    assert (b"", 503) == (body, one.flow.response.status_code)


def test_a_closed_page_that_is_corrupt_behind_its_head_is_refused():
    """Whole or not at all."""
    one = One(site=Site(closed=True))
    coded = gzip.compress(PAGE + bytes(1 << 17))
    one.answered(coded[:-8] + b"12345678", content_encoding="gzip")

    assert 503 == one.flow.response.status_code
    assert {'inject_total{result="injected"}': 1, "cut_total": 1} == one.counters


def test_a_closed_page_that_outgrows_the_cap_while_it_comes_is_refused():
    """Nothing of it has left, nothing more of it is held."""
    one = One(site=Site(closed=True), closed_buffer=65536)
    one.answered()
    bound = one.flow.metadata[RESPONSE_BOUND]
    bound.over(one.flow)
    one.pages.finish(one.flow, one.visit)

    assert (65536, 503) == (bound.limit, one.flow.response.status_code)
    assert 1 == one.counters['unwatched_total{reason="too-large"}']
    assert [] == one.flow.response.stream(b"more")


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 304)])
def test_the_head_alone_is_edited_where_there_is_no_body(method: str, status: int):
    """What a 304 says replaces what the stored page said."""
    one = One(method=method)
    policy = "default-src 'none'"
    one.answered(b"", status, content_security_policy=policy, etag='"v"')

    assert OBS in one.flow.response.headers["content-security-policy"]
    assert '"v"' != one.flow.response.headers["etag"]
    assert True is one.flow.response.stream
    assert {'csp_rewrites_total{action="relaxed"}': 1} == one.counters


def test_a_page_that_forbids_transforms_is_watched_and_counted():
    """Unless the operator honours it (RFC 9110, 7.7)."""
    one, honest = One(), One(site=Site(honour_no_transform=True))
    said = {"cache_control": "no-transform"}

    assert OBS.encode() in one.answered(**said)
    assert 1 == one.counters["no_transform_total"]
    assert PAGE == honest.answered(**said)


def test_an_origin_of_http_1_0_gets_a_version_that_knows_chunks():
    """Browsers show the sizes of chunks where the version is older than these."""
    one = One()
    one.flow.response = http.Response.make(200, PAGE, HTML)
    one.flow.response.http_version = "HTTP/1.0"
    one.pages.response(one.flow, one.visit)

    assert "HTTP/1.1" == one.flow.response.http_version
    assert "chunked" == one.flow.response.headers["transfer-encoding"]
    assert "close" == one.flow.response.headers["connection"]


@pytest.mark.parametrize(
    ("method", "status", "expected"),
    [("GET", 200, "chunked"), ("HEAD", 200, None), ("GET", 204, None)],
)
def test_what_passes_is_framed_for_its_client(method: str, status: int, expected: str | None):
    """What came in frames leaves in chunks; what has no body needs neither."""
    one = One({"Sec-Fetch-Dest": "image"}, method=method)
    one.flow.response = http.Response.make(status, b"", {"Content-Type": "image/png"})
    del one.flow.response.headers["content-length"]
    one.flow.response.http_version = "HTTP/2.0"
    one.pages.response(one.flow, one.visit)

    assert expected == one.flow.response.headers.get("transfer-encoding")


def test_a_digest_in_the_trailers_of_a_changed_page_is_dropped():
    """It was true of the bytes that the origin sent; other trailers pass."""
    one, other = One(), One({"Sec-Fetch-Dest": "image"})
    for each in (one, other):
        each.answered()
        each.flow.response.trailers = http.Headers([(b"digest", b"x"), (b"a", b"b")])
        each.pages.finish(each.flow, each.visit)

    assert [("a", "b")] == list(one.flow.response.trailers.items())
    assert "digest" in other.flow.response.trailers


def test_a_flow_without_an_answer_is_nothing_to_finish():
    """The hook comes for every flow."""
    one = One()
    one.flow.response = None
    one.pages.finish(one.flow, one.visit)

    assert one.flow.response is None


def test_a_policy_in_the_head_is_relaxed_to_let_batches_go():
    """For this page's origin and our path; in XHTML it is left as it is."""
    meta = b"<meta http-equiv='Content-Security-Policy' content='connect-src b.example'/>"
    page = PAGE.replace(b"<title>", meta + b"<title>")
    one, strict = One(), One()

    assert f"content='connect-src b.example http://a.example{OBS}'".encode() in one.answered(page)
    assert meta in strict.answered(page, content_type="application/xhtml+xml")


WORKER = {"Service-Worker": "script", "Sec-Fetch-Dest": "serviceworker"}
SCRIPT = {"Content-Type": "text/javascript", "ETag": '"v"', "Content-Length": "6"}


def test_a_service_worker_gets_our_prelude_and_nothing_of_the_page():
    """The same bytes for every user, as a browser compares them; its validators are ours then."""
    one, other = One(WORKER), One(WORKER)
    first = one.answered(gzip.compress(b"worker"), Content_Encoding="gzip", **SCRIPT)

    assert first == other.answered(b"worker", **SCRIPT)
    assert first.endswith(b"})();worker")
    assert OBS.encode() in first and b'data-k=""' in first and b"\n" not in first
    headers = one.flow.response.headers
    assert re.fullmatch(r'W/"obs1-[0-9a-f]{8}:v"', headers["etag"])
    assert not {"content-length", "content-encoding"} & {name.lower() for name in headers}
    assert {"worker_prelude_total": 1} == one.counters


def test_a_worker_that_has_not_changed_keeps_its_validators():
    """A 304 speaks of the script that bears our prelude."""
    one = One(WORKER)
    one.answered(b"", status=304, ETag='"v"')

    assert re.fullmatch(r'W/"obs1-[0-9a-f]{8}:v"', one.flow.response.headers["etag"])
    assert {} == one.counters


def test_a_worker_is_asked_for_anew_when_the_prelude_changes():
    """Its tag names the prelude that stands in front of it, and another's is none of ours."""
    made = One(WORKER)
    made.answered(b"worker", **SCRIPT)
    tag = made.flow.response.headers["etag"]

    assert '"v"' == One(WORKER).asked(if_none_match=tag).headers["if-none-match"]
    assert "if-none-match" not in One(WORKER).asked(if_none_match='W/"obs1:v"').headers


def test_a_worker_is_reused_unasked_for_a_day_at_most():
    """So that one that was installed before us is covered within a day."""
    one = One(WORKER)
    one.answered(b"worker", **SCRIPT, Cache_Control="max-age=31536000")

    assert "max-age=86400" == one.flow.response.headers["cache-control"]


def test_a_workers_pages_are_left_alone_where_the_operator_says_so():
    """The prelude does what the proxy does; it knows the site's choice."""
    bodies = [
        One(WORKER, site=Site(honour_no_transform=honoured, closed=closed)).answered(b"w", **SCRIPT)
        for honoured, closed in ((False, False), (True, False), (True, True))
    ]

    assert bodies[0] == bodies[2] != bodies[1]


@pytest.mark.parametrize("headers", [{"Content-Type": "text/plain"}, {"Content-Encoding": "exi"}])
def test_what_is_no_worker_script_passes(headers: dict[str, str]):
    """A worker that cannot be read is the page's business."""
    one = One(WORKER)

    assert b"worker" == one.answered(b"worker", **(SCRIPT | headers))
    assert {} == one.counters


@pytest.mark.parametrize(
    ("length", "kind", "streamed"),
    [
        ("1048576", "application/csp-report", False),
        ("1048577", "application/csp-report", True),
        ("", "application/csp-report", True),
        ("65537", "application/json", True),
    ],
)
def test_a_hundred_reports_in_one_request_are_read(length: str, kind: str, streamed: bool):
    """As many as browsers put into one; what no browser sends passes unread."""
    one = One({"Content-Type": kind}, method="POST")

    assert streamed is one.asked(**({"content_length": length} if length else {})).stream


@pytest.mark.parametrize(
    ("method", "kind", "told"),
    [
        ("POST", "application/csp-report", b""),
        ("POST", "Application/Reports+JSON; x=y", b""),
        ("POST", "application/json", OBS.encode()),
        ("PUT", "application/csp-report", OBS.encode()),
    ],
)
def test_a_report_of_a_violated_policy_does_not_name_us(method: str, kind: str, told: bytes):
    """The browser quotes the policy that we made; whatever else is sent is not read."""
    one = One({"Content-Type": kind}, method=method)
    body = b'{"original-policy": "connect-src http://a.example%s"}'
    one.flow.request.content = body % OBS.encode()
    assert not one.asked(content_length="65536").stream
    one.pages.report(one.flow, one.visit)

    url = b"http://a.example" + told if told else b"'none'"
    assert body.replace(b"http://a.example%s", url) == one.flow.request.content


FETCHED = {"Sec-Fetch-Dest": "empty"}
STORED = {"Cache-Control": "max-age=60"}


@pytest.mark.parametrize(
    ("request_", "answer", "vary"),
    [
        (FETCHED, STORED, "Sec-Fetch-Dest"),
        (DOCUMENT, STORED, "Sec-Fetch-Dest"),
        ({}, STORED, "Accept"),
        ({"Accept": "text/html"}, STORED, "Accept"),
        (FETCHED, {}, None),
        (FETCHED, STORED | {"Content-Type": "application/json"}, None),
        ({"Sec-Fetch-Dest": "image"}, STORED, None),
    ],
)
def test_pages_and_what_scripts_fetch_are_stored_apart(request_, answer, vary):
    """A page that was fetched before bears no tag, and must not be shown later as it is."""
    one = One(request_)
    one.answered(**answer)

    assert vary == one.flow.response.headers.get("vary")


def test_no_origin_is_asked_by_a_script_about_a_page_of_ours():
    """The tag is ours; the origin then sends what the script wants."""
    asked = One(FETCHED | {"If-None-Match": 'W/"obs1:v"'}).asked()

    assert "if-none-match" not in asked.headers


def test_a_page_without_a_type_is_watched_where_browsers_show_it_as_one():
    """On closed sites too, where nothing goes unwatched; an image without a type is an image."""
    for site in (Site(), Site(closed=True)):
        one, other = One(site=site), One(site=site)
        assert OBS.encode() in one.answered(Content_Type="")
        assert b"\x89PNG\r\n" == other.answered(b"\x89PNG\r\n", Content_Type="")


class Heard(Notes):
    """Notes whose words are kept as the proxy would send them."""

    def __init__(self, one: One) -> None:
        forward = Forward(Settings(), KEYS, one.counters, lambda: 0.0)
        super().__init__(one.pages._route, forward, lambda: 0.0)
        one.pages._notes = self

    def names(self) -> list[str]:
        """Which of the four things were told, in order."""
        return [waiting.claim.token for waiting in self._forward._queue]


async def test_a_page_is_told_of_once_it_bears_the_tag():
    """Not one that turned out to be none; its request changes nothing."""
    one, other = One(), One()
    heard, nothing = Heard(one), Heard(other)

    one.asked()
    one.answered()
    other.answered(b"%PDF-1.7", content_type="text/plain")

    assert ["page"] == heard.names()
    assert [] == nothing.names()


@pytest.mark.parametrize("standing", [Standing.CLEAR, Standing.STOPPED, Standing.WITHDRAWN])
async def test_changes_are_told_of_people_who_are_observed(standing: Standing):
    """Of nobody else, whatever they send."""
    fetch = {"Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}
    one = One(fetch, standing=standing, method="POST")
    heard = Heard(one)

    one.asked()

    assert (["unsafe"] if standing is Standing.CLEAR else []) == heard.names()
