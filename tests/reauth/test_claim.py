"""Page tokens and sealed claims: genuine ones open, anything else is told apart and refused."""

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reauth import claim
from reauth.claim import Audience, Claim, Keys, TokenVerdict
from reauth.errors import ClaimError, WireError

OLD, NEW, OTHER = bytes(range(32)), bytes(range(32, 64)), bytes(range(64, 96))
KEYS = Keys("0123456789abcdef", (OLD,))
ROTATED = replace(KEYS, secrets=(NEW, OLD))
AFTER = replace(KEYS, secrets=(NEW,))
ALICE = Audience("alice", "proxy_auth|192.0.2.7", "https://shop.example:443")
PAGE = bytes.fromhex("00112233445566ff")
NOW = 1_700_000_000.0
CLAIM = Claim(
    "alice", "192.0.2.7", "5f1d", NOW, NOW, "proxy_auth", 1.0, PAGE.hex(), "ok", host=None
)
BODIES = [b"", b"first", b"\x00\xffsecond"]
GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "tokens" / "tokens.json").read_text("utf-8")
)

TOKEN = claim.make_token(KEYS, ALICE, PAGE, NOW)
GROUP = claim.seal(KEYS, [(CLAIM, body) for body in BODIES], {"bad_tokens_total": 2}, NOW)
LINE = claim.seal_control(KEYS, 5, {"kind": "set", "observe": False}, NOW)

def test_our_own_token_tells_its_page():
    """Without a look at whom it is for: we made it."""
    assert claim.page_of(TOKEN) == PAGE.hex()


names = st.none() | st.text(max_size=20)
audiences = st.builds(Audience, names, st.text(max_size=20), st.text(max_size=20))


def flipped(data: bytes, bit: int) -> bytes:
    """The same bytes with one bit turned over."""
    at = bit % (8 * len(data))
    return data[: at // 8] + bytes([data[at // 8] ^ 1 << at % 8]) + data[at // 8 + 1 :]


# Keys


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=2))
def test_the_key_file_gives_back_the_keys_that_were_written(secrets):
    """The proxy reads what the other process wrote."""
    keys = Keys("00ff00ff", tuple(secrets))

    assert keys == claim.keys_from_text(claim.keys_to_text(keys))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"installation": "0123456789abcdef"}',
        '{"installation": 12345678, "secrets": []}',
        '{"installation": "0123456789abcdef", "secrets": 5}',
        '{"installation": "0123456789abcdef", "secrets": ["zz"]}',
        '{"installation": "0123456789abcdef", "secrets": [1]}',
        '{"installation": "0123456789abcdef", "secrets": []}',
        '{"installation": "0123456789abcdef", "secrets": ["00"]}',
        json.dumps({"installation": "0123456", "secrets": [OLD.hex()]}),
        json.dumps({"installation": "0" * 33, "secrets": [OLD.hex()]}),
        json.dumps({"installation": "0x123456", "secrets": [OLD.hex()]}),
        json.dumps({"installation": "../../ab", "secrets": [OLD.hex()]}),
        json.dumps({"installation": "01234567", "secrets": [OLD.hex()] * 3}),
    ],
)
def test_a_file_that_is_no_key_file_is_refused_without_quoting_it(text):
    """A message ends in a log; a secret may not."""
    with pytest.raises(ClaimError) as caught:
        claim.keys_from_text(text)
    assert OLD.hex() not in str(caught.value)


def test_the_current_secret_comes_first_and_purposes_have_keys_of_their_own():
    """What is sealed for one purpose must never open as another."""
    purposes = [ROTATED.derive(name) for name in ("page token", "claim", "control", "site")]
    derived = [key for keys in purposes for _, key in keys]

    assert 8 == len(set(derived))
    assert AFTER.derive("claim") == ROTATED.derive("claim")[:1]
    assert KEYS.derive("claim") == ROTATED.derive("claim")[1:]


def test_a_site_has_one_name_here_and_another_elsewhere():
    """The hash is keyed: nobody can look a site up in a table made beforehand."""
    site = claim.site_of(KEYS, "https://shop.example:443")

    assert site == claim.site_of(KEYS, "https://shop.example:443")
    assert 16 == len(bytes.fromhex(site)) * 2
    assert site != claim.site_of(KEYS, "https://shop.example:8443")
    assert site != claim.site_of(replace(KEYS, secrets=(OTHER,)), "https://shop.example:443")


def test_a_rotation_renames_sites_only_when_it_ends():
    """While two secrets live, both names would else be counted as two sites."""
    before, during, after = (claim.site_of(keys, "https://a") for keys in (KEYS, ROTATED, AFTER))

    assert before == during
    assert after != before


# Page tokens


@given(audiences, st.binary(min_size=8, max_size=8), st.integers(0, 2**32 - 1))
def test_a_token_is_good_until_it_expires_for_whom_it_was_made(audience, page, expires):
    """Until the very second; afterwards it is a stored copy of a page, known as such."""
    token = claim.make_token(KEYS, audience, page, expires)

    assert (TokenVerdict.OK, page.hex()) == claim.check_token(KEYS, token, audience, expires)
    assert (TokenVerdict.RESTORED, page.hex()) == claim.check_token(
        KEYS, token, audience, expires + 0.001
    )


@given(audiences, audiences)
def test_a_token_is_bad_for_anybody_else(audience, other):
    """Another user, connection or origin; nobody known is not somebody with an empty name."""
    token = claim.make_token(KEYS, audience, PAGE, NOW)
    verdict, _ = claim.check_token(KEYS, token, other, NOW)

    assert (audience == other) == (verdict is TokenVerdict.OK)


def test_an_audience_runs_no_field_into_the_next():
    """A connection named `a"` and an origin named `b` are not `a` and `"b`."""
    spelt = [Audience("a", "b", "c"), Audience("ab", "", "c"), Audience(None, "a", "b")]
    spelt += [Audience("", "a", "b"), Audience("null", "a", "b"), Audience("a", 'b","c', "")]

    assert len(spelt) == len({audience.to_bytes() for audience in spelt})


@given(st.integers(0, 8 * 29 - 1))
def test_a_token_with_one_bit_turned_over_is_bad(bit):
    """Page, time of expiry, key id and MAC are all under the seal."""
    raw = base64.urlsafe_b64decode(TOKEN + "=")
    token = base64.urlsafe_b64encode(flipped(raw, bit)).rstrip(b"=").decode()

    assert (TokenVerdict.BAD, None) == claim.check_token(KEYS, token, ALICE, NOW)


@given(st.text(max_size=60) | st.integers(0, 38).map(lambda size: TOKEN[:size]))
def test_any_other_text_is_a_bad_token(text):
    """Whatever a page sends is a verdict, never an exception."""
    assert (TokenVerdict.BAD, None) == claim.check_token(KEYS, text, ALICE, NOW)


def test_a_token_has_one_spelling():
    """Two texts for one token would let a copy pass for another one where tokens are counted."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    good = [
        last
        for last in letters
        if claim.check_token(KEYS, TOKEN[:-1] + last, ALICE, NOW)[0] is not TokenVerdict.BAD
    ]

    assert [TOKEN[-1]] == good
    assert TokenVerdict.BAD is claim.check_token(KEYS, TOKEN + "=", ALICE, NOW)[0]


def test_a_token_outlives_the_change_of_its_secret_and_no_longer():
    """Two secrets are live: open pages go on while the new one takes over."""
    verdicts = [claim.check_token(keys, TOKEN, ALICE, NOW)[0] for keys in (KEYS, ROTATED, AFTER)]

    assert [TokenVerdict.OK, TokenVerdict.OK, TokenVerdict.BAD] == verdicts


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_tokens_of_the_golden_file_are_made_and_read_alike(case):
    """A token made before an update of this code must open after it."""
    keys = claim.keys_from_text(json.dumps(case["keys"]))
    audience = Audience(*case["audience"])
    page = bytes.fromhex(case["page"])

    assert case["token"] == claim.make_token(keys, audience, page, case["expires"])
    assert (TokenVerdict.OK, case["page"]) == claim.check_token(
        keys, case["token"], audience, case["expires"]
    )


@given(st.text("abc-_123", max_size=255), st.binary(max_size=20))
def test_the_token_is_read_from_the_front_of_a_batch(token, rest):
    """Version, length, token; the proxy needs to know no more of a batch."""
    assert token == claim.token_in(b"\x01" + bytes([len(token)]) + token.encode() + rest)


@given(st.binary(max_size=300))
def test_any_front_gives_a_token_or_one_error(body):
    """A hostile batch cannot raise anything else in the proxy."""
    try:
        token = claim.token_in(body)
    except WireError as error:
        assert str(error) in ("truncated", "token")
    else:
        assert token.isascii()


# Sealed groups


@given(st.lists(st.binary(max_size=50), max_size=5), st.dictionaries(st.text(), st.floats(0, 9)))
def test_a_group_opens_to_what_was_sealed(bodies, counters):
    """Each batch comes back with its own claim; counters ride along, even alone."""
    items = [(replace(CLAIM, page=f"{at:016x}"), body) for at, body in enumerate(bodies)]
    group = claim.seal(KEYS, items, counters, NOW)

    assert (items, counters) == claim.unseal(KEYS, group, NOW, max_age=60.0)


@given(st.integers(0, 8 * len(GROUP) - 1))
def test_a_group_with_one_bit_turned_over_is_refused(bit):
    """Nobody changes whom a batch speaks for, nor the batch, nor a counter."""
    with pytest.raises(ClaimError, match=r"unknown_key|forged"):
        claim.unseal(KEYS, flipped(GROUP, bit), NOW, max_age=60.0)


@given(st.binary(max_size=100) | st.integers(0, len(GROUP) - 1).map(lambda size: GROUP[:size]))
def test_any_other_bytes_are_no_group(data):
    """Cut short or made up: one error, before anything is parsed."""
    with pytest.raises(ClaimError, match=r"truncated|unknown_key|forged"):
        claim.unseal(KEYS, data, NOW, max_age=60.0)


@pytest.mark.parametrize("off", [-60.1, 60.1])
def test_a_seal_of_another_time_is_stale(off):
    """A recorded group cannot be sent again later, nor a clock be far ahead."""
    with pytest.raises(ClaimError, match="stale"):
        claim.unseal(KEYS, GROUP, NOW + off, max_age=60.0)


@pytest.mark.parametrize("off", [-60.0, 60.0])
def test_a_seal_is_good_for_its_whole_age(off):
    """The limit itself still counts as in time."""
    items, _ = claim.unseal(KEYS, GROUP, NOW + off, max_age=60.0)

    assert BODIES == [body for _, body in items]


def test_a_group_opens_while_its_secret_lives():
    """The proxies may get the new secret later than the ingest does."""
    assert claim.unseal(ROTATED, GROUP, NOW, 60.0) == claim.unseal(KEYS, GROUP, NOW, 60.0)
    with pytest.raises(ClaimError, match="unknown_key"):
        claim.unseal(AFTER, GROUP, NOW, 60.0)


# Answers to groups

ANSWER = b'{"results":[{"status":204}]}'
OTHER_GROUP = claim.seal(KEYS, [(CLAIM, b"other")], {}, NOW)


@given(st.binary(max_size=50))
def test_an_answer_is_believed_as_it_was_sealed(answer):
    """For the group that it answers, byte by byte."""
    sealed = claim.seal_answer(KEYS, GROUP, answer)

    assert claim.is_answer(KEYS, GROUP, answer, sealed)
    assert not claim.is_answer(KEYS, GROUP, answer + b" ", sealed)
    assert not claim.is_answer(KEYS, OTHER_GROUP, answer, sealed)


@given(st.text(max_size=70))
def test_an_answer_under_any_other_seal_is_not_believed(sealed):
    """Who took the ingest's port while it was down has no secret; letters of any kind are read."""
    assert not claim.is_answer(KEYS, GROUP, ANSWER, sealed)


def test_an_answer_is_sealed_apart_from_groups_and_foreign_secrets():
    """What a proxy sealed cannot be given back to it as an answer."""
    foreign = claim.seal_answer(replace(KEYS, secrets=(OTHER,)), GROUP, ANSWER)

    assert not claim.is_answer(KEYS, GROUP, ANSWER, foreign)
    assert not claim.is_answer(KEYS, GROUP[:-32], b"", GROUP[-32:].hex())


@pytest.mark.parametrize("proxy", [KEYS, ROTATED, AFTER])
def test_an_answer_is_believed_while_a_secret_is_replaced(proxy):
    """Whichever of the ingest's live secrets the proxy has."""
    sealed = claim.seal_answer(ROTATED, GROUP, ANSWER)

    assert claim.is_answer(proxy, GROUP, ANSWER, sealed)


# Control stream


@given(st.integers(0, 2**40), st.dictionaries(st.text(max_size=9), st.none() | st.booleans()))
def test_a_control_line_opens_to_what_was_said(version, change):
    """The newest version may come again (a heartbeat), a lower one may not."""
    line = claim.seal_control(KEYS, version, change, NOW)

    assert (version, change) == claim.unseal_control(KEYS, line, newest=version)
    assert "\n" not in line
    with pytest.raises(ClaimError, match="old"):
        claim.unseal_control(KEYS, line, newest=version + 1)


@given(st.integers(0, 8 * len(base64.b64decode(LINE)) - 1))
def test_a_control_line_with_one_bit_turned_over_is_refused(bit):
    """Who could forge one would switch the product off."""
    line = base64.b64encode(flipped(base64.b64decode(LINE), bit)).decode()

    with pytest.raises(ClaimError, match=r"unknown_key|forged"):
        claim.unseal_control(KEYS, line, newest=0)


@given(st.text(max_size=80))
def test_any_other_text_is_no_control_line(line):
    """Never an exception that would end the stream's reader."""
    with pytest.raises(ClaimError, match=r"truncated|unknown_key|forged"):
        claim.unseal_control(KEYS, line, newest=0)


def test_a_group_is_no_control_line_and_a_control_line_no_group():
    """Each purpose has its key: a recorded line says nothing about a person."""
    with pytest.raises(ClaimError, match=r"unknown_key|forged"):
        claim.unseal(KEYS, base64.b64decode(LINE), NOW, 60.0)
    with pytest.raises(ClaimError, match=r"unknown_key|forged"):
        claim.unseal_control(KEYS, base64.b64encode(GROUP).decode(), 0)
