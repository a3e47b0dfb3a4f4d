"""The stream callable: decode, find the place, put the tag there, encode; never raise."""

from collections.abc import Callable

from proxy_addon.codec import Decoder, Encoder
from proxy_addon.locate import Front, Locator
from proxy_addon.policy import Reason


def tag(
    installation: str,
    version: str,
    integrity: str,
    token: str,
    nonce: str | None = None,
    xhtml: bool = False,
) -> bytes:
    """Write the script element; `integrity` is "sha256-..." as in the manifest."""
    raise NotImplementedError


class Injector:
    """`flow.response.stream = Injector(...)`.

    Parameters
    ----------
    insert
        Makes the bytes to put in, ASCII; called once, when the place is found.
    locator
        `Locator(charset, xhtml=...)`, or `Front()` for a worker prelude.
    decoder, encoder
        What the origin sends, what the browser gets. Where both are the same, a page without a
        place goes out as it came.
    report
        Told the outcome once it is known; and `Reason.CUT` if the body later breaks off.
    """

    __slots__ = ("outcome",)

    outcome: Reason | None

    def __init__(
        self,
        insert: Callable[[], bytes],
        locator: Locator | Front,
        decoder: Decoder,
        encoder: Encoder,
        report: Callable[[Reason], None],
    ) -> None:
        raise NotImplementedError

    def __call__(self, data: bytes) -> list[bytes]:
        """Take the next raw bytes (b"" at the end), give what may go out ([]: nothing yet)."""
        raise NotImplementedError
