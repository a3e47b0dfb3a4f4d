"""Where the tag goes, however the bytes are split.

Theory of operation
-------------------
The tag must be the first child of `head`. HTML's tree construction ("initial", "before html",
"before head" in WHATWG HTML, 13.2.6.4) reaches `head` past a byte order mark, space, comments, a
doctype, `<html ...>` and end tags that mean nothing there. The first token that is none of these
either is `<head ...>`, and the place is behind it, or makes the parser invent a `head`, and the
place is in front of it. So this is a tokenizer of the few tokens that can come before, and it never
sees a page's body. A script in front of the doctype would put the page into quirks mode: nothing is
ever inserted before one.

Each state is a method in `_STATES`. It reads from `_at` and names the next state, or "" when it
needs bytes that have not come; then it has moved `_at` only past what need not be read again. All
bytes are kept, at most `budget` of them, and none beyond is looked at: hence the answer depends on
the bytes alone, not on how they were cut. Attributes are a table of their own, `_ATTRIBUTES`.

Bytes are scanned, not characters. In the encodings of the Encoding Standard other than UTF-16 and
ISO-2022-JP, no byte of markup (`< > " ' = / ! - ?` and space) is ever a part of another letter.
UTF-16 is scanned as one byte a code unit. An ESC before the place could switch ISO-2022-JP to
another set, in which `<` is no `<`: then we give up.

Where the budget or the body ends first, the place is behind the last token that was whole, if a
doctype or `<html>` was among them (`SAFE`): comments before it stay where they were.

XHTML is stricter: the place is behind a `<head ...>` without prefix, or there is none.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

#: Browsers look for the encoding in the first KiB and lay out when the head has come; a page whose
#: head has not begun in 64 KiB is given up (transparency.md, 1.3).
BUDGET: Final = 65536

_SPACE: Final = b"\t\n\f\r "
_LETTERS: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_ENDS_NAME: Final = frozenset(_SPACE + b"/>")
_SLASH: Final = ord("/")
#: Start tags that do not make the parser invent a head, and end tags that do; it ignores all other
#: end tags (WHATWG HTML, 13.2.6.4.2 and 13.2.6.4.3).
_STARTS: Final = frozenset({b"html", b"head"})
_ENDS: Final = frozenset({b"head", b"body", b"html", b"br"})

#: Byte order marks, which outrank every label (Encoding Standard, "BOM sniff"), and the codec, the
#: bytes of a code unit and the units of the mark that follow from them.
_MARKS: Final = (
    (b"\xef\xbb\xbf", "ascii", 1, 3),
    (b"\xff\xfe", "utf-16-le", 2, 1),
    (b"\xfe\xff", "utf-16-be", 2, 1),
)
#: Labels of UTF-16 (Encoding Standard, 4.2).
_UTF_16: Final = {
    **dict.fromkeys(
        ("utf-16", "utf-16le", "unicode", "unicodefeff", "ucs-2", "csunicode", "iso-10646-ucs-2"),
        "utf-16-le",
    ),
    **dict.fromkeys(("utf-16be", "unicodefffe"), "utf-16-be"),
}
#: Labels of encodings that hide `<`, most of which browsers show as one U+FFFD (same, 4.2).
_HIDING: Final = frozenset(
    {"utf-7", "hz-gb-2312", "iso-2022-kr", "csiso2022kr", "iso-2022-cn", "iso-2022-cn-ext"}
)


#: Beginnings by which a body without a type is taken for HTML, before a space or `>` but for the
#: comment, and the bytes in which they are looked for (WHATWG MIME Sniffing, 5.2 and 7.1).
_SNIFFED: Final = (
    b"<!DOCTYPE HTML", b"<HTML", b"<HEAD", b"<SCRIPT", b"<IFRAME", b"<H1", b"<DIV", b"<FONT",
    b"<TABLE", b"<A", b"<STYLE", b"<TITLE", b"<B", b"<BODY", b"<BR", b"<P",
)  # fmt: skip
_SNIFFED_IN: Final = 1445
_LONGEST: Final = 15


def _row(default: str, **edges: str) -> tuple[dict[int, str], str]:
    """Build a row of `_ATTRIBUTES`: the edges by the name of their bytes, all others to default."""
    named = {"space": _SPACE, "slash": b"/", "end": b">", "equals": b"=", "dq": b'"', "sq": b"'"}
    return {byte: to for name, to in edges.items() for byte in named[name]}, default


#: WHATWG HTML, 13.2.5.32 to 13.2.5.40, with the states that do not differ for us made one. An `=`
#: where a name may begin begins a name.
_ATTRIBUTES: Final = {
    "between": _row("name", space="between", slash="between", end="done"),
    "name": _row("name", space="after", slash="between", equals="value", end="done"),
    "after": _row("name", space="after", slash="between", equals="value", end="done"),
    "value": _row("bare", space="value", dq="double", sq="single", end="done"),
    "double": _row("double", dq="between"),
    "single": _row("single", sq="between"),
    "bare": _row("bare", space="between", end="done"),
}


class Finding(StrEnum):
    """What is known of the place; `HEAD` and `SAFE` come with an offset, `MORE` is undecided."""

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


def _narrow(data: bytes, codec: str) -> bytes:
    """Return one byte a code unit: itself where it is ASCII, 0x80 otherwise."""
    low, high = (data[::2], data[1::2]) if codec == "utf-16-le" else (data[1::2], data[::2])
    return bytes(a if b == 0 and a < 0x80 else 0x80 for a, b in zip(low, high, strict=True))


class Locator:
    """Find the place of the tag in a page that comes in pieces.

    Parameters
    ----------
    charset
        The label in the page's `Content-Type`, lower-cased, if there is one.
    xhtml
        Whether the page is parsed as XML.
    sniffed
        Whether it has no type: then browsers look at its first bytes, and so do we.
    budget
        Decoded bytes within which the place must be decided.

    Attributes
    ----------
    offset
        Decoded bytes in front of the tag, once found.
    text_codec
        How the tag's ASCII is written there: "ascii", "utf-16-le" or "utf-16-be".

    Examples
    --------
    >>> locator = Locator()
    >>> [locator.feed(piece).value for piece in (b"<!doctype ", b"html><he", b"ad><title>")]
    ['more', 'more', 'injected']
    >>> locator.offset
    21
    """

    __slots__ = (
        "_any", "_at", "_data", "_finding", "_name", "_part", "_pending", "_room", "_safe", "_seen",
        "_sniffed", "_start", "_state", "_width", "_xhtml", "offset", "text_codec",
    )  # fmt: skip

    def __init__(
        self,
        charset: str | None = None,
        *,
        xhtml: bool = False,
        sniffed: bool = False,
        budget: int = BUDGET,
    ) -> None:
        self._xhtml = xhtml
        self._sniffed = sniffed
        self._room = budget
        self._pending = b""  # not scanned yet: a mark to come, half a code unit
        self._data = bytearray()  # scanned: one byte a code unit
        self._at = 0
        self._start = 0  # of the token that is being read
        self._name = 0  # where its name begins, if it is a tag
        self._any = False  # whether a whole token has been read
        self._seen = False  # whether a doctype or <html> has been
        self._safe = -1
        self._state = "data"
        self._part = ""  # of a tag's attributes
        self._finding = Finding.CHARSET if charset in _HIDING else Finding.MORE
        self._width = 0  # of a code unit; 0 until the mark is decided
        self.text_codec = _UTF_16.get(charset or "", "ascii")
        self.offset = 0

    def feed(self, data: bytes) -> Finding:
        """Take the next decoded bytes; once the answer is not `MORE` it stays as it is."""
        if self._finding is Finding.MORE:
            data = data[: self._room]
            self._room -= len(data)
            self._take(data)
            while self._finding is Finding.MORE and (state := _STATES[self._state](self)):
                self._state = state
            if not self._room:
                self.close()
        return self._finding

    def close(self) -> Finding:
        """Decide at the end of the body, or of the budget: never `MORE`."""
        if self._finding is Finding.MORE:
            if self._safe >= 0:
                self._settle(Finding.SAFE, self._safe)
            elif self._state == "data" and not self._any and self._room:
                self._settle(Finding.EMPTY)  # at the end only: behind the budget a page may come
            else:
                self._settle(Finding.NO_PLACE)
        return self._finding

    def _take(self, data: bytes) -> None:
        self._pending += data
        if not self._width and not self._read_mark():
            return
        whole = len(self._pending) - len(self._pending) % self._width
        units, self._pending = self._pending[:whole], self._pending[whole:]
        self._data += units if self._width == 1 else _narrow(units, self.text_codec)

    def _read_mark(self) -> bool:
        for mark, codec, width, units in _MARKS:
            if self._pending.startswith(mark):
                self.text_codec, self._width, self._at = codec, width, units
                return True
            if mark.startswith(self._pending):
                return False
        self._width = 1 if self.text_codec == "ascii" else 2
        return True

    def _settle(self, finding: Finding, at: int = 0) -> str:
        if finding.found and b"\x1b" in self._data[:at]:
            finding = Finding.CHARSET
        self._finding = finding
        self.offset = at * self._width
        return ""

    def _leave(self) -> str:
        """End: the token at `_start` makes the parser invent a head, which XHTML does not."""
        if self._xhtml:
            return self._settle(Finding.NO_PLACE)
        return self._settle(Finding.HEAD, self._start)

    def _whole(self, end: int, telling: bool = False) -> str:
        """Go on behind a token; `telling` ones let us stay behind the doctype."""
        self._any = True
        self._seen |= telling
        self._at = end
        if self._seen and not self._xhtml:
            self._safe = end
        return "data"

    def _find(self, needle: bytes) -> int:
        """Return where `needle` begins, from `_at` on; -1 moves `_at` past what cannot hold it."""
        found = self._data.find(needle, self._at)
        if found < 0:
            self._at = max(self._at, len(self._data) - len(needle) + 1)
        return found

    def _in_data(self) -> str:
        data, at, size = self._data, self._at, len(self._data)
        while at < size and data[at] in _SPACE:
            at += 1
        self._at = self._start = at
        if at == size:
            return ""
        if data[at : at + 1] == b"<":
            return "sniffing" if self._sniffed else "tag-open"
        return self._leave() if self._any else self._settle(Finding.NOT_MARKUP)

    def _in_sniffing(self) -> str:
        word = bytes(self._data[self._start : self._start + _LONGEST]).upper()
        marked = self._width > 1 or self._data.startswith(_MARKS[0][0])
        if marked or self._start + _LONGEST > _SNIFFED_IN:
            return self._settle(Finding.NOT_MARKUP)
        if len(word) < _LONGEST and not word.startswith(b"<!--"):
            return ""
        self._sniffed = False
        for begin in _SNIFFED:
            if word.startswith(begin) and word[len(begin) : len(begin) + 1] in (b" ", b">"):
                return "tag-open"
        if word.startswith(b"<!--"):
            return "tag-open"
        return self._settle(Finding.NOT_MARKUP)

    def _in_tag_open(self) -> str:
        following = self._data[self._start + 1 : self._start + 2]
        self._at = self._start + 2
        match following:
            case b"":
                return ""
            case b"!":
                return "declaration"
            case b"?":
                return "instruction" if self._xhtml else "bogus"
            case b"/":
                return "end-tag-open"
        if following[0] in _LETTERS:
            self._name = self._start + 1
            return "tag-name"
        return self._leave() if self._any else self._settle(Finding.NOT_MARKUP)

    def _in_end_tag_open(self) -> str:
        following = self._data[self._at : self._at + 1]
        if not following:
            return ""
        if self._xhtml:
            return self._leave()
        self._name = self._at
        return "tag-name" if following[0] in _LETTERS else "bogus"

    def _in_tag_name(self) -> str:
        data, at, size = self._data, self._at, len(self._data)
        while at < size and data[at] not in _ENDS_NAME:
            at += 1
        self._at = at
        if at == size:
            return ""
        name = bytes(data[self._name : at])
        name = name if self._xhtml else name.lower()
        if name in _ENDS if self._is_end() else name not in _STARTS:
            return self._leave()
        self._part = "between"
        return "attributes"

    def _in_attributes(self) -> str:
        data, part = self._data, self._part
        for at in range(self._at, len(data)):
            edges, default = _ATTRIBUTES[part]
            part = edges.get(data[at], default)
            if part == "done":
                return self._tag(at + 1)
        self._at, self._part = len(data), part
        return ""

    def _is_end(self) -> bool:
        return self._name == self._start + 2

    def _tag(self, end: int) -> str:
        if self._is_end():
            return self._whole(end)
        if self._data[self._start + 1 : self._start + 5].lower() == b"html":
            return self._whole(end, telling=True)
        if self._xhtml and self._data[end - 2] == _SLASH:
            return self._settle(Finding.NO_PLACE)
        return self._settle(Finding.HEAD, end)

    def _in_declaration(self) -> str:
        word = bytes(self._data[self._at : self._at + 7])
        if word[:2] == b"--":
            self._at += 2
            return "comment" if self._xhtml else "comment-start"
        if word.lower() == b"doctype":
            return "doctype"
        if b"--".startswith(word) or b"doctype".startswith(word.lower()):
            return ""
        return self._leave() if self._xhtml else "bogus"

    def _in_comment_start(self) -> str:
        word = self._data[self._at : self._at + 2]
        if word[:1] == b">":
            return self._whole(self._at + 1)
        if word == b"->":
            return self._whole(self._at + 2)
        return "" if b"->".startswith(word) else "comment"

    def _in_comment(self) -> str:
        # `--!>` is looked for first, as it reads from the same `_at` and must not move it.
        bang = self._data.find(b"--!>", self._at)
        end = self._data.find(b"-->", self._at)
        if bang >= 0 and not 0 <= end < bang:
            return self._whole(bang + 4)
        if end >= 0:
            return self._whole(end + 3)
        self._at = max(self._at, len(self._data) - 3)
        return ""

    def _in_doctype(self) -> str:
        end = self._find(b">")
        if end < 0:
            return ""
        if self._xhtml and b"[" in self._data[self._start : end]:
            return self._leave()  # declarations inside, with `>` of their own
        return self._whole(end + 1, telling=True)

    def _in_bogus(self) -> str:
        end = self._find(b">")
        return self._whole(end + 1) if end >= 0 else ""

    def _in_instruction(self) -> str:
        end = self._find(b"?>")
        return self._whole(end + 2) if end >= 0 else ""


_STATES: Final[dict[str, Callable[[Locator], str]]] = {
    "data": Locator._in_data,
    "sniffing": Locator._in_sniffing,
    "tag-open": Locator._in_tag_open,
    "end-tag-open": Locator._in_end_tag_open,
    "tag-name": Locator._in_tag_name,
    "attributes": Locator._in_attributes,
    "declaration": Locator._in_declaration,
    "comment-start": Locator._in_comment_start,
    "comment": Locator._in_comment,
    "doctype": Locator._in_doctype,
    "bogus": Locator._in_bogus,
    "instruction": Locator._in_instruction,
}
