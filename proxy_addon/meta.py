"""Policies in `<meta http-equiv=Content-Security-Policy>`: read on behind our tag, relax them.

Theory of operation
-------------------
Our tag is in front of every such element, so our script runs; but from the element on its policy
governs what is sent. So behind the tag the head is read on, token by token, and where a `meta`
bears a policy the value of its `content` is replaced; all else goes out as it came, byte for byte.

A browser heeds such an element as a child of `head` only (WHATWG HTML, 4.2.5.3). Hence the reading
ends with the first token that makes the parser leave the head for good ("in head" and "after head",
13.2.6.4.4 and 13.2.6.4.6): text, the end of the body, a start tag that is none of the head's.
Elements whose content is no markup, or none of this head's, are read over to their end tag.

The outcome depends on the bytes alone, not on how they were cut: a token is taken once it is whole,
and where the budget or an ESC comes first (behind which ISO-2022-JP has letters that look like
markup) the reading ends there. Held is one unfinished token, never more than the budget. What is
not understood stays as it is: a mistake may cost us batches, never the page.
"""

import re
from collections.abc import Callable
from typing import Final

_SPACE: Final = re.compile(rb"[\t\n\f\r ]*")
#: An attribute (WHATWG HTML, 13.2.5.32 to 13.2.5.39): quotes mean something behind `=` only.
#: Possessive all through, so that what is no tag fails in one pass.
_ATTRIBUTE: Final = (
    rb"(?P<name>[^\t\n\f\r />][^\t\n\f\r />=]*+)"
    rb"(?:[\t\n\f\r ]*+=[\t\n\f\r ]*+"
    rb"""(?P<value>"[^"]*+"|'[^']*+'|[^\t\n\f\r "'>][^\t\n\f\r >]*+|(?=>))"""
    rb"|(?![\t\n\f\r ]*+=))"
)
_ATTRIBUTES: Final = re.compile(_ATTRIBUTE)
_TAG: Final = re.compile(
    rb"<(/?)([A-Za-z][^\t\n\f\r />]*+)(?:[\t\n\f\r /]++|"
    + re.sub(rb"\?P<\w+>", b"?:", _ATTRIBUTE)
    + rb")*+>"
)
#: `<!-->` and `<!--->` are whole comments (13.2.5.43 and 13.2.5.44).
_COMMENT: Final = re.compile(rb"<!--(?:-?>|(?=[^>-]|-[^>]))")
_COMMENT_END: Final = re.compile(rb"--!?>")
_BOGUS: Final = re.compile(rb"<(?=[?]|![^-]|!-[^-]|/[^A-Za-z])")
_BOGUS_END: Final = re.compile(rb">")
#: May be the beginning of any of these; other `<` are text.
_OPEN: Final = re.compile(rb"<(?:\Z|!|/?[A-Za-z]|/\Z)")

#: Elements whose content is no markup of this head, and where it ends.
_CONTENT_END: Final = {
    name: re.compile(rb"(?=</" + name + rb"[\t\n\f\r />])", re.IGNORECASE)
    for name in (b"script", b"style", b"title", b"noscript", b"noframes", b"template")
}
_TAIL: Final = len(b"</noscript")
"""Bytes at the end of a piece in which the end of a content may have begun."""
_STARTS: Final = frozenset({b"meta", b"link", b"base", b"basefont", b"bgsound", b"html", b"head"})
"""Start tags that stay in the head, besides those above; behind `</head>` they still count."""
_ENDS: Final = frozenset({b"body", b"html", b"br"})
"""End tags that do not; the parser ignores all others, but for that of `head`."""


class MetaFilter:
    """What a page goes through behind our tag.

    Parameters
    ----------
    relax
        From the value of `content`, entities and all, to what takes its place.
    budget
        Bytes that are read.

    Attributes
    ----------
    done
        Nothing is held or changed any more.

    Examples
    --------
    >>> behind = MetaFilter(lambda content: content + " c", 65536)
    >>> [behind.feed(piece) for piece in (b"<meta http-equiv=content-sec", b"urity-policy conten")]
    [b'', b'']
    >>> behind.feed(b"t='a b'><p>")
    b"<meta http-equiv=content-security-policy content='a b c'><p>"
    >>> behind.done
    True
    """

    __slots__ = ("_at", "_held", "_out", "_relax", "_room", "_sent", "_until", "done")

    def __init__(self, relax: Callable[[str], str], budget: int) -> None:
        self._relax = relax
        self._room = budget
        self._held = b""
        self._out: list[bytes] = []
        self._at = 0  # how far it is read
        self._sent = 0  # how far it is in `_out`
        self._until: re.Pattern[bytes] | None = None
        self.done = False

    def feed(self, data: bytes) -> bytes:
        """Take the next decoded bytes; give what may go out."""
        if self.done:
            return data
        self._held += data
        self._out, self._at, self._sent = [], 0, 0
        end = min(len(self._held), self._room)
        escape = self._held.find(b"\x1b", 0, end)
        end = end if escape < 0 else escape
        while self._step(end):
            pass
        out = b"".join((*self._out, self._held[self._sent : self._at]))
        over = end < len(self._held)
        self._held = self._held[self._at :]
        self._room -= self._at
        return out + self.close() if self.done or over else out

    def close(self) -> bytes:
        """Let go of what is held: at the end, or where something failed."""
        self.done = True
        held, self._held = self._held, b""
        return held

    def _step(self, end: int) -> bool:
        """Read a token; False where there is none whole, or the head is left."""
        if self._until is not None:
            return self._read_over(self._until, end)
        blank = _SPACE.match(self._held, self._at, end)
        self._at = blank.end() if blank else self._at
        if self._at == end:
            return False
        if found := _TAG.match(self._held, self._at, end):
            return self._tag(found)
        if found := _COMMENT.match(self._held, self._at, end):
            self._until = None if found[0].endswith(b">") else _COMMENT_END
        elif found := _BOGUS.match(self._held, self._at, end):
            self._until = _BOGUS_END
        else:
            self.done = not _OPEN.match(self._held, self._at, end)
            return False
        self._at = found.end()
        return True

    def _read_over(self, until: re.Pattern[bytes], end: int) -> bool:
        found = until.search(self._held, self._at, end)
        if found is None:
            self._at = max(self._at, end - _TAIL)
            return False
        self._at, self._until = found.end(), None
        return True

    def _tag(self, found: re.Match[bytes]) -> bool:
        name = found[2].lower()
        if found[1]:
            self.done = name in _ENDS
        else:
            self._until = _CONTENT_END.get(name)
            self.done = self._until is None and name not in _STARTS
        if self.done:
            return False
        if not found[1] and name == b"meta":
            self._meta(found)
        self._at = found.end()
        return True

    def _meta(self, found: re.Match[bytes]) -> None:
        """Replace the value of `content` where this is a policy; the first of a name counts."""
        attributes: dict[bytes, re.Match[bytes]] = {}
        for attribute in _ATTRIBUTES.finditer(self._held, found.end(2), found.end()):
            attributes.setdefault(attribute["name"].lower(), attribute)
        kind, content = attributes.get(b"http-equiv"), attributes.get(b"content")
        if kind is None or content is None or not content["value"]:
            return
        if (kind["value"] or b"").strip(b"\"'").lower() != b"content-security-policy":
            return
        quote = content["value"][:1] if content["value"][0] in b"\"'" else b""
        was = content["value"].removeprefix(quote).removesuffix(quote).decode("latin-1")
        relaxed = self._relax(was)
        if relaxed == was:
            return
        start, end = content.span("value")
        mark = quote or b'"'
        self._out += (self._held[self._sent : start], mark + relaxed.encode("latin-1") + mark)
        self._sent = end
