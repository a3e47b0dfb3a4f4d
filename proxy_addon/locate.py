"""Where the tag goes, however the bytes are split."""

from enum import StrEnum


class Finding(StrEnum):
    """What is known of the place. `HEAD` and `SAFE` are found, with `offset`; `MORE` is undecided."""

    MORE = "more"
    HEAD = "injected"
    SAFE = "safe-place"
    EMPTY = "empty"
    NOT_MARKUP = "not-markup"
    NO_PLACE = "no-place"
    CHARSET = "charset"

    @property
    def found(self) -> bool:
        """Whether `offset` says where the tag goes."""
        return self in (Finding.HEAD, Finding.SAFE)


class Locator:
    """Finds the place in decoded bytes; `text_codec` says how the tag must be encoded there."""

    offset: int
    text_codec: str

    def __init__(
        self, charset: str | None = None, *, xhtml: bool = False, budget: int = 65536
    ) -> None:
        raise NotImplementedError

    def feed(self, data: bytes) -> Finding:
        """Take the next decoded bytes."""
        raise NotImplementedError

    def close(self) -> Finding:
        """Decide at the end of the body: never `MORE`."""
        raise NotImplementedError


class Front:
    """The place of the worker prelude: in front of everything but a byte order mark."""
