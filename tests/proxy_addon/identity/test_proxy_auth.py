"""Who proved what on which connection; what an htpasswd may hold."""

import base64

import bcrypt
import pytest

from proxy_addon.identity import UNKNOWN, Peer
from proxy_addon.identity.proxy_auth import (
    Htpasswd,
    ProxyAuth,
    _nobody,
    parse_basic,
    parse_htpasswd,
)
from reauth.errors import SettingsError

HASH = bcrypt.hashpw(b"secret", b"$2b$04$" + b"abcdefghijklmnopqrstuu").decode()
USERS = {"ann": HASH.encode()}
HERE, THERE = Peer("1", "10.0.0.1"), Peer("2", "10.0.0.1")


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_a_file_gives_users_and_their_hashes():
    """Blank lines and comments are none; all three names of bcrypt's format are read."""
    text = f"# people\n\nann:{HASH}\nbob:{HASH.replace('$2b$', '$2y$')}\n"

    assert ["ann", "bob"] == list(parse_htpasswd(text, "htpasswd"))


@pytest.mark.parametrize(
    "digest",
    [
        "$apr1$salt$abcdefghijklmnopqrstuv",
        "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
        "plain",
        "",
        HASH[:-1],
        "$2x" + HASH[3:],
    ],
)
def test_other_hashes_are_refused_by_line_and_never_quoted(digest: str):
    """The weakest line is the strength of the file; its text is nobody's business."""
    with pytest.raises(SettingsError, match="htpasswd: line 2 ") as caught:
        parse_htpasswd(f"ann:{HASH}\nbob:{digest}\n", "htpasswd")

    assert not digest or digest not in str(caught.value)


@pytest.mark.parametrize("line", ["ann", f":{HASH}"])
def test_a_line_that_is_no_user_and_hash_is_refused(line: str):
    """A user who is missing by a slip of the pen would be locked out in silence."""
    with pytest.raises(SettingsError, match="line 1 is not"):
        parse_htpasswd(line, "htpasswd")


def test_a_user_stands_there_once():
    """Of two passwords, one was meant to be gone."""
    with pytest.raises(SettingsError, match="line 2 repeats"):
        parse_htpasswd(f"ann:{HASH}\nann:{HASH}", "htpasswd")


@pytest.mark.parametrize(
    "header", ["", "Basic", "Basic !", "Bearer abc", "Basic " + base64.b64encode(b"x").decode()]
)
def test_what_is_no_basic_credential_is_none(header: str):
    """Total over whatever a client shows."""
    assert parse_basic(header) is None


async def test_a_password_makes_the_connection_its_users():
    """This one; another from the same address has proved nothing."""
    auth = ProxyAuth(Htpasswd(USERS), lambda: 7.0)

    assert await auth.check(HERE, basic("ann", "secret"))
    identity = auth.identify(HERE)
    assert ("ann", "proxy_auth", 7.0) == (identity.user, identity.source, identity.since)
    assert auth.identify(THERE) is UNKNOWN


@pytest.mark.parametrize(
    "header",
    [basic("ann", "wrong"), basic("eve", "secret"), basic("eve", ""), basic("ann", "\0secret")],
)
async def test_a_wrong_password_proves_nobody_and_takes_away_what_was_proved(header: str):
    """A connection is never left with the user before."""
    auth = ProxyAuth(Htpasswd(USERS), lambda: 0.0)
    await auth.check(HERE, basic("ann", "secret"))

    assert not await auth.check(HERE, header)
    assert auth.identify(HERE) is UNKNOWN


async def test_without_credentials_nobody_is_proved():
    """A proxy authenticates each request that is not in a tunnel."""
    auth = ProxyAuth(Htpasswd(USERS), lambda: 0.0)
    await auth.check(HERE, basic("ann", "secret"))

    assert not await auth.check(HERE, None)
    assert auth.identify(HERE) is UNKNOWN


async def test_what_was_proved_is_not_checked_again(monkeypatch: pytest.MonkeyPatch):
    """bcrypt is slow on purpose: once a connection, not once a picture."""
    auth = ProxyAuth(Htpasswd(USERS), lambda: 0.0)
    await auth.check(HERE, basic("ann", "secret"))
    monkeypatch.setattr(bcrypt, "checkpw", None)

    assert await auth.check(HERE, basic("ann", "secret"))


@pytest.mark.parametrize("costs", [(4, 7), (5, 5), (7,), ()])
async def test_time_does_not_tell_which_names_exist(
    costs: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
):
    """Work doubles with the cost: each name takes that of the file's highest, known or not."""
    users = {f"u{at}": bcrypt.hashpw(b"x", bcrypt.gensalt(cost)) for at, cost in enumerate(costs)}
    check, work = bcrypt.checkpw, []

    def counted(password: bytes, digest: bytes) -> bool:
        work[-1] += 2 ** int(digest[4:6])
        return check(password, digest)

    monkeypatch.setattr(bcrypt, "checkpw", counted)
    renewed = Htpasswd({})
    renewed.replace(users)
    for passwords in (renewed, Htpasswd(users)):
        taken = ProxyAuth(passwords, lambda: 0.0)
        for name in ("nobody", *users):
            work.append(0)
            assert not await taken.check(HERE, basic(name, "y"))

    assert {2 ** max(costs, default=10)} == set(work)


def test_no_password_is_that_of_nobody():
    """Were its name to exist, the check of a name that does not must fail all the same."""
    assert not bcrypt.checkpw(b"", _nobody(4))


async def test_a_connection_that_ended_and_a_file_that_changed_prove_nothing():
    """Nothing outlives its reason."""
    passwords = Htpasswd(USERS)
    auth = ProxyAuth(passwords, lambda: 0.0)
    for peer in (HERE, THERE):
        await auth.check(peer, basic("ann", "secret"))
    auth.forget(HERE)

    assert auth.identify(HERE) is UNKNOWN
    passwords.replace({})
    auth.forget_all()
    assert auth.identify(THERE) is UNKNOWN
    assert not await auth.check(THERE, basic("ann", "secret"))


async def test_a_long_password_counts_as_far_as_bcrypt_reads():
    """72 bytes, by whatever version of the package."""
    long = "x" * 100
    digest = bcrypt.hashpw(long[:72].encode(), bcrypt.gensalt(4))
    auth = ProxyAuth(Htpasswd({"ann": digest}), lambda: 0.0)

    assert await auth.check(HERE, basic("ann", long))
