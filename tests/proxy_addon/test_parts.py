"""What the hooks work with: files that are read, lists that are merged, and what is refused."""

import ssl
from pathlib import Path
from types import SimpleNamespace

import certifi
import pytest
from mitmproxy import ctx, http

from proxy_addon import parts as module
from proxy_addon.control import Snapshot
from proxy_addon.identity import Peer
from proxy_addon.parts import Parts, read_keys, read_settings, refuse_secret_logs, trusted
from proxy_addon.policy import Standing
from reauth.claim import keys_to_text, site_of
from reauth.errors import SettingsError
from tests.origin import certificates
from tests.proxy_addon.harness import KEYS, House

PEER = Peer("1", "10.0.0.1")


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(tmp_path)
    house.write('closed = ["*.closed.example"]\nexclude = ["bank.example"]')
    return house


def parts_of(house: House) -> Parts:
    return Parts(str(house.config), lambda: 0.0)


def test_the_key_file_is_read_where_it_is_ours_and_nobody_elses(tmp_path: Path):
    """Refused otherwise, with the next step and without a word of what is in it."""
    file = tmp_path / "keys.json"
    with pytest.raises(SettingsError, match="start `reauth serve` or `reauth run` once"):
        read_keys(str(file))
    file.write_text(keys_to_text(KEYS))
    file.chmod(0o640)
    with pytest.raises(SettingsError, match=r"open to others \(mode 0640\)"):
        read_keys(str(file))
    file.chmod(0o600)
    assert KEYS == read_keys(str(file))
    file.write_text("secret")
    with pytest.raises(SettingsError, match="not one of ours") as caught:
        read_keys(str(file))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["SSLKEYLOGFILE", "MITMPROXY_SSLKEYLOGFILE"])
def test_an_environment_that_writes_secrets_down_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch
):
    """Set, and not merely there."""
    monkeypatch.setenv(name, "")
    refuse_secret_logs()
    monkeypatch.setenv(name, "x")
    with pytest.raises(SettingsError, match=name):
        refuse_secret_logs()


def test_origins_are_checked_against_the_systems_list_and_one_file_more(tmp_path: Path):
    """Both at once; nothing of it lies on a disk."""
    more = certificates(tmp_path, "a.example")[0]

    def names(path: str) -> set:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(path)
        return {str(found["subject"]) for found in context.get_ca_certs()}

    both = trusted(str(more))
    assert names(trusted(None)) | names(str(more)) == names(both) > names(str(more))
    assert both.startswith("/proc/self/fd/")


def test_without_a_list_of_the_system_there_is_certifis(monkeypatch: pytest.MonkeyPatch):
    """A bare machine still checks its origins."""
    nowhere = SimpleNamespace(cafile=None)
    monkeypatch.setattr(module.ssl, "get_default_verify_paths", lambda: nowhere)
    monkeypatch.setattr(module, "_SYSTEM_TRUST", "/nowhere")

    assert certifi.where() == trusted(None)


@pytest.mark.parametrize("text", [None, "no certificate"])
def test_a_trust_file_that_is_none_is_the_operators_error(tmp_path: Path, text: str | None):
    """Named with its key, before anybody's page fails."""
    file = tmp_path / "more.pem"
    if text is not None:
        file.write_text(text)
    with pytest.raises(SettingsError, match=r"proxy\.upstream_ca"):
        trusted(str(file))


def test_the_environment_stands_above_the_file(house: House, monkeypatch: pytest.MonkeyPatch):
    """`reauth run` hands its resolved ports down so."""
    monkeypatch.setenv("REAUTH_PROXY__LISTEN", "127.0.0.1:4711")

    assert "127.0.0.1:4711" == read_settings(str(house.config)).proxy.listen


def test_a_secret_file_stands_between_the_file_and_the_environment(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """Both halves of a house read the same settings, or they would not meet."""
    (tmp_path / "realm").write_text("told by a file\n")
    monkeypatch.setenv("REAUTH_IDENTITY__REALM_FILE", str(tmp_path / "realm"))
    assert "told by a file" == read_settings(str(house.config)).identity.realm

    monkeypatch.setenv("REAUTH_IDENTITY__REALM", "told here")
    assert "told here" == read_settings(str(house.config)).identity.realm


def asked(host: str, header: str | None = None) -> http.Request:
    request = http.Request.make("GET", f"http://{host}/")
    request.headers["host"] = header or host
    return request


@pytest.mark.parametrize(
    ("host", "header", "excluded", "closed"),
    [
        ("bank.example", None, True, False),
        ("a.closed.example", None, False, True),
        ("other.example", None, False, False),
        ("other.example", "bank.example", False, False),
        ("other.example", "a.closed.example", False, True),
        ("a.closed.example", "other.example", False, True),
    ],
)
def test_a_host_header_closes_a_site_but_excludes_none(house, host, header, excluded, closed):
    """Anyone may write any; neither may be a way around."""
    site = parts_of(house).site_of(asked(host, header))

    assert (excluded, closed) == (site.excluded, site.closed)


def test_lists_of_the_file_and_of_the_people_add_up(house: House):
    """What either lists is listed; what the people's side takes back is gone."""
    parts = parts_of(house)
    parts._told(Snapshot(exclude=("more.example",), closed=("b.example",), default_user="ann"))
    assert all(parts.site(host).excluded for host in ("bank.example", "more.example"))
    assert parts.site("b.example").closed
    assert "ann" == parts.entrance.identify(PEER).user
    parts._told(Snapshot(address_map=(("10.0.0.0/8", "bob"),)))
    assert not parts.site("more.example").excluded
    assert "bob" == parts.entrance.identify(PEER).user


def test_the_kill_switch_stops_everybody(house: House):
    """By the control stream."""
    parts = parts_of(house)
    assert Standing.CLEAR is parts.standing
    parts.control.snapshot = Snapshot(observe=False)
    assert Standing.STOPPED is parts.standing


def test_a_reload_takes_all_or_nothing(house: House):
    """A map with a slip of the pen does not take the lists along."""
    places = house.folder / "map.csv"
    places.write_text("10.0.0.1,ann\n")
    parts = parts_of(house)
    assert parts.entrance.identify(PEER).user is None
    house.write('exclude = ["new.example"]', '[identity]\naddress_map = "map.csv"')
    parts.reload()
    assert "ann" == parts.entrance.identify(PEER).user
    assert parts.site("new.example").excluded
    assert not parts.site("bank.example").excluded

    places.write_text("nonsense")
    house.write('exclude = ["newer.example"]', '[identity]\naddress_map = "map.csv"')
    with pytest.raises(SettingsError, match="line 1"):
        parts.reload()
    assert "ann" == parts.entrance.identify(PEER).user
    assert not parts.site("newer.example").excluded


def test_the_kill_switch_stops_all_observing_at_a_reload(house: House):
    """And takes it up again; either side may stop it, both must want it."""
    parts = parts_of(house)
    house.write("observe = false")
    parts.reload()
    assert Standing.STOPPED is parts.standing
    house.write("observe = true")
    parts.reload()
    assert Standing.CLEAR is parts.standing


@pytest.mark.parametrize("key", ["address_map", "htpasswd"])
def test_a_file_that_is_named_must_be_there(house: House, key: str):
    """Nobody is let in, or taken for somebody, by a file that was forgotten."""
    house.write("", f'[identity]\n{key} = "none"')
    with pytest.raises(SettingsError, match=rf"identity\.{key}: cannot read"):
        parts_of(house)


def test_our_own_ports_are_those_that_listen(house: House, monkeypatch: pytest.MonkeyPatch):
    """The proxy's as it came out; the others' as the settings say; sockets have none."""
    server = SimpleNamespace(listen_addrs=lambda: [("127.0.0.1", 4711)])
    addons = SimpleNamespace(get=lambda name: server)
    monkeypatch.setattr(ctx, "master", SimpleNamespace(addons=addons), raising=False)

    assert {4711, 8082, 8083} == parts_of(house)._own_ports()


async def test_what_is_not_decrypted_is_told_of_by_its_site(house: House):
    """The name that decides, with a port that is not the usual one; nobody is told of the rest."""
    parts = parts_of(house)
    told = []
    for host, port in (("bank.example", 443), ("bank.example", 8443), ("open.example", 443)):
        client = SimpleNamespace(id="1", peername=("10.0.0.1", 5), transport_protocol="tcp")
        server = SimpleNamespace(address=(host, port))
        hello = SimpleNamespace(sni=host, cipher_suites=[], extensions=[], alpn_protocols=[])
        context = SimpleNamespace(client=Weak(client), server=server)
        told.append(parts.tunnelled(SimpleNamespace(context=context, client_hello=hello)))

    claims = [waiting.claim for waiting in parts.forward._queue]
    assert ["excluded", "excluded", ""] == told
    origins = ("https://bank.example", "https://bank.example:8443")
    assert [site_of(KEYS, origin) for origin in origins] == [claim.site for claim in claims]
    assert {("tunnelled", "10.0.0.1")} == {(claim.token, claim.client) for claim in claims}


class Weak:
    """A client's connection as the hooks see it; it is forgotten with its connection."""

    def __init__(self, told: SimpleNamespace) -> None:
        vars(self).update(vars(told))
