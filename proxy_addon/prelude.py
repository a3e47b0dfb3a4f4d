"""What goes in front of a service worker's script, and where: a worker must run as it did before.

`worker_prelude.js` is joined to one line, so that the lines of the worker's own errors stay true.
It stands in front of everything, but behind a `"use strict"`: a directive counts only before the
first statement (ECMA-262, 11.2.1), and a worker that was strict would run sloppily behind ours.

The script's beginning is read token by token: space, comments and string literals, until the first
token that is none of these, or the budget. What stands behind a literal decides whether it was a
statement; where that is a matter of automatic semicolons and in doubt, it was none.
"""

import re
from hashlib import sha256
from typing import Final

from proxy_addon.locate import BUDGET, Finding

#: What may stand in a string literal without an escape: all of base64 and our names.
_PLAIN: Final = re.compile(r"[A-Za-z0-9\-_+/=.]+")

#: Workers' scripts are UTF-8 always (HTML, "fetch a classic worker script").
_MARK: Final = b"\xef\xbb\xbf"
_SPACE: Final = rb"[\t\n\x0b\x0c\r ]"
_BLANK: Final = re.compile(
    rb"(?:" + _SPACE + rb"++|//[^\n\r]*+[\n\r]|/\*(?:[^*]++|\*(?!/))*+\*/)*+"
)
_LITERAL: Final = re.compile(rb"""(["'])(?:(?!\1)[^\\\n\r]|\\.)*+\1""", re.DOTALL)
_STRICT: Final = frozenset({b'"use strict"', b"'use strict'"})
#: In front of what no semicolon is inserted (ECMA-262, 12.10.1).
_GOES_ON: Final = re.compile(rb"[.(\[+\-*/,?:=<>&|^%!`]|in(?:stanceof)?(?![\w$])")
#: A comment in which nothing may stand in front of them: `#!` (12.5), and `-->` (B.1.1).
_FIRST: Final = re.compile(rb"#!|(?:" + _BLANK.pattern + rb")-->")


def prelude(script: str, *, prefix: str, version: str, integrity: str, honoured: bool) -> bytes:
    """Make of `worker_prelude.js` what goes in front of a worker's script.

    Parameters
    ----------
    script
        The file's text; comments have lines of their own.
    prefix
        "/obs/<installation>/".
    version, integrity
        Of the observer.
    honoured
        Whether pages that say `no-transform` are left alone.

    Returns
    -------
    bytes
        One line without an end, which may stand behind a literal and in front of any token.

    Raises
    ------
    ValueError
        If a part could end a string.
    """
    parts = {"PREFIX": prefix, "VERSION": version, "INTEGRITY": integrity}
    if not all(map(_PLAIN.fullmatch, parts.values())):
        raise ValueError("a part of the prelude holds a character that would have to be escaped")
    lines = (line.strip() for line in script.splitlines())
    code = " ".join(line for line in lines if line and not line.startswith("//"))
    for name, value in (*parts.items(), ("HONOURED", str(honoured).lower())):
        code = code.replace(f"__{name}__", value)
    return b";" + code.encode("ascii")


def version_of(observer_version: str, made: bytes) -> str:
    """The version of a worker's script: another prelude makes what browsers have stored stale."""
    return f"{observer_version}-{sha256(made).hexdigest()[:8]}"


class Front:
    """The place of the prelude, however the script is cut.

    It has the same face as a `Locator`, so that `inject` need not know which of the two it holds.

    Examples
    --------
    >>> front = Front()
    >>> [front.feed(piece).value for piece in (b"\\xef\\xbb", b"\\xbfself.a = 1")], front.offset
    (['more', 'injected'], 3)
    >>> front = Front()
    >>> front.feed(b"/* (c) */ 'use strict'; self.a = 1").value, front.offset
    ('injected', 22)
    """

    __slots__ = ("_finding", "_next", "_read", "offset", "text_codec")

    def __init__(self) -> None:
        self._read = b""
        self._next = 1  # bytes at which it is worth looking again: a byte at a time costs no more
        self._finding = Finding.MORE
        self.offset = 0
        self.text_codec = "ascii"

    def feed(self, data: bytes) -> Finding:
        """Take the next decoded bytes."""
        if self._finding is Finding.MORE:
            self._read = (self._read + data)[:BUDGET]
            if len(self._read) == BUDGET:
                return self.close()
            if len(self._read) >= self._next:
                self._next = 2 * len(self._read)
                self._look(over=False)
        return self._finding

    def close(self) -> Finding:
        """Decide at the end of the body, or of the budget."""
        if self._finding is Finding.MORE:
            self._look(over=True)
        return self._finding

    def _look(self, over: bool) -> None:
        read = self._read
        if not over and (len(read) < len(_MARK) or self._is_short()):
            return
        at = len(_MARK) if read.startswith(_MARK) else 0
        place = _behind_prologue(read, at, over)
        if place is None and not over:
            return
        self.offset = at if place is None else place
        if not read:
            self._finding = Finding.EMPTY
        else:
            self._finding = Finding.NO_PLACE if _FIRST.match(read, at) else Finding.HEAD

    def _is_short(self) -> bool:
        """Whether the first token, behind blanks, has not come: it may be one of `_FIRST`."""
        at = len(_MARK) if self._read.startswith(_MARK) else 0
        return len(self._read) < _skip(self._read, at) + len(b"-->")


def _skip(read: bytes, at: int) -> int:
    blank = _BLANK.match(read, at)
    return blank.end() if blank else at


def _behind_prologue(read: bytes, at: int, over: bool) -> int | None:
    """Where the prelude goes; None where that cannot be said yet."""
    place = at
    while True:
        at = _skip(read, at)
        if not over and read[at : at + 2] in (b"", b"/", b"//", b"/*"):
            return None
        literal = _LITERAL.match(read, at)
        if literal is None:
            whole = read[at : at + 1] not in (b'"', b"'") or over
            return place if whole else None
        behind = _skip(read, literal.end())
        if not over and len(read) < behind + len(b"instanceof "):
            return None
        if not _is_statement(read, literal.end(), behind):
            return place
        if literal[0] in _STRICT:
            place = literal.end()
        at = behind + (read[behind : behind + 1] == b";")


def _is_statement(read: bytes, end: int, behind: int) -> bool:
    """Whether a literal that ends at `end` is one, with what stands at `behind`."""
    if behind == len(read) or read[behind : behind + 1] in (b";", b"}"):
        return True
    if read[behind : behind + 2] == b"//":  # a comment that ends with the script
        return True
    broken = b"\n" in read[end:behind] or b"\r" in read[end:behind]
    return broken and not _GOES_ON.match(read, behind)
