"""What a provider says is believed only if all of it holds: a hostile one that signs well.

Logging in by a provider that we did not write is in tests/reauth/console/test_sso.py.
"""

import base64
import json
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from reauth.access import Role
from reauth.errors import SettingsError
from reauth.oidc import PENDING, OidcError, Provider, Relying, relying
from reauth.settings import Oidc
from tests.reauth.test_accounts import Clock

KEY = RSAKey.generate_key(2048, {"kid": "one"})
OTHER = RSAKey.generate_key(2048, {"kid": "one"})
BACK = "https://reauth.example/login/oidc/back"


class Hostile:
    """A provider that answers what a test wants; its keys and tokens are real."""

    def __init__(self, clock):
        self.clock = clock
        self.claims = {}
        self.about = {}
        self.token = None
        self.asked = []
        self.keys = [KEY]
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._about)
        app.router.add_get("/jwks", self._jwks)
        app.router.add_post("/token", self._token)
        app.router.add_get("/me", self._me)
        self.server = TestServer(app)

    @property
    def issuer(self):
        """Its name."""
        return str(self.server.make_url("")).rstrip("/")

    async def _about(self, request):
        ends = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint")
        paths = zip(ends, ("/auth", "/token", "/me"), strict=True)
        told = {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/jwks"}
        told |= {name: self.issuer + path for name, path in paths}
        return web.json_response(told | self.about)

    async def _jwks(self, request):
        return web.json_response({"keys": [key.as_dict(private=False) for key in self.keys]})

    async def _token(self, request):
        self.asked.append((dict(request.headers), dict(await request.post())))
        return web.json_response({"id_token": self.token or self.sign(KEY), "access_token": "a"})

    async def _me(self, request):
        return web.json_response({"sub": "s1", "groups": ["soc"]} | self.claims.get("me", {}))

    def sign(self, key, algorithm="RS256", kid="one"):
        """An ID token of the claims."""
        claims = {name: value for name, value in self.claims.items() if name != "me"}
        return jwt.encode({"alg": algorithm, "kid": kid}, claims, key, algorithms=[algorithm])

    def good(self, pending, **changes):
        """Claims that hold, but for some; None leaves one out."""
        now = self.clock()
        told = {"iss": self.issuer, "aud": "reauth", "sub": "s1", "nonce": pending.nonce}
        told |= {"iat": now, "exp": now + 300, "preferred_username": "anna", "groups": ["soc"]}
        self.claims = {key: one for key, one in {**told, **changes}.items() if one is not None}


@pytest.fixture
async def hostile():
    """One that runs."""
    made = Hostile(Clock())
    await made.server.start_server()
    yield made
    await made.server.close()


def provider_of(hostile, **changes):
    """It as we know it."""
    told = {
        "issuer": hostile.issuer,
        "client_id": "reauth",
        "secret": "s:/ é",
        "groups_claim": "groups",
    }
    told |= {"scopes": ("openid",), "roles": {"soc": frozenset([Role.ANALYST])}}
    return Provider(Relying(**(told | changes)), hostile.clock)


async def begun(hostile, again=None, **changes):
    """A login under way: the provider, and what is kept of it."""
    provider = provider_of(hostile, **changes)
    pending, where = await provider.begin(BACK, "/", again)
    return provider, pending, parse_qs(urlsplit(where).query)


async def test_whom_the_provider_vouches_for_comes_in(hostile):
    """With the roles of their groups; the secret goes in a header, the verifier along."""
    provider, pending, asked = await begun(hostile)
    hostile.good(pending)

    vouched = await provider.end(pending, "the code", BACK)

    assert f"{hostile.issuer} s1" == vouched.subject
    assert ("anna", {Role.ANALYST}) == (vouched.name, vouched.roles)
    [(headers, form)] = hostile.asked
    pair = base64.b64decode(headers["Authorization"].removeprefix("Basic ")).decode()
    assert "reauth:s%3A%2F+%C3%A9" == pair
    assert ("the code", pending.verifier) == (form["code"], form["code_verifier"])
    assert ["S256"] == asked["code_challenge_method"]
    assert pending.verifier not in str(asked)
    assert "prompt" not in asked


WRONG = {
    "another issuer": {"iss": "https://evil.example"},
    "somebody else": {"aud": "other"},
    "somebody else too": {"aud": ["reauth", "other"], "azp": "other"},
    "another login": {"nonce": "guess"},
    "no nonce": {"nonce": None},
    "expired": {"exp": 1_790_000_000 - 61},
    "no end": {"exp": None},
    "an end that is no number": {"exp": "later"},
    "the future": {"iat": 1_790_000_000 + 61},
    "nobody": {"sub": ""},
    "no group": {"groups": []},
    "a group that gives nothing": {"groups": ["staff"]},
    "groups that are none": {"groups": {"soc": True}},
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG)
async def test_a_token_that_does_not_hold_lets_nobody_in(hostile, changes):
    """However well it is signed."""
    provider, pending, _ = await begun(hostile)
    hostile.good(pending, **changes)

    with pytest.raises(OidcError):
        await provider.end(pending, "code", BACK)


async def test_clocks_may_differ_a_little(hostile):
    """By the skew of the settings, to either side."""
    provider, pending, _ = await begun(hostile)
    now = hostile.clock()
    hostile.good(pending, exp=now - 59, iat=now + 59, groups="soc")

    assert await provider.end(pending, "code", BACK)


def unsigned(hostile):
    """A token that says that it needs no signature."""
    parts = ({"alg": "none"}, hostile.claims)
    encoded = [base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=") for one in parts]
    return b".".join([*encoded, b""]).decode()


FORGED = {
    "by another key": lambda hostile: hostile.sign(OTHER),
    "by none": unsigned,
    "by our secret": lambda hostile: hostile.sign(OctKey.import_key("s" * 32), "HS256"),
    "by the public key as a secret": lambda hostile: hostile.sign(
        OctKey.import_key(KEY.as_pem(private=False)), "HS256"
    ),
    "changed": lambda hostile: hostile.sign(KEY)[:-8] + "AAAAAAAA",
    "no token": lambda hostile: "a.b",
}


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
async def test_a_forged_signature_lets_nobody_in(hostile, forge):
    """Whatever the header says that it is."""
    provider, pending, _ = await begun(hostile)
    hostile.good(pending)
    hostile.token = forge(hostile)

    with pytest.raises(OidcError, match="does not hold"):
        await provider.end(pending, "code", BACK)


async def test_new_keys_are_read_at_once(hostile):
    """A provider rotates them when it likes."""
    provider, pending, _ = await begun(hostile)
    hostile.good(pending)
    await provider.end(pending, "code", BACK)
    new = RSAKey.generate_key(2048, {"kid": "two"})
    hostile.keys, hostile.token = [new], hostile.sign(new, kid="two")

    assert await provider.end(pending, "code", BACK)


async def test_what_the_token_leaves_out_is_asked_for(hostile):
    """Of the same person only."""
    provider, pending, _ = await begun(hostile)
    hostile.good(pending, groups=None)
    assert {Role.ANALYST} == (await provider.end(pending, "code", BACK)).roles

    hostile.good(pending, groups=None, me={"sub": "s2"})
    with pytest.raises(OidcError, match="somebody else"):
        await provider.end(pending, "code", BACK)


@pytest.mark.parametrize(("late", "good"), [(0, True), (-59, True), (-61, False), (None, False)])
async def test_a_fresh_proof_is_one_that_was_made_now(hostile, late, good):
    """A login of this morning is none, whatever was asked for."""
    provider, pending, asked = await begun(hostile, "anna")
    hostile.good(pending, auth_time=None if late is None else hostile.clock() + late)

    assert (["login"], ["0"]) == (asked["prompt"], asked["max_age"])
    if good:
        assert await provider.end(pending, "code", BACK)
    else:
        with pytest.raises(OidcError):
            await provider.end(pending, "code", BACK)


async def test_a_state_works_once_and_not_for_long(hostile):
    """Nor does one that was never given, or one that another provider brings."""
    provider, pending, _ = await begun(hostile)
    assert pending == provider.take(pending.state, hostile.issuer)
    late, _ = await provider.begin(BACK, "/", None)
    foreign, _ = await provider.begin(BACK, "/", None)
    with pytest.raises(OidcError, match="another provider"):
        provider.take(foreign.state, "https://evil.example")
    hostile.clock.at += PENDING + 1

    for state in (pending.state, late.state, "guess", ""):
        with pytest.raises(OidcError, match="begin it again"):
            provider.take(state, None)


@pytest.mark.parametrize(
    ("about", "told"),
    [
        ({"issuer": "https://evil.example"}, "letter by letter"),
        ({"token_endpoint": "javascript:x"}, "does not say its token_endpoint"),
        ({"padding": "x" * 2_000_000}, "without an end"),
    ],
)
async def test_a_provider_that_is_another_is_told(hostile, about, told):
    """Before anybody is sent there."""
    hostile.about = about

    with pytest.raises(OidcError, match=told):
        await begun(hostile)


async def test_a_provider_that_is_away_is_told(hostile):
    """With its address."""
    provider = provider_of(hostile, issuer="http://127.0.0.1:9")

    with pytest.raises(OidcError, match=r"cannot ask http://127\.0\.0\.1:9/"):
        await provider.begin(BACK, "/", None)


# Settings


def test_groups_give_roles(tmp_path):
    """One may give several."""
    secret = tmp_path / "secret"
    secret.write_text("hush\n", "ascii")
    secret.chmod(0o600)
    told = Oidc("https://i", "us", str(secret), roles=("cn=soc=analyst", "cn=soc=approver"))

    made = relying(told)

    assert {"cn=soc": {Role.ANALYST, Role.APPROVER}} == made.roles
    assert "hush" == made.secret
    assert relying(Oidc()) is None


@pytest.mark.parametrize(
    "changes",
    [{"client_id": ""}, {"client_secret_file": None}, {"roles": ("soc",)}, {"roles": ("s=king",)}],
)
def test_settings_that_lack_something_are_refused(tmp_path, changes):
    """By the key."""
    secret = tmp_path / "secret"
    secret.write_text("hush", "ascii")
    secret.chmod(0o600)
    told = {"issuer": "https://i", "client_id": "us", "client_secret_file": str(secret)}

    with pytest.raises(SettingsError, match=r"oidc\."):
        relying(Oidc(**(told | changes)))
