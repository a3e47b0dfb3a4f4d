"""Interim responses of an HTTP/2 origin, through mitmproxy's layers in memory."""

import h2.events
import pytest
from mitmproxy.proxy.layers.http import Http2Client, Http2Server, HttpStream

from proxy_addon.compat import h1_informational, h2_informational
from tests.proxy_addon.compat.two_connections import Between, Peer

PLACES = (
    (Http2Client, "handle_h2_event"), (HttpStream, "state_wait_for_response_headers"),
    (Http2Server, "_handle_event"), (h1_informational.Http1Client, "read_headers"),
)  # fmt: skip


@pytest.fixture
def patched(monkeypatch: pytest.MonkeyPatch) -> None:
    """The patch, in this process, until the test is over."""
    for place, name in PLACES:
        monkeypatch.setattr(place, name, getattr(place, name))
    h2_informational.apply()
    h2_informational.apply()


class Browser(Peer):
    """Keeps heads."""

    def hear(self, data: bytes) -> None:
        """Take what came."""
        kinds = (h2.events.InformationalResponseReceived, h2.events.ResponseReceived)
        events = self.http.receive_data(data)
        self.trailers.setdefault(1, []).extend(
            tuple(event.headers) for event in events if isinstance(event, kinds)
        )


def heads(*answers: list[tuple[str, str]]) -> list[tuple[tuple[str, str], ...]]:
    """What a browser gets of an origin's heads."""
    between = Between()
    between.client.__class__ = Browser
    between.ask()
    for answer in answers:
        between.origin.http.send_headers(between.origin.begun[0], answer)
        between.settle()
    return between.client.trailers[1]


HINT = (":status", "103")
FINAL = (":status", "200")


@pytest.mark.usefixtures("patched")
def test_hints_come_in_their_order_before_the_final_head():
    """Without what is for one connection only, or leads round us."""
    seen = heads(
        [HINT, ("link", "<a>"), ("alt-svc", "h3")], [(":status", "102")], [HINT, ("link", "<b>")],
        [FINAL],
    )  # fmt: skip

    other = ((":status", "102"),)
    assert [(HINT, ("link", "<a>")), other, (HINT, ("link", "<b>")), (FINAL,)] == seen


@pytest.mark.usefixtures("patched")
def test_what_mitmproxy_says_itself_is_not_said_twice():
    """100 Continue it gives whoever asks."""
    assert [(FINAL,)] == heads([(":status", "100")], [FINAL])


def test_without_the_patch_hints_are_dropped():
    """When this fails, mitmproxy has closed the hole: the row in the table goes."""
    assert [(FINAL,)] == heads([HINT], [FINAL])
