"""Bodies whose length no head tells, through a real mitmproxy that buffers them."""

from pathlib import Path

import pytest

from tests.proxy_addon.compat.host import READY, Origin, asked, mitmdump, started

PATCHED = """
from proxy_addon.compat import body_bounds
body_bounds.apply()
body_bounds.apply()
"""
BOUND = """
from mitmproxy import http
from proxy_addon.compat import REQUEST_BOUND, RESPONSE_BOUND, Bound

def refuse(flow):
    flow.response = http.Response.make(503, b"")
    flow.response.stream = lambda _: []

def requestheaders(flow):
    flow.metadata[REQUEST_BOUND] = Bound(1000, lambda flow: flow.kill())

def responseheaders(flow):
    flow.metadata[RESPONSE_BOUND] = Bound(1000, refuse)
"""
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
REQUEST = b"%s http://127.0.0.1:%d/ HTTP/1.1\r\nHost: a\r\n%s\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
LAST = b"0\r\n\r\n"


def chunks(count: int) -> bytes:
    """That many hundred bytes."""
    return (b"64\r\n" + b"x" * 100 + b"\r\n") * count + LAST


def answer(folder: Path, script: str, sent: int) -> bytes:
    """What a client gets when the origin sends that many hundred bytes."""
    with Origin(HEAD + chunks(sent)) as origin, started(mitmdump(folder, script)) as proxy:
        ask = REQUEST % (b"GET", origin.port, b"")
        return asked(proxy, ask, until=b"\r\n\r\n" if sent > 10 else LAST)[0]


def test_an_answer_within_the_bound_comes_whole(tmp_path: Path):
    """The bound itself may still be held."""
    assert 1000 == answer(tmp_path, PATCHED + BOUND + READY, 10).count(b"x")


def test_another_answer_stands_in_for_one_beyond_the_bound(tmp_path: Path):
    """None of its bytes has left: the status is the other's too."""
    seen = answer(tmp_path, PATCHED + BOUND + READY, 11)

    assert seen.startswith(b"HTTP/1.1 503 ") and b"x" * 100 not in seen


def test_without_the_patch_there_is_no_bound(tmp_path: Path):
    """When this fails, mitmproxy has closed the hole: the row in the table goes."""
    assert answer(tmp_path, BOUND + READY, 11).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(("count", "reached"), [(10, True), (11, False)])
def test_a_request_beyond_the_bound_is_killed(tmp_path: Path, count: int, reached: bool):
    """Its origin never hears of it."""
    with (
        Origin(HEAD + LAST, end=LAST) as origin,
        started(mitmdump(tmp_path, PATCHED + BOUND + READY)) as proxy,
    ):
        ask = REQUEST % (b"POST", origin.port, CHUNKED) + chunks(count)
        seen = asked(proxy, ask, until=LAST)[0]

    assert reached == seen.startswith(b"HTTP/1.1 200 ") == (b"x" in origin.received)
