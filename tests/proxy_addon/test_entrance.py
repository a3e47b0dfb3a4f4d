"""Who is let in and whom they are taken for, at a real proxy and a real origin."""

import asyncio
import base64
import ssl
import subprocess
from pathlib import Path

import bcrypt
import pytest

from tests.devices import Authority
from tests.origin import Origin, certificates
from tests.proxy_addon.harness import (
    DOCUMENT,
    PATIENCE,
    House,
    ask,
    connected,
    ingest,
    running,
    until,
)
from tests.proxy_addon.test_addon import PAGE, TAG

LISTED = 'upstream_header = "X-User"\nupstream_peers = ["127.0.0.1"]'


def sent(tag, body: bytes = b"batch") -> bytes:
    """A batch with the token of a page, as far as the proxy reads it."""
    token = tag[2]
    return bytes([1, len(token)]) + token + body


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(tmp_path)
    certificates(tmp_path, "127.0.0.1", "localhost")
    house.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    house.context.load_cert_chain(tmp_path / "origin.pem")
    return house


def settle(house: House, identity: str) -> None:
    house.write(
        'allow_private = ["127.0.0.0/8"]\nupstream_ca = "origin-ca.pem"', f"[identity]\n{identity}"
    )


async def watched(client, people, **extra):
    """Load a page, send a batch with its token; the claim that comes of it."""
    page = await client.ask(target="/", headers={**DOCUMENT, **extra})
    tag = TAG.search(page.body)
    known = len(people.intake.accepted)
    prefix = tag[1].decode().rpartition("/")[0]
    answer = await client.ask("POST", f"{prefix}/b", extra, sent(tag))
    assert 204 == answer.status
    await until(lambda: len(people.intake.accepted) > known)
    return people.intake.accepted[-1].claim



async def test_a_listed_proxy_names_the_user_and_no_origin_hears_it(house: House):
    """Of each request outside a tunnel; one that names nobody is nobody's."""
    settle(house, LISTED)
    async with ingest(house) as people, Origin() as origin:
        origin.put("/", PAGE)
        with running("launcher", house) as proxy:
            async with connected(proxy, origin.url, house) as client:
                first = await watched(client, people, **{"X-User": "ann"})
                second = await watched(client, people)

    assert ("ann", "upstream_header") == (first.user, first.source)
    assert second.user is None
    assert not [seen for seen in origin.seen if seen.values("x-user")]


async def test_what_a_browser_writes_inside_a_tunnel_is_not_believed(house: House):
    """The name that came with the CONNECT holds; the header inside is the page's own affair."""
    settle(house, LISTED)
    async with ingest(house) as people, Origin(house.context) as origin:
        origin.put("/", PAGE)
        with running("launcher", house) as proxy:
            async with connected(proxy, origin.url, house, headers={"X-User": "ann"}) as client:
                claim = await watched(client, people, **{"X-User": "eve"})

    assert "ann" == claim.user
    assert ["eve"] == origin.seen[0].values("x-user")


async def test_an_unlisted_client_is_not_believed(house: House):
    """And its header goes on, as any other does."""
    settle(house, LISTED.replace("127.0.0.1", "10.0.0.1"))
    async with ingest(house) as people, Origin() as origin:
        origin.put("/", PAGE)
        with running("launcher", house) as proxy:
            async with connected(proxy, origin.url, house) as client:
                claim = await watched(client, people, **{"X-User": "ann"})

    assert claim.user is None
    assert ["ann"] == origin.seen[0].values("x-user")


async def test_a_certificate_shown_to_the_proxy_lets_in_and_names(house: House):
    """TLS to the proxy: with it no password is asked, without it one is."""
    authority = Authority()
    (house.folder / "devices.pem").write_bytes(authority.pem)
    authority.write_device(house.folder / "device.pem", "ann")
    digest = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
    (house.folder / "htpasswd").write_text(f"bob:{digest}\n")
    settle(house, 'client_ca = "devices.pem"\nhtpasswd = "htpasswd"')
    async with Origin(house.context) as origin:
        origin.put("/", PAGE)
        with running("launcher", house) as proxy:
            command = [
                "curl", "-s", "--proxy-cacert", house.folder / "state/ca/ca.pem", "--cacert",
                house.folder / "state/ca/ca.pem", "-x", f"https://127.0.0.1:{proxy.port}",
                "-o", "/dev/null", "-w", "%{http_connect} %{http_code}", f"{origin.url}/",
            ]  # fmt: skip
            shown = ["--proxy-cert", str(house.folder / "device.pem")]
            told = [await _said([*command, *extra]) for extra in (shown, shown, [])]

    assert ["200 200", "200 200", "407 000"] == told


async def _said(command: list) -> str:
    process = await asyncio.create_subprocess_exec(*map(str, command), stdout=subprocess.PIPE)
    said, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    return said.decode()


async def test_a_directory_asks_for_a_password_as_a_file_does(house: House):
    """One that is away lets nobody in."""
    settle(house, 'ldap_url = "ldap://127.0.0.1:1"')
    shown = "Basic " + base64.b64encode(b"ann:secret").decode()
    async with Origin() as origin:
        with running("launcher", house) as proxy:
            answer = await ask(proxy, origin.url, house, headers={"Proxy-Authorization": shown})

    assert 407 == answer.status
    assert [] == origin.seen
