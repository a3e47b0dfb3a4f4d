"""RADIUS accounting: packets of gateways that know the secret, and those of others."""

import hashlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reauth import radius
from reauth.errors import WireError
from reauth.radius import INTERIM, OFF, START, STOP, Accounting

SECRET, SENDER, NOW = b"shared", "192.0.2.1", 1_000_000.0
NUMBER = struct.Struct("!I")
ANN = [(1, b"ann"), (4, bytes([10, 9, 9, 9])), (8, bytes([10, 0, 0, 1])), (44, b"s1")]


def packet(status=START, *more, attributes=ANN):
    return radius.request([(40, NUMBER.pack(status)), *attributes, *more], SECRET)


def read(text, now=NOW):
    return radius.read(text, SECRET, SENDER, now)


@pytest.mark.parametrize("status", [START, INTERIM, STOP])
def test_who_has_which_address_is_read(status):
    """The session is the gateway's: two of them count from one."""
    gateway = bytes([10, 9, 9, 9]).hex()
    told = Accounting(
        status, "ann", ("10.0.0.1",), f"{gateway}|{b's1'.hex()}", f"{gateway}|"
    )

    assert told == read(packet(status))


def test_both_kinds_of_address_are_read():
    """Framed-IPv6-Address (RFC 6911); of another length it is none."""
    six = (168, bytes(15) + b"\1")

    assert ("10.0.0.1", "::1") == read(packet(START, six)).addresses
    assert ("10.0.0.1",) == read(packet(START, (168, b"\1"))).addresses


def test_a_gateway_is_known_by_its_name_or_by_where_it_sends_from():
    """NAS-Identifier stands above its address."""
    assert f"{b'gw'.hex()}|" == read(packet(START, (32, b"gw"))).gateway
    assert f"{SENDER.encode().hex()}|" == read(packet(OFF, attributes=[])).gateway


def test_who_does_not_know_the_secret_is_not_believed():
    """Nor is a packet of which a single bit was changed."""
    with pytest.raises(WireError, match="forged"):
        radius.read(packet(), b"other", SENDER, NOW)
    text = packet()
    for at in (1, 5, len(text) - 1):
        changed = bytearray(text)
        changed[at] ^= 1
        with pytest.raises(WireError, match="forged"):
            read(bytes(changed))


def test_what_happened_long_ago_is_no_news():
    """A packet that was recorded cannot be sent again, where it says when it was made."""
    text = packet(START, (55, NUMBER.pack(int(NOW))))

    assert "ann" == read(text, NOW + radius.STALE).user
    for off in (-radius.STALE - 1, radius.STALE + 1):
        with pytest.raises(WireError, match="stale"):
            read(text, NOW + off)


@pytest.mark.parametrize("missing", [1, 8, 44])
def test_a_beginning_without_user_address_or_session_is_useless(missing):
    """It is acknowledged all the same, or the gateway repeats it for ever."""
    with pytest.raises(WireError, match="useless"):
        read(packet(attributes=[each for each in ANN if each[0] != missing]))


def signed(body, code=4, size=None):
    """A packet of any form by one who knows the secret."""
    head = bytes([code, 1]) + struct.pack("!H", 20 + len(body) if size is None else size)
    return head + hashlib.md5(head + bytes(16) + body + SECRET).digest() + body


@pytest.mark.parametrize(
    "text",
    [b"", b"x" * 5000, signed(b"", code=1), signed(b"", size=19), signed(b"", size=99),
     signed(b"\1"), signed(b"\1\1"), signed(b"\1\5abc"[:-1]), signed(b"\1\0")],
)  # fmt: skip
def test_what_is_no_request_is_malformed(text):
    """Attributes that run over the end, or do not get on."""
    with pytest.raises(WireError, match="malformed"):
        read(text)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(body):
    """Total over whatever a gateway says."""
    try:
        read(signed(body))
    except WireError as error:
        assert str(error) in ("malformed", "useless", "stale")


def test_the_answer_is_one_that_the_gateway_believes():
    """RFC 2866, 3: over the request's authenticator."""
    asked = packet()
    told = radius.answer(asked, SECRET)

    assert (5, asked[1], 20) == (told[0], told[1], int.from_bytes(told[2:4], "big"))
    assert hashlib.md5(told[:4] + asked[4:20] + SECRET).digest() == told[4:]
