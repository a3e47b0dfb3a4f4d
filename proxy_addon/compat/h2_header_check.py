"""Names and values of HTTP/2 headers are read as strictly as HTTP/1 must write them.

The h2 that mitmproxy 11.0.2 is bound to (4.1) lets line ends and other control characters through
(https://github.com/python-hyper/h2/security/advisories/GHSA-847f-9342-265h). Where the other side
speaks HTTP/1, such a value is a header, or a request, of its own: request splitting. This is what
h2 4.3 does about it, after RFC 9113, section 8.2.1: an error of the connection.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import h2.stream  # type: ignore[import-untyped] # h2 publishes none
from h2.exceptions import ProtocolError  # type: ignore[import-untyped] # h2 publishes none

_NAME = re.compile(rb":?[!-9;-@\[-~]+")
"""Visible ASCII without capitals; a colon only in front."""
_FORBIDDEN = re.compile(rb"[\0\r\n]")
_stock = h2.stream.validate_headers


def apply() -> None:
    """Check headers that come before h2's own checks."""
    h2.stream.validate_headers = _validate_headers


def _validate_headers(headers: Iterable[Any], hdr_validation_flags: Any) -> Iterable[Any]:
    return _stock(_checked(headers), hdr_validation_flags)  # type: ignore[no-any-return] # untyped


def _checked(headers: Iterable[Any]) -> Iterator[Any]:
    for header in headers:
        if not _NAME.fullmatch(header[0]) or _FORBIDDEN.search(header[1]):
            raise ProtocolError("Illegal character in a header")
        yield header
