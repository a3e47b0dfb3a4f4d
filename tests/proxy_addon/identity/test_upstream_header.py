"""Whom a listed proxy names; what it did not say is not believed."""

import base64
import ipaddress

import pytest

from proxy_addon.identity import UNKNOWN, Peer
from proxy_addon.identity.upstream_header import UpstreamHeader

LISTED = (ipaddress.ip_network("10.0.0.0/30"),)
HERE, STRANGER = Peer("1", "10.0.0.1"), Peer("2", "10.0.0.9")


def source(header: str = "X-Authenticated-User", clock=lambda: 7.0) -> UpstreamHeader:
    return UpstreamHeader(header, LISTED, clock)


def test_only_listed_proxies_are_believed():
    """Anybody else could write the header."""
    assert source().believes(HERE)
    assert not source().believes(STRANGER)


def test_the_last_request_names_the_user():
    """Such a proxy shares connections between its users; one that names nobody is nobody's."""
    told = source()
    told.hear(HERE, " ann ")
    assert ("ann", 7.0) == (told.identify(HERE).user, told.identify(HERE).since)
    told.hear(HERE, "bob")
    assert "bob" == told.identify(HERE).user
    told.hear(HERE, None)

    assert told.identify(HERE) is UNKNOWN


def test_the_same_user_is_the_same_identity():
    """`since` is when it began, not when it was last heard."""
    times = iter([1.0, 2.0])
    told = source(clock=lambda: next(times))
    told.hear(HERE, "ann")
    told.hear(HERE, "ann")

    assert 1.0 == told.identify(HERE).since


@pytest.mark.parametrize("value", ["", " ", "ann, bob", "a" * 300, "a\x01b", "a\u2028b"])
def test_what_is_no_one_name_is_none(value: str):
    """Two such headers reach us joined by a comma: one of them may be the client's own."""
    told = source()
    told.hear(HERE, value)

    assert told.identify(HERE) is UNKNOWN


def test_a_name_may_come_as_a_credential():
    """Squid passes its user on as Basic, with a password that is not theirs."""
    told = source("Proxy-Authorization")
    told.hear(HERE, "Basic " + base64.b64encode(b"ann:anything").decode())
    assert "ann" == told.identify(HERE).user
    told.hear(HERE, "Bearer ann")

    assert told.identify(HERE) is UNKNOWN


def test_a_connection_that_ended_names_nobody():
    """Its number may come again."""
    told = source()
    told.hear(HERE, "ann")
    told.forget(HERE)

    assert told.identify(HERE) is UNKNOWN
