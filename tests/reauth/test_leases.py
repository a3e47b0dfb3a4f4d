"""Who has which address: two feeds, their ends, and what a file of leases says."""

import pytest

from reauth.errors import SettingsError
from reauth.leases import Lease, Leases, parse_devices, parse_leases

HEAD = (
    "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,"
    "user_context,pool_id\n"
)
DEVICES = {"00:1b:44:11:3a:b7": "ann", "00:1b:44:11:3a:b8": "bob"}


def row(address="10.0.0.1", hardware="00:1B:44:11:3A:B7", life=600, until=100, state=0):
    return f"{address},{hardware},,{life},{until},1,0,0,,{state},,0\n"


def test_a_person_stands_above_a_machine():
    """Who proved themselves to the network is whom we mean; then who has the device."""
    leases = Leases()
    leases.take({"10.0.0.1": Lease("device", "d", 9.0), "10.0.0.2": Lease("bob", "e", 9.0)})
    leases.begin("10.0.0.1", Lease("ann", "s", 5.0))

    assert {"10.0.0.1": "ann", "10.0.0.2": "bob"} == leases.at(0.0)
    assert {"10.0.0.1": "device", "10.0.0.2": "bob"} == leases.at(5.0)
    assert {} == leases.at(9.0)


def test_a_session_is_ended_by_its_own_name_alone():
    """A stop that comes late must not take the next one's address away."""
    leases = Leases()
    leases.begin("10.0.0.1", Lease("ann", "g|1", 9.0))
    leases.begin("10.0.0.1", Lease("bob", "g|11", 9.0))
    leases.begin("::1", Lease("bob", "g|11", 9.0))
    leases.end("g|1")
    assert {"10.0.0.1": "bob", "::1": "bob"} == leases.at(0.0)
    leases.end("g|11")

    assert {} == leases.at(0.0)


def test_a_gateway_that_begins_anew_ends_all_its_sessions():
    """And nobody else's."""
    leases = Leases()
    leases.begin("10.0.0.1", Lease("ann", "g|1", 9.0))
    leases.begin("10.0.0.2", Lease("bob", "h|1", 9.0))
    leases.end_all("g|")

    assert {"10.0.0.2": "bob"} == leases.at(0.0)


def test_the_last_line_of_an_address_counts():
    """Kea appends; a file that is being tidied up is several."""
    old = HEAD + row() + row("10.0.0.2", "00:1b:44:11:3a:b8")
    new = HEAD + row(hardware="00:1b:44:11:3a:b8", until=200)

    assert {
        "10.0.0.1": Lease("bob", "00:1b:44:11:3a:b8", 200.0),
        "10.0.0.2": Lease("bob", "00:1b:44:11:3a:b8", 100.0),
    } == parse_leases([old, new], DEVICES)


@pytest.mark.parametrize("after", [row(life=0), row(state=1), row(state=2), row(until=0)])
def test_an_address_that_was_given_back_is_nobodys(after: str):
    """Released, declined, reclaimed."""
    leases = Leases()
    leases.take(parse_leases([HEAD + row() + after], DEVICES))

    assert {} == leases.at(50.0)


def test_an_address_that_went_to_an_unknown_device_is_nobodys():
    """Never the last one's."""
    assert {} == parse_leases([HEAD + row() + row(hardware="aa:aa:aa:aa:aa:aa")], DEVICES)


@pytest.mark.parametrize(
    "text", ["", "x\n1\n", HEAD + "10.0.0", HEAD + "x" + row(), HEAD + "10.0.0.1,,,,,,,,,0\n"]
)
def test_what_is_no_lease_is_left_out(text: str):
    """A line that is being written has no end yet."""
    assert {} == parse_leases([text], DEVICES)


def test_devices_are_read_in_every_spelling():
    """Windows writes dashes."""
    text = "hardware_address,user\n\n00-1B-44-11-3A-B7, ann\n00:1b:44:11:3a:b8,bob\n"

    assert DEVICES == parse_devices(text, "devices.csv")


@pytest.mark.parametrize("line", ["x", "x,", "x,y,z"])
def test_a_line_that_is_no_device_is_named(line: str):
    """By its number."""
    with pytest.raises(SettingsError, match=r"devices\.csv: line 2 is not"):
        parse_devices(f"a,b\n{line}", "devices.csv")
