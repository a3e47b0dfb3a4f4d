"""The decision table, row by row, and what holds for every head there could be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addon import codec, csp, locate, policy
from proxy_addon.policy import (
    Action,
    Decision,
    Reason,
    RequestHead,
    ResponseHead,
    Site,
    Standing,
    decide,
    decide_request,
)

HTML = {"content-type": "text/html; charset=utf-8"}
SCRIPT = {"content-type": "text/javascript"}
CLEAR = Standing.CLEAR


def asking(method="GET", is_ours=False, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return RequestHead(method, "/", "example.org", named, is_ours)


def page(status=200, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ResponseHead(status, HTML | named)


DOCUMENT = asking(sec_fetch_dest="document")
WORKER = asking(service_worker="script", sec_fetch_dest="serviceworker")


@pytest.mark.parametrize(
    "destination", ["document", "iframe", "frame", "fencedframe", "embed", "object", "Document"]
)
def test_documents_and_frames_in_html_are_injected(destination):
    """Pointer events do not bubble out of cross-origin frames: a frame is as good as a page."""
    request = asking(sec_fetch_dest=destination)
    assert Decision(Action.INJECT, Reason.DOCUMENT) == decide(request, page(), Site(), CLEAR)


@pytest.mark.parametrize(
    "destination", ["empty", "image", "style", "script", "worker", "font", "audio", "", "new-thing"]
)
def test_nothing_else_is_touched(destination):
    """A fragment fetched by a script, an image, a thing not yet invented: byte for byte."""
    request = asking(sec_fetch_dest=destination, accept="text/html")
    assert Decision(Action.PASS, Reason.SUBRESOURCE) == decide(request, page(), Site(), CLEAR)


def test_a_navigation_that_a_service_worker_hands_on_is_injected():
    """It fetches the page's own request: no destination is named, but no script can ask so."""
    request = asking(sec_fetch_dest="empty", sec_fetch_mode="navigate")
    fetched = asking(sec_fetch_dest="empty", sec_fetch_mode="cors")

    assert Decision(Action.INJECT, Reason.DOCUMENT) == decide(request, page(), Site(), CLEAR)
    assert policy.is_navigation(request)
    assert not policy.is_navigation(fetched)
    assert not policy.is_document(asking(sec_fetch_dest="script", sec_fetch_mode="navigate"))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"upgrade_insecure_requests": "1"}, True),
        ({"accept": "text/html,application/xhtml+xml"}, True),
        ({"accept": "Text/HTML", "x_requested_with": "XMLHttpRequest"}, False),
        ({"accept": "*/*"}, False),
        ({}, False),
    ],
)
def test_without_a_destination_the_accept_rule_decides(headers, expected):
    """Plain http and old browsers send no Sec-Fetch-Dest; curl must get the origin's bytes."""
    assert expected == policy.is_document(asking(**headers))


@pytest.mark.parametrize(
    ("status", "headers", "reason"),
    [
        (100, {}, Reason.NO_BODY),
        (101, {}, Reason.NO_BODY),
        (204, {}, Reason.NO_BODY),
        (205, {}, Reason.NO_BODY),
        (200, {"content_length": "0"}, Reason.NO_BODY),
        (206, {}, Reason.PARTIAL),
        (302, {"location": "/x"}, Reason.REDIRECT),
        (200, {"content_disposition": "Attachment; filename=a.html"}, Reason.ATTACHMENT),
        (200, {"content_type": "application/json"}, Reason.NOT_HTML),
        (200, {"content_type": "image/svg+xml"}, Reason.NOT_HTML),
        (200, {"content_type": "text/xml"}, Reason.NOT_HTML),
        (200, {"content_type": "multipart/x-mixed-replace; boundary=a"}, Reason.NOT_HTML),
        (200, {"content_type": "multipart/related"}, Reason.NOT_HTML),
        (200, {"content_type": "application/signed-exchange;v=b3"}, Reason.NOT_HTML),
        (200, {"content_type": "", "x_content_type_options": "NoSniff"}, Reason.NOT_HTML),
        (200, {"content_encoding": "dcb"}, Reason.ENCODING),
        (200, {"content_encoding": "gzip, gzip, gzip, gzip"}, Reason.ENCODING),
    ],
)
def test_documents_that_are_no_page_pass(status, headers, reason):
    """Only a whole page in HTML that we can decode is changed; the reason is counted."""
    expected = Decision(Action.PASS, reason)
    assert expected == decide(DOCUMENT, page(status, **headers), Site(), CLEAR)


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (404, {}),
        (500, {}),
        (300, {}),
        (302, {"location": ""}),
        (200, {"content_type": "application/xhtml+xml"}),
        (200, {"content_type": ""}),
        (200, {"content_type": "text/plain, TEXT/html"}),
        (200, {"content_encoding": "gzip, br"}),
        (200, {"content_encoding": "identity"}),
        (200, {"content_disposition": "inline"}),
    ],
)
def test_error_pages_and_stacked_codings_are_pages(status, headers):
    """What the browser shows as a page is watched as a page."""
    expected = Decision(Action.INJECT, Reason.DOCUMENT)
    assert expected == decide(DOCUMENT, page(status, **headers), Site(), CLEAR)


@pytest.mark.parametrize("request_", [DOCUMENT, WORKER])
def test_a_304_gets_the_same_headers_and_no_body(request_):
    """The headers of a 304 replace the stored ones (RFC 9111, 4.3.4)."""
    answer = decide(request_, ResponseHead(304), Site(), CLEAR)
    assert (True, Reason.HEAD_ONLY, False) == (
        answer.action in (Action.INJECT, Action.WORKER_PRELUDE),
        answer.reason,
        answer.body,
    )


def test_a_head_request_gets_the_same_headers_and_no_body():
    """HEAD must tell of the page that a GET would bring."""
    request = asking("HEAD", sec_fetch_dest="document")
    expected = Decision(Action.INJECT, Reason.HEAD_ONLY, body=False)
    assert expected == decide(request, page(), Site(), CLEAR)
    other = ResponseHead(200, {"content-type": "text/plain"})
    assert Reason.NOT_HTML is decide(request, other, Site(), CLEAR).reason


def test_no_transform_is_injected_and_counted_unless_the_operator_honours_it():
    """RFC 9110, 7.7 forbids it to proxies; a page must not opt its user out by default."""
    said = page(cache_control="public, No-Transform")
    injected = Decision(Action.INJECT, Reason.NO_TRANSFORM)
    passed = Decision(Action.PASS, Reason.NO_TRANSFORM)
    assert injected == decide(DOCUMENT, said, Site(), CLEAR)
    assert passed == decide(DOCUMENT, said, Site(honour_no_transform=True), CLEAR)
    assert injected == decide(DOCUMENT, said, Site(False, True, honour_no_transform=True), CLEAR)
    another = page(cache_control="x-no-transform, max-age=1")
    assert Reason.DOCUMENT is decide(DOCUMENT, another, Site(), CLEAR).reason


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (ResponseHead(200, SCRIPT), Reason.SERVICE_WORKER),
        (ResponseHead(404, SCRIPT), Reason.NOT_SCRIPT),
        (ResponseHead(200, HTML), Reason.NOT_SCRIPT),
        (ResponseHead(200, SCRIPT | {"content-encoding": "compress"}), Reason.ENCODING),
        (ResponseHead(302, SCRIPT | {"location": "/x"}), Reason.REDIRECT),
    ],
)
def test_a_service_worker_script_gets_the_prelude(response, reason):
    """Only a script that the browser will run; anything else is left alone."""
    action = Action.WORKER_PRELUDE if reason is Reason.SERVICE_WORKER else Action.PASS
    assert Decision(action, reason) == decide(WORKER, response, Site(), CLEAR)


@pytest.mark.parametrize(
    ("request_", "site", "standing", "expected"),
    [
        (asking(is_ours=True), Site(True), Standing.BLOCKED, (Action.OBSERVE, Reason.OURS)),
        (DOCUMENT, Site(True), Standing.BLOCKED, (Action.TUNNEL, Reason.EXCLUDED)),
        (asking(), Site(), Standing.BLOCKED, (Action.BLOCK, Reason.BLOCKED)),
        (DOCUMENT, Site(), Standing.WITHDRAWN, (Action.PASS, Reason.WITHDRAWN)),
        (DOCUMENT, Site(), Standing.STOPPED, (Action.PASS, Reason.STOPPED)),
        (DOCUMENT, Site(), Standing.CHALLENGED, (Action.CHALLENGE, Reason.CHALLENGED)),
        (
            asking("POST", sec_fetch_dest="document"),
            Site(),
            Standing.CHALLENGED,
            (Action.INJECT, Reason.DOCUMENT),
        ),
        (
            asking(sec_fetch_dest="iframe"),
            Site(),
            Standing.CHALLENGED,
            (Action.INJECT, Reason.DOCUMENT),
        ),
        (WORKER, Site(), CLEAR, (Action.WORKER_PRELUDE, Reason.SERVICE_WORKER)),
    ],
)
def test_the_request_rows_hold_in_their_order(request_, site, standing, expected):
    """Ours before all; a choice of the operator before one of the engine; never a POST."""
    assert Decision(*expected) == decide_request(request_, site, standing)
    if expected[0] not in (Action.INJECT, Action.WORKER_PRELUDE):
        assert Decision(*expected) == decide(request_, page(), site, standing)


def test_ranges_are_a_plug_ins_right():
    """A pdf viewer behind `embed` asks for ranges; a navigation does not need them."""
    assert policy.is_navigation(DOCUMENT)
    assert policy.is_navigation(asking(accept="text/html"))
    assert not policy.is_navigation(asking(sec_fetch_dest="embed"))
    assert not policy.is_navigation(asking(accept="*/*"))


def test_the_charset_is_the_first_one_of_the_last_type():
    """Fetch, "extract a MIME type", so that we read the page as the browser will."""
    assert ("text/html", "gbk") == policy.media_type('text/html;charset="GBK";charset=utf-8')
    assert ("text/html", None) == policy.media_type("text/html; charset=")


def test_fields_become_one_mapping():
    """Names in any case, repeated lines joined (RFC 9110, 5.3), bytes that are no ASCII kept."""
    raw = ((b"Accept", b" text/html "), (b"X-A", b"\xe9"), (b"ACCEPT", b"*/*"))
    assert {"accept": "text/html, */*", "x-a": "é"} == policy.combine(raw)


def test_the_words_of_the_other_files_are_labels_of_counters():
    """`csp`, `locate` and `codec` may not import this file: their words are held together here."""
    told = {*csp.Skip, *locate.Finding, codec.CodecError.reason, codec.BombError.reason}
    assert {str(word) for word in told} - {"more"} <= {reason.value for reason in Reason}


def test_the_table_knows_the_codings_that_codec_can_undo():
    """A coding added to one file alone would be refused, or counted as a bug."""
    for name in policy.CODINGS:
        codec.decoder(name)


def test_unwatched_is_a_fault_and_never_a_choice():
    """An excluded or withdrawn page is not unwatched: somebody decided it."""
    chosen = {Reason.EXCLUDED, Reason.WITHDRAWN, Reason.STOPPED, Reason.NO_TRANSFORM}
    assert not any(reason.unwatched for reason in chosen | {Reason.INJECTED, Reason.SAFE_PLACE})
    assert all(reason.unwatched for reason in (Reason.NO_PLACE, Reason.CSP_SANDBOX, Reason.BUG))


WORDS = st.sampled_from(["document", "empty", "script", "text/html", "gzip", "1", "", "é;,=\"'"])
NAMES = st.sampled_from(
    ["sec-fetch-dest", "accept", "service-worker", "content-type", "content-encoding", "range"]
)
HEADERS = st.dictionaries(NAMES, WORDS | st.text(max_size=9))


@given(HEADERS, HEADERS, st.integers(100, 599), st.sampled_from(Standing), st.booleans())
def test_no_head_is_too_strange_to_be_decided(asked, answered, status, standing, excluded):
    """A function of any two heads: it answers, and a body is changed only where it is HTML."""
    request = RequestHead("GET", "/", "example.org", asked)
    response = ResponseHead(status, answered)
    decision = decide(request, response, Site(excluded), standing)
    if decision.action is Action.INJECT and decision.body:
        essence = policy.media_type(answered.get("content-type", ""))[0]
        assert not essence or "html" in essence
