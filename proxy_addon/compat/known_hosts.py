"""A host that was asked for a moment ago is not taken apart and checked again.

mitmproxy parses `Host` and `:authority` some four times a request, each time with a regular
expression, IDNA both ways, and another expression for each label
(https://github.com/mitmproxy/mitmproxy/blob/v11.0.2/mitmproxy/net/http/url.py). What comes of it
depends on the text alone.
"""

from collections.abc import Callable
from functools import lru_cache

from mitmproxy.net.http import url

_Parse = Callable[[str | bytes, bool], tuple[str, int | None]]
_LONGEST = 261
"""Characters that are remembered: a name of 255 (RFC 1035, section 2.3.4), a colon and a port."""
_stock: _Parse = url.parse_authority  # type: ignore[assignment] # of either kind of text


def apply() -> None:
    """Let the last few hundred hosts be known."""
    url.parse_authority = _parse_authority


def _parse_authority(authority: str | bytes, check: bool) -> tuple[str, int | None]:
    if len(authority) > _LONGEST:
        return _stock(authority, check)
    return _known(authority, check)


@lru_cache(maxsize=512)  # what raises is not kept
def _known(authority: str | bytes, check: bool) -> tuple[str, int | None]:
    return _stock(authority, check)
