"""A small LDAP directory that speaks the protocol itself: simple binds, searches, their filters.

It reads filters as they were sent, so that one which came out of a name shows: escaped text is a
value to compare with, anything else is a filter of its own.
"""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ldap3.protocol import rfc4511
from pyasn1.codec.ber import decoder, encoder
from pyasn1.error import SubstrateUnderrunError

PEOPLE = {
    "uid=ann,ou=people,dc=example": ({"uid": "ann", "cn": "Ann"}, "secret"),
    "uid=bob,ou=people,dc=example": ({"uid": "bob", "cn": "Bob"}, "hidden"),
    "uid=star*,ou=people,dc=example": ({"uid": "star*", "cn": "Star"}, "secret"),
    "cn=reauth,dc=example": ({"cn": "reauth"}, "service"),
}


class Directory(socketserver.ThreadingTCPServer):
    """Answers as long as it is open; keeps what it was asked."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.filters: list[str] = []
        self.binds: list[str] = []
        self.url = f"ldap://127.0.0.1:{self.server_address[1]}"


class _Conversation(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.server: Directory
        rest = b""
        while piece := self.request.recv(65536):
            rest += piece
            while rest:
                try:
                    message, rest = decoder.decode(rest, asn1Spec=rfc4511.LDAPMessage())
                except SubstrateUnderrunError:
                    break
                kind = message["protocolOp"].getName()
                asked = message["protocolOp"].getComponent()
                if kind == "bindRequest":
                    self._bind(message, asked)
                elif kind == "searchRequest":
                    self._search(message, asked)
                else:
                    return

    def _bind(self, message, asked) -> None:
        name = str(asked["name"])
        password = str(asked["authentication"]["simple"])
        self.server.binds.append(name)
        known = PEOPLE.get(name, ({}, None))[1]
        holds = not password or password == known  # RFC 4513, 5.1.2: without one, as nobody
        self._say(message, "bindResponse", rfc4511.BindResponse(), 0 if holds else 49)

    def _search(self, message, asked) -> None:
        self.server.filters.append(asked["filter"].prettyPrint())
        base = str(asked["baseObject"])
        for name, (attributes, _) in PEOPLE.items():
            if name.endswith(base) and _matches(asked["filter"], attributes):
                entry = rfc4511.SearchResultEntry()
                entry["object"] = name
                wanted = [str(each) for each in asked["attributes"]]
                entry["attributes"] = _attributes(entry, attributes, wanted)
                self._send(message, "searchResEntry", entry)
        self._say(message, "searchResDone", rfc4511.SearchResultDone(), 0)

    def _say(self, message, kind, answer, code) -> None:
        answer["resultCode"] = code
        answer["matchedDN"] = answer["diagnosticMessage"] = ""
        self._send(message, kind, answer)

    def _send(self, message, kind, answer) -> None:
        said = rfc4511.LDAPMessage()
        said["messageID"] = message["messageID"]
        said["protocolOp"] = rfc4511.ProtocolOp().setComponentByName(kind, answer)
        self.request.sendall(encoder.encode(said))


def _attributes(entry, attributes, wanted):
    found = rfc4511.PartialAttributeList()
    for name in wanted:
        if name in attributes:
            one = rfc4511.PartialAttribute()
            one["type"] = name
            one["vals"] = rfc4511.Vals().setComponentByPosition(0, attributes[name])
            found.setComponentByPosition(len(found), one)
    return found


def _matches(asked, attributes) -> bool:
    kind, value = asked.getName(), asked.getComponent()
    if kind == "and":
        return all(_matches(each, attributes) for each in value)
    if kind == "or":
        return any(_matches(each, attributes) for each in value)
    if kind == "notFilter":
        return not _matches(value["innerNotFilter"], attributes)
    if kind == "present":
        return str(value) in attributes
    if kind == "equalityMatch":
        known = attributes.get(str(value["attributeDesc"]), "\0")
        return known.lower() == bytes(value["assertionValue"]).decode().lower()
    if kind == "substringFilter":  # that it is a wild one is all that matters
        return str(value["type"]) in attributes
    raise AssertionError(kind)


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
