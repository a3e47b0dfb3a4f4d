"""Passwords by a directory, asked over the wire: a peer that reads filters as they were sent."""

from collections import Counter
from collections.abc import Iterator

import pytest

from proxy_addon.identity import ldap_directory
from proxy_addon.identity.ldap_directory import Directory, LdapPasswords
from tests import ldap_peer

BASE = "ou=people,dc=example"


@pytest.fixture
def peer() -> Iterator[ldap_peer.Directory]:
    with ldap_peer.directory() as server:
        yield server


def passwords(url: str, clock=lambda: 0.0, counters=None, **changes: object) -> LdapPasswords:
    told = {"filter": "(uid={user})", "attribute": "uid", **changes}
    counted = Counter() if counters is None else counters
    return LdapPasswords(Directory(url, BASE, **told), counted, clock)


async def test_a_password_that_the_directory_takes_is_the_users(peer: ldap_peer.Directory):
    """Proved by the user's own bind, after a look by the service's."""
    asked = passwords(peer.url, bind="cn=reauth,dc=example", password="service")

    assert "ann" == await asked.verified("ann", b"secret")
    assert ["cn=reauth,dc=example", "uid=ann,ou=people,dc=example"] == peer.binds


async def test_a_user_is_who_the_directory_says(peer: ldap_peer.Directory):
    """It takes several spellings of a name; to us they are one user."""
    assert "ann" == await passwords(peer.url).verified("ANN", b"secret")
    assert "Ann" == await passwords(peer.url, attribute="cn").verified("ann", b"secret")


@pytest.mark.parametrize(
    ("user", "password"),
    [("ann", b"hidden"), ("eve", b"secret"), ("ann", b""), ("", b""), ("ann", b"\xff"), ("", b"x")],
)
async def test_who_has_not_proved_it_is_nobody(
    peer: ldap_peer.Directory, user: str, password: bytes
):
    """No password is no proof, though a directory takes a bind without one."""
    assert await passwords(peer.url).verified(user, password) is None


@pytest.mark.parametrize(
    "name", ["*)(uid=*", "*", "a*", "ann)(|(uid=*", "ann)(cn=*))(|(uid=*", "(", ")", "\\2a", "a\0n"]
)
async def test_what_is_typed_is_never_a_filter(peer: ldap_peer.Directory, name: str):
    """The directory is asked for a user of that very name."""
    assert await passwords(peer.url).verified(name, b"secret") is None
    assert all("equalityMatch" in each and "present" not in each for each in peer.filters)
    assert 1 == len(peer.filters)


async def test_a_name_that_has_such_letters_is_found(peer: ldap_peer.Directory):
    """Escaped, and not refused."""
    assert "star*" == await passwords(peer.url).verified("star*", b"secret")


async def test_two_users_of_one_name_are_nobody(peer: ldap_peer.Directory):
    """A filter that finds several does not say whose password it is."""
    asked = passwords(peer.url, filter="(|(uid={user})(uid=bob))")

    assert await asked.verified("ann", b"secret") is None


async def test_what_was_proved_holds_for_a_minute(peer: ldap_peer.Directory):
    """A browser opens dozens of connections; a wrong password is asked anew each time."""
    now = [0.0]
    asked = passwords(peer.url, lambda: now[0])
    for _ in range(3):
        assert "ann" == await asked.verified("ann", b"secret")
        assert await asked.verified("ann", b"secret2") is None
    assert 4 == len(peer.filters)
    now[0] = 61.0
    await asked.verified("ann", b"secret")

    assert 5 == len(peer.filters)


async def test_a_directory_that_is_away_proves_nobody():
    """Counted, and told by the kind of fault alone."""
    counters: Counter[str] = Counter()
    asked = passwords("ldap://127.0.0.1:1", counters=counters)

    assert await asked.verified("ann", b"secret") is None
    assert 1 == counters["ldap_failed_total"]


async def test_beyond_loopback_nothing_is_said_in_the_clear(
    peer: ldap_peer.Directory, monkeypatch: pytest.MonkeyPatch
):
    """StartTLS comes first; a directory that has none hears no name and no password."""
    counters: Counter[str] = Counter()
    monkeypatch.setattr(ldap_directory, "_LOOPBACK", ())

    assert await passwords(peer.url, counters=counters).verified("ann", b"secret") is None
    assert [] == peer.binds
    assert 1 == counters["ldap_failed_total"]
