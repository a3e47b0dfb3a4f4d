"""A small LDAP directory that speaks the protocol itself: simple binds, searches, their filters.

It reads filters as they were sent (RFC 4511, 4.5.1), so that one which came out of a name shows:
escaped text is a value to compare with, anything else is a filter of its own.
"""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PEOPLE = {
    "uid=ann,ou=people,dc=example": ({"uid": "ann", "cn": "Ann"}, "secret"),
    "uid=bob,ou=people,dc=example": ({"uid": "bob", "cn": "Bob"}, "hidden"),
    "uid=star*,ou=people,dc=example": ({"uid": "star*", "cn": "Star"}, "secret"),
    "cn=reauth,dc=example": ({"cn": "reauth"}, "service"),
}
_BIND, _SEARCH, _INVALID = 0x60, 0x63, 49
_KINDS = {0xA0: "and", 0xA1: "or", 0xA2: "not", 0xA3: "equalityMatch", 0xA4: "substrings",
          0x87: "present"}  # fmt: skip


def _parts(text: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of what stands one after the other (BER, definite lengths)."""
    at = 0
    while at < len(text):
        tag, size, at = text[at], text[at + 1], at + 2
        if size & 0x80:
            more = size & 0x7F
            size, at = int.from_bytes(text[at : at + more], "big"), at + more
        yield tag, text[at : at + size]
        at += size


def _tagged(tag: int, *contents: bytes) -> bytes:
    text = b"".join(contents)
    size = len(text)
    return bytes([tag, 0x84]) + size.to_bytes(4, "big") + text


def _text(value: str) -> bytes:
    return _tagged(0x04, value.encode())


class Directory(socketserver.ThreadingTCPServer):
    """Answers as long as it is open; keeps what it was asked."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.filters: list[str] = []
        self.binds: list[str] = []
        self.url = f"ldap://127.0.0.1:{self.server_address[1]}"


class _Conversation(socketserver.StreamRequestHandler):
    server: Directory

    def handle(self) -> None:
        while head := self.rfile.read(2):
            size = head[1]
            if size & 0x80:
                size = int.from_bytes(self.rfile.read(size & 0x7F), "big")
            (_, number), (kind, asked), *_ = _parts(self.rfile.read(size))
            if kind == _BIND:
                self._bind(number, asked)
            elif kind == _SEARCH:
                self._search(number, asked)
            else:
                return

    def _bind(self, number: bytes, asked: bytes) -> None:
        _, (_, name), (_, password) = _parts(asked)
        self.server.binds.append(name.decode())
        known = PEOPLE.get(name.decode(), ({}, None))[1]
        holds = not password or password.decode() == known  # RFC 4513, 5.1.2: as nobody
        self._done(number, 0x61, 0 if holds else _INVALID)

    def _search(self, number: bytes, asked: bytes) -> None:
        (_, base), *_, wanted, (_, attributes) = _parts(asked)
        self.server.filters.append(_shown(*wanted))
        names = [name.decode() for _, name in _parts(attributes)]
        for place, (known, _) in PEOPLE.items():
            if place.endswith(base.decode()) and _matches(*wanted, known):
                told = [
                    _tagged(0x30, _text(name), _tagged(0x31, _text(known[name])))
                    for name in names
                    if name in known
                ]
                self._send(number, _tagged(0x64, _text(place), _tagged(0x30, *told)))
        self._done(number, 0x65, 0)

    def _done(self, number: bytes, kind: int, code: int) -> None:
        self._send(number, _tagged(kind, bytes([0x0A, 1, code]), _text(""), _text("")))

    def _send(self, number: bytes, answer: bytes) -> None:
        self.wfile.write(_tagged(0x30, bytes([0x02, len(number)]) + number, answer))


def _shown(tag: int, content: bytes) -> str:
    """A filter in words, its values left out."""
    kind = _KINDS[tag]
    below = [_shown(*part) for part in _parts(content)] if kind in ("and", "or", "not") else []
    return f"{kind}({','.join(below)})"


def _matches(tag: int, content: bytes, known: dict[str, str]) -> bool:
    kind = _KINDS[tag]
    if kind == "present":
        return content.decode() in known
    below = list(_parts(content))
    if kind == "equalityMatch":
        name, value = (part.decode() for _, part in below)
        return known.get(name, "\0").lower() == value.lower()
    if kind == "substrings":  # that it is a wild one is all that matters
        return below[0][1].decode() in known
    found = [_matches(*part, known) for part in below]
    return {"and": all, "or": any, "not": lambda each: not all(each)}[kind](found)


@contextmanager
def directory() -> Iterator[Directory]:
    """One that answers, on a port of its own."""
    with Directory() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(10)
