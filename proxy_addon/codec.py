"""Content codings: bytes in, bytes out, with a limit on what they may swell to."""

from collections.abc import Iterator


class CodecError(Exception):
    """Cannot be decoded; `reason` is the label of a counter."""

    reason = "undecodable"


class BombError(CodecError):
    """Swells beyond the limit."""

    reason = "bomb"


class Decoder:
    """Undoes a Content-Encoding, stacks included; raises `CodecError` while iterated."""

    encoding: str

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Yield decoded pieces."""
        raise NotImplementedError

    def finish(self) -> Iterator[bytes]:
        """Yield what is left."""
        raise NotImplementedError


class Encoder:
    """Identity or gzip."""

    encoding: str


def decoder(encoding: str) -> Decoder:
    """Make a decoder for the value of a Content-Encoding header; `CodecError` where unknown."""
    raise NotImplementedError


def encoder(encoding: str) -> Encoder:
    """Make an encoder: "identity" or "gzip"."""
    raise NotImplementedError
