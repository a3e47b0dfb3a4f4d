"""What every identity source promises; a new one is tested by standing in `SOURCES`."""

import ipaddress
from collections.abc import Awaitable, Callable

import bcrypt
import pytest

from proxy_addon.identity import RANKING, UNKNOWN, DefaultUser, Peer, Source
from proxy_addon.identity.address_map import AddressMap, parse_address_map
from proxy_addon.identity.client_certificate import ClientCertificates
from proxy_addon.identity.proxy_auth import Htpasswd, ProxyAuth
from proxy_addon.identity.upstream_header import UpstreamHeader
from tests.devices import Authority

KNOWN, STRANGER = Peer("1", "10.0.0.1"), Peer("2", "10.9.9.9")


def clock() -> float:
    return 5.0


async def proxy_auth() -> Source:
    auth = ProxyAuth(Htpasswd({"ann": bcrypt.hashpw(b"x", bcrypt.gensalt(4))}), clock)
    await auth.check(KNOWN, "Basic YW5uOng=")
    return auth


async def address_map() -> Source:
    addresses = AddressMap(clock)
    addresses.load(parse_address_map("10.0.0.1,ann", "map.csv"))
    return addresses


async def client_certificate() -> Source:
    authority = Authority()
    shown = ClientCertificates(authority.pem, "common_name", clock)
    shown.take(KNOWN, [authority.device("ann")[0]])
    return shown


async def upstream_header() -> Source:
    told = UpstreamHeader("X-User", [ipaddress.ip_network("10.0.0.1")], clock)
    told.hear(KNOWN, "ann")
    return told


async def default_user() -> Source:
    return DefaultUser("ann")


Make = Callable[[], Awaitable[Source]]
SOURCES: dict[str, Make] = {
    "proxy_auth": proxy_auth, "client_certificate": client_certificate,
    "upstream_header": upstream_header, "address_map": address_map, "default_user": default_user,
}  # fmt: skip
sources = pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES)


@sources
async def test_a_source_has_its_place_in_the_ranking(make: Make):
    """One that is not ranked would never be asked."""
    source = await make()

    assert source.name in RANKING


@sources
async def test_whom_a_source_knows_it_names_with_itself_and_its_confidence(make: Make):
    """The claim says how we know, and how surely."""
    source = await make()
    identity = source.identify(KNOWN)

    assert ("ann", source.name) == (identity.user, identity.source)
    assert 0.0 <= identity.confidence < 1.0


@sources
async def test_an_identity_does_not_change_by_being_asked_for(make: Make):
    """Page tokens are bound to it."""
    source = await make()

    assert source.identify(KNOWN) == source.identify(KNOWN)


@sources
async def test_a_source_that_is_unsure_answers_unknown(make: Make):
    """Never as someone; only the trial's default names strangers, and says that it is one."""
    source = await make()
    identity = source.identify(STRANGER)

    assert identity is UNKNOWN or source.name == "default_user"
