"""A syslog message, RFC 5424, and its frame on a stream, RFC 6587 section 3.4.1 and RFC 5425."""

import re

from reauth.alert import Severity
from reauth.alert_document import rfc3339
from reauth.news import News, when

_FACILITY = 10
"""security/authorization messages (RFC 5424, table 1)."""

_SEVERITY = {
    Severity.INFORMATIONAL: 6,
    Severity.LOW: 5,
    Severity.MEDIUM: 4,
    Severity.HIGH: 3,
    Severity.CRITICAL: 2,
}
"""Informational, notice, warning, error, critical (RFC 5424, table 2)."""

ENTERPRISE = 32473
"""The private enterprise number of examples (RFC 5612): nobody's, and reauth has none."""

UDP = 2048
"""Octets that a receiver should take in a datagram (RFC 5424 section 6.1)."""


def parameter(text: str) -> str:
    r"""A value of structured data: quote, backslash and closing bracket escaped (section 6.3.3).

    Examples
    --------
    >>> print(parameter('a"b]c\\'))
    a\"b\]c\\
    """
    return re.sub(r'(["\\\]])', r"\\\1", text)


def message(news: News, host: str, text: str) -> bytes:
    """The message; `text` is what stands behind the header, UTF-8 without a byte order mark.

    The mark that section 6.4 asks for is left out: decoders of CEF and JSON trip over it.
    """
    priority = _FACILITY * 8 + _SEVERITY[news.alert.severity]
    told = f'id="{parameter(news.id)}" kind="{parameter(news.alert.kind)}"'
    head = f"<{priority}>1 {rfc3339(when(news))} {_name(host, 255)} reauth - {news.event}"
    return f"{head} [alert@{ENTERPRISE} {told}] {text}".encode()


def _name(text: str, longest: int) -> str:
    """Printable US-ASCII without spaces, or the nil value (section 6)."""
    return re.sub(r"[^!-~]", "", text)[:longest] or "-"


def framed(octets: bytes) -> bytes:
    """A message with its length before it: on a stream, whatever it holds, its end is known.

    Examples
    --------
    >>> framed(b"<1>1 - - - - - -")
    b'16 <1>1 - - - - - -'
    """
    return b"%d " % len(octets) + octets


def clipped(octets: bytes, most: int) -> bytes:
    """At most so many octets, and no half of a character."""
    return octets if len(octets) <= most else octets[:most].decode(errors="ignore").encode()
