"""HTTP/2 headers that would be several in HTTP/1."""

import h2.config
import h2.connection
import h2.stream
import pytest
from h2.exceptions import ProtocolError
from mitmproxy.version import VERSION

from proxy_addon.compat import h2_header_check

HEAD = [(":method", "GET"), (":scheme", "https"), (":path", "/"), (":authority", "a")]
BAD = [
    ("x", "1\r\nHost: evil"), ("x", "1\nfoo: bar"), ("x", "1\0"), ("x", "1\r"),
    ("x\r\nfoo", "1"), ("x foo", "1"), ("x:foo", "1"), ("x\x80", "1"), ("x\x7f", "1"),
    ("X-Upper", "1"), (":path\r\n", "/"),
]  # fmt: skip
GOOD = [("x", ""), ("x", "a b\tc"), ("x", "\x80\xff"), ("a-b_c.~!#$%&'*+^`|9", "1"), ("x", "a:b")]


@pytest.fixture
def patched(monkeypatch: pytest.MonkeyPatch) -> None:
    """The patch, in this process, until the test is over."""
    monkeypatch.setattr(h2.stream, "validate_headers", h2.stream.validate_headers)
    h2_header_check.apply()
    h2_header_check.apply()


def received(*headers: tuple[str, str], path: str = "/") -> list:
    """What h2 makes of a request with these, as mitmproxy configures it."""
    ends = [
        h2.connection.H2Connection(
            h2.config.H2Configuration(
                client_side=client, header_encoding=False, normalize_inbound_headers=False,
                validate_outbound_headers=False, normalize_outbound_headers=False,
            )
        )
        for client in (True, False)
    ]  # fmt: skip
    for end in ends:
        end.initiate_connection()
    head = [(k, path if k == ":path" else v) for k, v in HEAD]
    sent = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in [*head, *headers]]
    ends[0].send_headers(1, sent, end_stream=True)
    return ends[1].receive_data(ends[0].data_to_send())


@pytest.mark.parametrize("header", BAD)
@pytest.mark.usefixtures("patched")
def test_what_http_1_could_not_write_is_an_error_of_the_connection(header: tuple[str, str]):
    """RFC 9113, section 8.2.1."""
    with pytest.raises(ProtocolError):
        received(header)


@pytest.mark.usefixtures("patched")
def test_so_is_a_path_that_holds_another_request():
    """The pseudo-headers are the request line of HTTP/1."""
    with pytest.raises(ProtocolError):
        received(path="/ HTTP/1.1\r\nHost: a\r\n\r\nGET /secret")


@pytest.mark.usefixtures("patched")
def test_ordinary_headers_pass():
    """Every visible character in names, any byte but three in values."""
    assert received(*GOOD)


@pytest.mark.skipif(VERSION != "11.0.2", reason="h2 4.3, which 12.2 brings, checks by itself")
def test_without_the_patch_a_line_end_passes():
    """When this fails, h2 has closed the hole: the row in the table goes."""
    assert received(BAD[0])
