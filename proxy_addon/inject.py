"""The stream's callable: decode, find the place, put the tag there, encode; and never raise.

mitmproxy hands it raw, content-encoded bytes and takes what may go out. Nothing yet is `[]`: `b""`
would end a chunked body. An exception would leave the browser spinning for ever, so everything is
caught, and what goes wrong is decided here: bytes that are still held go out as they came; once
something re-encoded has gone out, the body breaks off: `compat.cut_bodies` ends the connection
where `cut` says so, and the browser fails there as it would without us.

By then the head is gone. Where the browser was told of another coding than the origin's, a page
that gets no tag still has to be re-encoded, and only what cannot be decoded at all goes out raw.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import Enum, auto
from time import perf_counter
from typing import Final

from proxy_addon.codec import CodecError, Decoder, Encoder, decoder
from proxy_addon.locate import Finding, Locator
from proxy_addon.meta import MetaFilter
from proxy_addon.policy import Reason
from proxy_addon.prelude import Front
from proxy_addon.watch import Watch

#: A piece shorter than this is a page that comes bit by bit, and the browser shall see it at once;
#: longer ones are seen soon enough, and flushing costs bytes (transparency.md, 2.2).
_FLUSH_BELOW: Final = 16384

#: Encoded bytes that may be held beyond those that came of them. Any page swells when decoded; what
#: does not (empty blocks, frames to be skipped) could be held without an end.
_IDLE_LIMIT: Final = 256 << 10

#: s between the last byte of a tagged page that breaks off and the news of it. Chromium drops
#: what it has not parsed when it hears that, and might still wait for our script (measured).
_PATIENCE: Final = 2.0

_PLACES: Final = frozenset({Reason.INJECTED, Reason.SAFE_PLACE})

#: What may stand in an attribute without quotes or entities (WHATWG HTML, 13.1.2.3): all of
#: base64, base64url and our names.
_PLAIN: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=.")


def tag(
    installation: str,
    version: str,
    integrity: str,
    token: str,
    nonce: str | None = None,
    xhtml: bool = False,
) -> bytes:
    """Write our script element: external, parser-blocking, the first child of `head`.

    Parameters
    ----------
    installation, version
        They make the script's path.
    integrity
        "sha256-..."; it and `crossorigin` are both needed under `Integrity-Policy`.
    token
        The page token; all that belongs to one page only.
    nonce
        The page's own, where `csp.relax` says so.
    xhtml
        Whether the page is parsed as XML: then every value has quotes.

    Raises
    ------
    ValueError
        If a part could end an attribute's value.

    Examples
    --------
    >>> tag("0123abcd", "1", "sha256-x", "t0k").decode()
    '<script src="/obs/0123abcd/observer.1.js" integrity="sha256-x" crossorigin=anonymous \
data-k=t0k></script>'
    """
    if not _PLAIN.issuperset(installation + version + integrity + token + (nonce or "")):
        raise ValueError("a part of the tag holds a character that would have to be escaped")
    source = f'<script src="/obs/{installation}/observer.{version}.js" integrity="{integrity}"'
    own = f' nonce="{nonce}"' if nonce else ""
    if xhtml:
        rest = f' type="text/javascript" crossorigin="anonymous" data-k="{token}"></script>'
    else:
        rest = f" crossorigin=anonymous data-k={token}></script>"
    return (source + own + rest).encode("ascii")


class _Mode(Enum):
    SCAN = auto()  # everything is held
    CODE = auto()  # decode and encode
    RAW = auto()  # the identity
    OVER = auto()  # ended, or broken off


class Injector:
    """What `flow.response.stream` is set to, for one body.

    Parameters
    ----------
    insert
        Makes what is put in, in ASCII; called once, when the place is found.
    locator
        `Locator`, or `prelude.Front` for a worker's script.
    decoder, encoder
        Of what the origin sends, and of what the browser was told to expect.
    report
        Is told the outcome as soon as it is known, once; and `Reason.CUT` if the body, already
        on its way, has to break off.
    behind
        What the page goes through behind the tag; None: it passes as it is.

    Attributes
    ----------
    outcome
        What was reported; None while undecided.
    cut
        Whether the body had to break off: no more goes out, and its end must not look like one.
    watch
        Times the page; None: nobody asks.

    Examples
    --------
    >>> from proxy_addon.codec import decoder, encoder
    >>> inject = Injector(lambda: b"<script></script>", Locator(), decoder(""), encoder("identity"))
    >>> [inject(piece) for piece in (b"<he", b"ad><title>", b"x</title>", b"")]
    [[], [b'<head><script></script><title>'], [b'x</title>'], []]
    >>> inject.outcome.value
    'injected'
    """

    __slots__ = (
        "_behind", "_decoder", "_encoder", "_held", "_idle", "_insert", "_locator", "_mode",
        "_over", "_raw", "_report", "_same", "cut", "outcome", "watch",
    )  # fmt: skip

    def __init__(
        self,
        insert: Callable[[], bytes],
        locator: Locator | Front,
        decoder: Decoder,
        encoder: Encoder,
        report: Callable[[Reason], None] = lambda _: None,
        behind: MetaFilter | None = None,
    ) -> None:
        self._behind = behind
        self._insert = insert
        self._locator = locator
        self._decoder = decoder
        self._encoder = encoder
        self._report = report
        self._same = decoder.encoding == encoder.encoding
        self._mode = _Mode.SCAN
        self._raw: list[bytes] = []
        self._held: list[bytes] = []
        self._idle = 0  # bytes of the one beyond those of the other
        self._over = False  # the origin has broken off
        self.outcome: Reason | None = None
        self.cut = False
        self.watch: Watch | None = None

    def __call__(self, data: bytes) -> list[bytes]:
        """Take the next raw bytes, `b""` at the end; give what may go out: one piece, or none.

        mitmproxy makes a chunk or frames, a TLS record and a write of each.
        """
        if self._mode is _Mode.RAW:
            return [data] if data else []
        if self._mode is _Mode.OVER:
            return []
        since = perf_counter()
        try:
            out = self._scan(data) if self._mode is _Mode.SCAN else self._code(data)
        except Exception as error:  # a bug of ours may cost a page its tag, never a user the page
            out = self._give_up(error)
        whole = b"".join(out)
        if self.watch is not None:
            over = not data or self._mode in (_Mode.RAW, _Mode.OVER)
            self.watch.took(since, gave=bool(whole), over=over)
            self.watch = None if over else self.watch
        return [whole] if whole else []

    @property
    def patience(self) -> float:
        """How long a browser is not told that this body has broken off."""
        return _PATIENCE if self.outcome in _PLACES else 0.0

    def break_off(self) -> list[bytes]:
        """Give what is still held of a body of which no more will come, and do not end it."""
        self._over = True
        return self(b"")

    def _scan(self, data: bytes) -> list[bytes]:
        """Hold and search; what is found is decided by the bytes, not by how they were cut."""
        self._raw.append(data)
        self._idle += len(data)
        pieces = self._decoder.decode(data)
        for piece in pieces:
            self._held.append(piece)
            self._idle -= len(piece)
            if found := self._look(piece):
                return self._settle(found, pieces, data)
        if data and self._idle <= _IDLE_LIMIT:
            return []
        found = self._look(None) or Reason.BUG
        if data and found is Reason.EMPTY:  # a page may still come, and would go unwatched
            found = Reason.NO_PLACE
        return self._settle(found, pieces, data)

    def _look(self, piece: bytes | None) -> Reason | None:
        """Ask the locator, at the end for the last time; None while it is undecided."""
        try:
            finding = self._locator.close() if piece is None else self._locator.feed(piece)
        except Exception:  # the body can still be decoded: it goes on, without a tag
            return Reason.BUG
        return None if finding is Finding.MORE else Reason(finding)

    def _settle(self, found: Reason, rest: Iterable[bytes], data: bytes) -> list[bytes]:
        """Let go of what is held, with the tag if there is a place, and go on without holding."""
        self._decoder.trust()
        head, raw = b"".join(self._held), self._raw
        inserted = b""
        if found in _PLACES:
            found, inserted = self._make(found)
        if not inserted or self._locator.text_codec != "ascii":
            self._behind = None
        if not inserted and self._same:
            out, self._mode = raw, _Mode.RAW
        else:
            at = self._locator.offset
            head = head[:at] + inserted + self._pass(head[at:])
            out = [self._encoder.encode(head), self._encoder.flush()]
            self._mode = _Mode.CODE
        self._raw, self._held = [], []
        self._tell(found)
        return out if self._mode is _Mode.RAW else [*out, *self._drain(rest, data)]

    def _make(self, found: Reason) -> tuple[Reason, bytes]:
        try:
            return found, self._insert().decode("ascii").encode(self._locator.text_codec)
        except Exception:  # no token, no tag: the page goes on unwatched
            return Reason.BUG, b""

    def _pass(self, piece: bytes) -> bytes:
        """What goes on behind the tag; a policy that cannot be read stays as it is."""
        if self._behind is None:
            return piece
        try:
            passed = self._behind.feed(piece)
        except Exception:  # a bug may cost the page's batches, never the page
            passed = self._behind.close()
        if self._behind.done:
            self._behind = None
        return passed

    def _end(self) -> list[bytes]:
        """What is still held behind the tag when the body is over."""
        held = self._behind.close() if self._behind else b""
        self._behind = None
        return [self._encoder.encode(held)]

    def _code(self, data: bytes) -> list[bytes]:
        return self._drain(self._decoder.decode(data), data)

    def _drain(self, pieces: Iterable[bytes], data: bytes) -> list[bytes]:
        """Re-encode what comes of `data`; where it cannot be decoded any more, break off there."""
        out: list[bytes] = []
        try:
            for piece in pieces:
                out.append(self._encoder.encode(self._pass(piece)))
        except Exception:
            self._mode = _Mode.OVER
            self._tell(Reason.CUT)
            return [*out, *self._end(), self._encoder.flush()]
        if not data:
            out += self._end()
        if self._encoder.encoding == "identity":
            self._mode = _Mode.RAW if self._same and self._behind is None else _Mode.CODE
        elif not data:
            self._mode = _Mode.OVER
            out.append(self._encoder.flush() if self._over else self._encoder.finish())
        elif out and len(data) < _FLUSH_BELOW:
            out.append(self._encoder.flush())
        return out

    def _give_up(self, error: Exception) -> list[bytes]:
        """Let go of what is held after an error.

        As it came, if that is what the browser expects. If not, and the fault is ours, it is
        decoded anew. If it is the origin's, what was decoded before is shown, as it is without us;
        bytes that never were in the coding they claim are taken for the page itself, and may even
        be readable.
        """
        if self._mode is not _Mode.SCAN:
            self._mode = _Mode.OVER
            self._tell(Reason.CUT)
            return []
        raw, head = self._raw, b"".join(self._held)
        self._raw, self._held = [], []
        self._tell(Reason(error.reason) if isinstance(error, CodecError) else Reason.BUG)
        self._mode = _Mode.RAW
        if self._same:
            return raw
        if not isinstance(error, CodecError):
            with suppress(Exception):  # the fault may be that decoder's: another begins anew
                return self._begin_anew(b"".join(raw))
        with suppress(Exception):
            out = [self._encoder.encode(head or b"".join(raw)), self._encoder.flush()]
            self._mode = _Mode.OVER if head else _Mode.CODE
            self.cut = bool(head)
            self._decoder = decoder("identity")
            return out
        return raw

    def _begin_anew(self, raw: bytes) -> list[bytes]:
        """Decode all that came once more, and go on so, without a tag."""
        self._decoder = decoder(self._decoder.encoding)
        self._decoder.trust()
        head = b"".join(self._decoder.decode(raw))
        out = [self._encoder.encode(head), self._encoder.flush()]
        self._mode = _Mode.CODE
        return out

    def _tell(self, reason: Reason) -> None:
        self.cut = self.cut or reason is Reason.CUT
        if self.outcome is None:
            self.outcome = reason
        with suppress(Exception):  # a counter that fails must not take the page with it
            self._report(reason)
