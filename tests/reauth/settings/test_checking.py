"""What no part of the program could work with is refused, with its key and the right form."""

from dataclasses import replace

import pytest

from reauth import settings
from reauth.errors import SettingsError
from reauth.settings import Settings
from reauth.settings.checking import check


def wrong(section, **told):
    """What is wrong with settings that differ from the default in one section."""
    tree = Settings()
    return list(check(replace(tree, **{section: replace(getattr(tree, section), **told)})))


def test_the_defaults_are_right():
    """What is shipped starts."""
    assert [] == list(check(Settings()))


@pytest.mark.parametrize(
    "mode",
    [
        "regular", "transparent", "socks5", "wireguard", "wireguard:/etc/wg.conf",
        "upstream:http://proxy.example:3128", "upstream:https://192.0.2.1", "reverse:http://[::1]:80",
        "reverse:https://a.example/",
    ],
)  # fmt: skip
def test_a_mode_has_what_it_needs(mode):
    """The forms of interfaces.md §2."""
    assert [] == wrong("proxy", mode=mode)


@pytest.mark.parametrize(
    "mode",
    [
        "regular:", "regular:x", "regular@8081", "transparent:x", "socks5:1080", "wireguard:",
        "wireguard:/a@1", "upstream", "upstream:", "upstream:proxy.example:3128", "upstream:http://",
        "upstream:tcp://a:1", "upstream:http://a:70000", "upstream:http://a:1/path", "reverse:a:80",
        "upstream:http://a b", "reverse:http://a.example@8081",
    ],
)  # fmt: skip
def test_a_mode_that_cannot_work_is_refused(mode):
    """It would else be found by the proxy, as a traceback."""
    [told] = wrong("proxy", mode=mode)

    assert told.startswith(f"proxy.mode {mode.split(':')[0].split('@')[0]} must have ")


def test_a_mode_of_no_known_name_is_told_all_of_them():
    """Nothing of what follows the name is repeated."""
    [told] = wrong("proxy", mode="sideways:http://joe:s3cret@a")

    assert "proxy.mode 'sideways' is none that we know" in told
    assert "wireguard, upstream, reverse" in told
    assert "s3cret" not in told


def test_a_password_in_a_mode_is_refused_and_not_told():
    """mitmproxy takes none there."""
    [told] = wrong("proxy", mode="upstream:http://joe:s3cret@proxy:3128")

    assert "without a name, password" in told
    assert "s3cret" not in told


def test_a_private_network_is_a_cidr():
    """A name would never match an address."""
    good = ("10.0.0.0/8", "192.0.2.1", "fd00::/8")

    assert [] == wrong("proxy", allow_private=good)
    for bad in ("10.0.0.1/8", "intranet", "10.0.0.0/33", ""):
        [told] = wrong("proxy", allow_private=(*good, bad))
        assert f"proxy.allow_private: '{bad}' is no network; write a CIDR" in told


def test_a_source_of_identity_is_told_whole():
    """One thing knows the passwords; a name that is looked for stands in the filter."""
    assert [] == wrong("identity", ldap_url="ldaps://directory.example:636", ldap_base="dc=example")
    assert "one of them" in wrong("identity", ldap_url="ldap://a", htpasswd="x")[0]
    assert "ldap_url must be" in wrong("identity", ldap_url="http://a")[0]
    assert "{user}" in wrong("identity", ldap_filter="(uid=*)")[0]
    assert "common_name or email" in wrong("identity", certificate_field="serial")[0]
    assert "upstream_peers: 'x' is no network" in wrong("identity", upstream_peers=("x",))[0]
    assert "proxy_protocol_from: 'x' is no" in wrong("proxy", proxy_protocol_from=("x",))[0]


def test_a_port_is_one_number_or_a_range():
    """Strings, as a range is none."""
    good = ("443", "8000-8999")

    assert [] == wrong("proxy", connect_ports=good)
    for bad in ("https", "0", "70000", "9-1", "1-", "-1", ""):
        [told] = wrong("proxy", connect_ports=(*good, bad))
        assert f"proxy.connect_ports: '{bad}' is no port" in told


@pytest.mark.parametrize("key", ["exclude", "closed", "tunnel_browsers"])
def test_a_host_pattern_is_a_host_or_what_is_below_it(key):
    """Anything else matches nothing: a bank would be decrypted in spite of its line."""
    good = ("example.org", "*.example.org", "localhost", "192.0.2.1", "::1", "xn--bcher-kva.x")

    assert [] == wrong("proxy", **{key: good})
    for bad in (
        "https://a.example", "a.example/", "a .example", "a.example:443", "*", "*a.example",
        "a.*.example", ".a.example", "a.example.", "",
    ):  # fmt: skip
        [told] = wrong("proxy", **{key: (*good, bad)})
        assert f"proxy.{key}: '{bad}' is no host pattern; write example.org" in told


def test_a_store_is_a_file_or_memory():
    """Three slashes and four mean the same."""
    assert "/s/x.db" == settings.store_path("sqlite:///s/x.db")
    assert "/s/x.db" == settings.store_path("sqlite:////s/x.db")
    assert settings.store_path("sqlite://:memory:") is None


@pytest.mark.parametrize(
    "url",
    ["", "sqlite://", "sqlite:///", "sqlite:///folder/", "store.db", "sqlite:store.db",
     "sqlite://store.db", "postgres:///x.db", "sqlite"],
)  # fmt: skip
def test_any_other_store_is_refused(url):
    """The message tells the two forms there are."""
    with pytest.raises(SettingsError, match=r"sqlite:///ABSOLUTE/PATH or sqlite://:memory:"):
        settings.store_path(url)


@pytest.mark.parametrize("url", ["postgres:///geheim@host/x.db", "postgres://a:geheim@host/x"])
def test_a_password_in_a_wrong_url_is_not_told(url):
    """Only the scheme is quoted."""
    [told] = wrong("store", url=url)

    assert "store.url must be" in told
    assert "geheim" not in told


@pytest.mark.parametrize(
    ("section", "listen", "says"),
    [
        ("proxy", "unix:/run/x", "proxy.listen must be HOST:PORT: browsers know no Unix sockets"),
        ("console", "0.0.0.0:8082", "console.listen beyond loopback needs console.tls_cert"),
        ("ingest", "0.0.0.0:8081", "ingest.listen must be loopback or a Unix socket"),
        ("ingest", "127.evil.example:8081", "ingest.listen must be loopback or a Unix socket"),
        ("metrics", "8083", "metrics.listen must be HOST:PORT or unix:PATH, not '8083'"),
    ],
)
def test_a_listener_is_where_it_may_be(section, listen, says):
    """Browsers reach the proxy, nobody from outside the ingest."""
    assert [says] == wrong(section, listen=listen)


def test_ours_may_listen_on_sockets():
    """All but the proxy."""
    for section in ("ingest", "console", "metrics"):
        assert [] == wrong(section, listen="unix:/run/x")


def test_a_console_beyond_loopback_is_legal_with_a_certificate():
    """Then what it shows travels under TLS; certificate and key go together."""
    assert [] == wrong("console", listen="0.0.0.0:443", tls_cert="/c", tls_key="/k")
    assert ["console.tls_cert and console.tls_key go together"] == wrong("console", tls_key="/k")


@pytest.mark.parametrize(
    "listen", ["", "8080", ":8080", "host", "host:", "host:70000", "host:-1", "host:²", "unix:"]
)
def test_an_address_is_a_host_and_a_port_or_a_socket(listen):
    """Neither half may be guessed."""
    with pytest.raises(SettingsError, match="HOST:PORT or unix:PATH"):
        settings.address(listen)


@pytest.mark.parametrize("url", ["reauth.example.org", "https://r.example/path", "ftp://r.example"])
def test_the_consoles_own_url_is_a_name_and_no_path(url):
    """Cookies and forms are the whole host's."""
    assert ["console.url must be https://NAME or https://NAME:PORT, without a path"] == wrong(
        "console", url=url
    )
    assert [] == wrong("console", url="https://reauth.example.org:8443")
