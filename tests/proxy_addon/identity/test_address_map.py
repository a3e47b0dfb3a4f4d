"""Client address to user: which entry counts, and when none does."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_addon.identity import UNKNOWN, Peer, address_map
from proxy_addon.identity.address_map import HEADER, AddressMap, parse_address_map
from reauth.errors import SettingsError


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def user_of(addresses: AddressMap, address: str) -> str | None:
    return addresses.identify(Peer("1", address)).user


def loaded(text: str) -> AddressMap:
    addresses = AddressMap(Clock())
    addresses.load(parse_address_map(text, "map.csv"))
    return addresses


def test_the_longest_prefix_wins_whatever_the_order():
    """A person's own address stands above the office's network."""
    text = "0.0.0.0/0,any\n10.1.2.3,ann\n10.0.0.0/8,office\n10.1.0.0/16,floor\n2001:db8::/32,six\n"
    addresses = loaded(text)
    asked = ["10.1.2.3", "10.1.2.4", "10.9.9.9", "9.9.9.9", "2001:db8::1", "2001:db9::1"]

    users = ["ann", "floor", "office", "any", "six", None]
    assert users == [user_of(addresses, each) for each in asked]


networks = st.builds(
    lambda number, length: ipaddress.ip_network((number >> (32 - length) << (32 - length), length)),
    st.integers(0, 2**32 - 1),
    st.integers(1, 32),
)


@given(st.dictionaries(networks, st.sampled_from("abc"), max_size=20), st.data())
def test_the_index_answers_as_the_definition_does(entries: dict, data: st.DataObject):
    """Of the networks that hold the address, the one with the longest prefix."""
    inside = [int(network.network_address) for network in entries] or [0]
    number = data.draw(st.one_of(st.sampled_from(inside), st.integers(0, 2**32 - 1)))
    address = ipaddress.IPv4Address(number)
    addresses = AddressMap(Clock())
    addresses.load(entries.items())
    holding = [network for network in entries if address in network]
    longest = max(holding, key=lambda network: network.prefixlen, default=None)

    assert entries.get(longest) == user_of(addresses, str(address))


def test_the_header_may_stand_first_and_blank_lines_anywhere():
    """The file is what a spreadsheet writes."""
    assert "ann" == user_of(loaded(",".join(HEADER) + "\n\n 10.0.0.1 , ann \n"), "10.0.0.1")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("10.0.0.1", "is not"),
        ("10.0.0.1,", "is not"),
        ("10.0.0.1,ann,x", "is not"),
        ("address_or_cidr,user", "no address"),
        ("10.0.0.1/8,ann", "no address"),
        ("host.example,ann", "no address"),
        ("10.0.0.0,ann", "repeats"),
    ],
)
def test_a_bad_line_is_named_by_its_number(line: str, why: str):
    """The whole file is refused: a map that is half read names people wrongly."""
    with pytest.raises(SettingsError, match=f"map.csv: line 2 .*{why}"):
        parse_address_map(f"10.0.0.0,x\n{line}\n", "map.csv")


def test_a_new_file_takes_the_place_of_the_old():
    """What is no longer in it is no longer known."""
    addresses = loaded("10.0.0.1,ann\n10.0.0.2,bob")
    addresses.load(parse_address_map("10.0.0.2,eve", "map.csv"))

    assert [None, "eve"] == [user_of(addresses, each) for each in ("10.0.0.1", "10.0.0.2")]


def test_the_file_stands_above_the_feed_for_the_same_network():
    """The operator's line is an order; what the feed says of other networks counts as well."""
    addresses = loaded("10.0.0.1,ann")
    addresses.push([("10.0.0.1", "bob"), ("10.0.0.2", "eve"), ("nonsense", "x")])

    assert ["ann", "eve"] == [user_of(addresses, each) for each in ("10.0.0.1", "10.0.0.2")]


def test_an_address_that_changes_hands_too_often_names_nobody():
    """Several people share it: unknown is better than the last one seen."""
    clock = Clock()
    addresses = AddressMap(clock)
    seen = []
    for user in ("a", "b", "c", "d", "e"):
        addresses.push([("10.0.0.1", user)])
        seen.append(user_of(addresses, "10.0.0.1"))
        clock.now += 10.0
    clock.now += 60.0
    addresses.push([("10.0.0.1", "e")])

    assert ["a", "b", "c", "d", None] == seen
    assert "e" == user_of(addresses, "10.0.0.1")


def test_an_address_that_is_free_in_between_changes_hands_all_the_same():
    """A feed that tells of an end before the next beginning is no way around the rule."""
    clock = Clock()
    addresses = AddressMap(clock)
    for user in ("a", "b", "c", "d", "e"):
        addresses.push([("10.0.0.1", user)])
        last = user_of(addresses, "10.0.0.1")
        addresses.push([])
        clock.now += 10.0

    assert last is None


def test_owners_of_long_ago_are_forgotten(monkeypatch: pytest.MonkeyPatch):
    """What is remembered of free addresses is bounded."""
    monkeypatch.setattr(address_map, "_GONE", 0)
    addresses = AddressMap(Clock())
    addresses.push([(f"10.0.0.{n}", "a") for n in range(9)])
    addresses.push([("10.0.0.1", "b")])

    assert 1 == len(addresses._owners)


def test_a_lease_that_goes_over_now_and_then_is_followed():
    """An office's addresses change hands every day."""
    clock = Clock()
    addresses = AddressMap(clock)
    for user in "abcdefgh":
        addresses.push([("10.0.0.1", user)])
        assert user == user_of(addresses, "10.0.0.1")
        clock.now += 30.0


def test_an_address_outside_the_map_is_unknown():
    """Never the last one seen."""
    assert loaded("10.0.0.1,ann").identify(Peer("1", "10.0.0.2")) is UNKNOWN
