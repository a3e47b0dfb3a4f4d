"""Cases 109 to 112: whose movement it is."""

import asyncio
import base64
import socket
import struct
from contextlib import asynccontextmanager

import bcrypt
import pytest

from reauth import feeds, radius
from reauth.claim import Audience, make_token
from reauth.feeds import Addresses, accounting, follow_leases
from reauth.settings import Identity
from tests import ldap_peer
from tests.cases.registry import case, plant
from tests.origin import Origin
from tests.proxy_addon.harness import (
    DOCUMENT,
    KEYS,
    OBS,
    PATIENCE,
    House,
    ask,
    connected,
    free_port,
    ingest,
    now,
    running,
    until,
)
from tests.proxy_addon.test_addon import TAG
from tests.reauth.test_leases import HEAD, row

pytestmark = pytest.mark.asyncio(loop_scope="session")

PAGE = b"<!doctype html><html><head></head><body>page</body></html>"
MAP = "proxy_addon/identity/address_map.py"
AUTH = "proxy_addon/identity/proxy_auth.py"
BATCH = {"method": "POST", "target": OBS + "b"}


@asynccontextmanager
async def settled(folder, identity=""):
    """A proxy with such sources of identity, its house, an ingest and an origin."""
    house = House(folder)
    house.write('allow_private = ["127.0.0.0/8"]', f"[identity]\n{identity}\n")
    async with ingest(house) as people, Origin() as origin:
        origin.put("/", PAGE)
        with running("launcher", house) as proxy:
            yield proxy, house, people, origin


def shown(user, password="secret"):
    """The header of a proxy's user."""
    text = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Proxy-Authorization": f"Basic {text}"}


async def token_of(client, **headers):
    """The token of a page that was just loaded."""
    page = await client.ask(target="/", headers={**DOCUMENT, **headers})
    assert 200 == page.status
    return TAG.search(page.body)[2]


def body(token):
    """A batch with that token."""
    return bytes([1, len(token)]) + token + b"the rest is the ingest's"


# 109


@case(
    109,
    plant(AUTH, "proof = self._proofs.get(peer.id)", "proof = next(iter(self._proofs.values()))"),
    plant("proxy_addon/route.py", "return Audience(self.identity.user, connection, self.origin)",
          "return Audience(None, connection, self.origin)"),
)  # fmt: skip
async def test_two_users_of_one_address_are_two(tmp_path):
    """Each connection is whose password it showed; a token of one is none of the other's."""
    digest = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
    (tmp_path / "htpasswd").write_text(f"ann:{digest}\nbob:{digest}\n")
    async with settled(tmp_path, 'htpasswd = "htpasswd"') as (proxy, house, people, origin):
        ann, bob = shown("ann"), shown("bob")
        async with (
            connected(proxy, origin.url, house) as first,
            connected(proxy, origin.url, house) as second,
        ):
            hers, his = await token_of(first, **ann), await token_of(second, **bob)
            told = [
                (await client.ask(**BATCH, headers=who, body=body(token))).status
                for client, who, token in (
                    (first, ann, hers), (second, bob, his), (second, bob, hers), (first, ann, his)
                )
            ]  # fmt: skip
        await until(lambda: len(people.intake.senders) == 2)

    assert [204, 204, 403, 403] == told
    claims = [accepted.claim for accepted in people.intake.accepted]
    assert [("ann", "proxy_auth"), ("bob", "proxy_auth")] == [(c.user, c.source) for c in claims]
    assert {"127.0.0.1"} == {claim.client for claim in claims}
    assert ["bob", "ann"] == [claim.user for claim in people.intake.senders]


@case(109, plant(AUTH, "            self._proofs.pop(peer.id, None)", "            pass"))
async def test_a_connection_is_never_left_with_the_user_before(tmp_path):
    """A wrong password on it is nobody, and is asked again."""
    digest = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
    (tmp_path / "htpasswd").write_text(f"ann:{digest}\n")
    async with settled(tmp_path, 'htpasswd = "htpasswd"') as (proxy, house, _, origin):
        async with connected(proxy, origin.url, house) as client:
            await token_of(client, **shown("ann"))
            assert 407 == (await client.ask(target="/", headers=shown("ann", "wrong"))).status
            assert 407 == (await client.ask(target="/", headers=shown("eve"))).status


# 110


@case(110, plant(MAP, "self._feed = new", "self._feed = self._feed or new"))
async def test_a_lease_that_goes_over_ends_the_tokens_of_who_had_it(tmp_path, monkeypatch):
    """In the middle of a connection: what comes then is the next one's, or nobody's."""
    monkeypatch.setattr(feeds, "_LOOK", 0.05)
    leases, devices = tmp_path / "leases.csv", tmp_path / "devices.csv"
    devices.write_text("00:1b:44:11:3a:b7,ann\n00:1b:44:11:3a:b8,bob\n")
    lease = {"address": "127.0.0.1", "until": int(now()) + 600}
    leases.write_text(HEAD + row(**lease))
    async with settled(tmp_path) as (proxy, house, people, origin):
        addresses = Addresses([], people.control, now)
        jobs = [
            asyncio.ensure_future(job)
            for job in (follow_leases(addresses, str(leases), str(devices)), addresses.run())
        ]
        async with connected(proxy, origin.url, house) as client:
            first = await _known_as("ann", client, people)
            leases.write_text(HEAD + row(**lease) + row(hardware="00:1b:44:11:3a:b8", **lease))
            second = await _known_as("bob", client, people)
            assert 403 == (await client.ask(**BATCH, body=body(first))).status
            assert 204 == (await client.ask(**BATCH, body=body(second))).status
        for job in jobs:
            job.cancel()


async def _known_as(user, client, people):
    """Wait until what comes over a connection is this user's; a token of a page of theirs."""
    async with asyncio.timeout(PATIENCE):
        while True:
            token = await token_of(client)
            answer = await client.ask(**BATCH, body=body(token))
            assert answer.status in (204, 403)  # it may change hands in between
            if answer.status == 204 and people.intake.accepted[-1].claim.user == user:
                return token


# 111


@case(111, plant(MAP, "self._feed = new", "self._feed = self._feed | new"))
async def test_a_session_that_the_gateway_ends_is_over_here(tmp_path):
    """Its tokens with it: whoever is at that address now is nobody in particular."""
    secret = tmp_path / "radius.secret"
    secret.write_bytes(b"shared")
    secret.chmod(0o600)
    port = free_port()
    listening = Identity(radius_listen=f"127.0.0.1:{port}", radius_secret_file=str(secret))

    def says(status):
        named = [(1, b"ann"), (8, socket.inet_aton("127.0.0.1")), (44, b"session")]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gateway:
            packet = radius.request([(40, struct.pack("!I", status)), *named], b"shared")
            gateway.sendto(packet, ("127.0.0.1", port))

    async with settled(tmp_path) as (proxy, house, people, origin):
        addresses = Addresses([], people.control, now)
        async with (
            accounting(listening, addresses, now), connected(proxy, origin.url, house) as client
        ):  # fmt: skip
            says(radius.START)
            hers = await _known_as("ann", client, people)
            says(radius.STOP)
            await _known_as(None, client, people)
            assert 403 == (await client.ask(**BATCH, body=body(hers))).status


# 112


@case(112, plant("proxy_addon/identity/ldap_directory.py", "escape_filter_chars(user)", "user"))
async def test_a_name_that_is_typed_is_no_filter(tmp_path):
    """Whoever writes a filter for a name is asked again; who writes their name is let in."""
    with ldap_peer.directory() as directory:
        identity = (
            f'ldap_url = "{directory.url}"\nldap_base = "ou=people,dc=example"\n'
            'ldap_filter = "(&(cn=*)(uid={user}))"'
        )
        async with settled(tmp_path, identity) as (proxy, house, _, origin):
            origin.put("/", PAGE)
            for name in ("*)(uid=*", "ann)(uid=*", "a*", "*", "ann)(|(uid=*)"):
                refused = await ask(proxy, origin.url, house, target="/", headers=shown(name))
                assert 407 == refused.status, name
            assert [] == origin.seen
            async with connected(proxy, origin.url, house) as client:
                hers = await token_of(client, **shown("ANN"))

    page = KEYS, Audience("ann", "proxy_auth|127.0.0.1", origin.url)
    raw = base64.urlsafe_b64decode(hers + b"=" * (-len(hers) % 4))
    page_id, expires = raw[1:9], int.from_bytes(raw[9:13], "big")
    assert hers.decode() == make_token(*page, page_id, expires)
    assert {"and(present(),equalityMatch())"} == set(directory.filters)
