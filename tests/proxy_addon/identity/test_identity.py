"""The ranking of sources, and how an address is written."""

import pytest

from proxy_addon.identity import (
    RANKING,
    UNKNOWN,
    DefaultUser,
    Identity,
    Peer,
    Ranking,
    Source,
    address_of,
)

PEER = Peer("1", "10.0.0.1")


class Known:
    """A source that names everybody after itself."""

    def __init__(self, name: str) -> None:
        self.name = name

    def identify(self, peer: Peer) -> Identity:
        return Identity(self.name, self.name, 1.0, 0.0)


@pytest.mark.parametrize("place", range(len(RANKING)))
def test_the_surest_source_that_knows_is_believed(place: int):
    """In whatever order they are given."""
    sources: list[Source] = [Known(name) for name in reversed(RANKING[place:])]

    assert RANKING[place] == Ranking(sources).identify(PEER).user


def test_who_is_known_to_nobody_is_unknown():
    """Never as the last one seen, never as someone."""
    assert Ranking([DefaultUser(None)]).identify(PEER) is UNKNOWN
    assert Ranking([]).identify(PEER) is UNKNOWN
    assert UNKNOWN.user is None


def test_a_default_user_is_somebody_without_confidence():
    """For trials: the name says nothing about who sits there."""
    identity = Ranking([DefaultUser("trial")]).identify(PEER)

    assert ("trial", "default_user", 0.0) == (identity.user, identity.source, identity.confidence)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("FE80::1%eth0", "fe80::1"),
        ("2001:0db8::0001", "2001:db8::1"),
    ],
)
def test_an_address_has_one_spelling(text: str, written: str):
    """Tokens are bound to it, and maps are asked by it."""
    assert written == address_of(text)
