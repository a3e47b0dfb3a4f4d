"""Logging in by somebody else's word: OpenID Connect, authorization code with PKCE.

The provider's addresses and keys are discovered (OpenID Connect Discovery 1.0) and kept for an
hour. What comes back is believed only if its state was given to this browser, its code fits the
verifier, and its ID token is signed, for us, of this login, and not of another time (Core 1.0,
3.1.3.7).
"""

import asyncio
import base64
import hashlib
import json
import secrets
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from reauth.access import Role
from reauth.errors import ReauthError, SettingsError
from reauth.secret_file import read_secret
from reauth.settings import Oidc as OidcSettings

ALGORITHMS = [f"{kind}{size}" for kind in ("RS", "PS", "ES") for size in (256, 384, 512)]
"""Signatures by a key pair; never `none`, nor one by the secret that we share."""
PENDING = 600.0
"""s that somebody may take to log in there."""
MOST = 10_000
"""Logins under way; beyond it the oldest are forgotten."""
_KEPT = 3600.0
"""s that discovery and keys are kept; an unknown key has them read anew at once."""
_PATIENCE = aiohttp.ClientTimeout(total=10)
_LARGEST = 1 << 20


class OidcError(ReauthError):
    """The provider's fault, or ours in its settings: the message says which, without a secret."""


@dataclass(frozen=True, slots=True)
class Relying:
    """What we are to the provider.

    `roles` maps a group to the role that it gives; `skew` (s) is how far clocks may differ.
    """

    issuer: str
    client_id: str
    secret: str
    scopes: Sequence[str]
    groups_claim: str
    roles: Mapping[str, frozenset[Role]]
    skew: float = 60.0
    ca: str | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """A login under way: who began it may end it."""

    state: str
    nonce: str
    verifier: str
    began: float
    following: str
    again: str | None = None
    """The account that proves itself anew; None where somebody logs in."""


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom the provider vouches for."""

    subject: str
    name: str
    roles: frozenset[Role]


@dataclass(slots=True)
class _Known:
    at: float = float("-inf")
    about: Mapping[str, Any] = field(default_factory=dict)
    keys: KeySet | None = None


def relying(settings: OidcSettings) -> Relying | None:
    """What the settings make us; None where they name no provider.

    Raises
    ------
    SettingsError
        If something is missing, or a group's role is none.
    """
    if settings.issuer is None:
        return None
    if not settings.client_id or settings.client_secret_file is None:
        raise SettingsError("oidc.issuer needs oidc.client_id and oidc.client_secret_file")
    roles: dict[str, frozenset[Role]] = {}
    for told in settings.roles:
        group, _, role = told.rpartition("=")
        if not group or role not in set(Role):
            known = ", ".join(Role)
            raise SettingsError(f"oidc.roles: '{told}' must be GROUP=ROLE, a role of {known}")
        roles[group] = roles.get(group, frozenset()) | {Role(role)}
    secret = read_secret(settings.client_secret_file, "oidc.client_secret_file").strip()
    return Relying(
        settings.issuer,
        settings.client_id,
        secret,
        settings.scopes,
        settings.groups_claim,
        roles,
        settings.skew,
        settings.ca,
    )


class Provider:
    """The provider as we know it; one for a house.

    Parameters
    ----------
    clock
        Seconds since 1970.
    """

    def __init__(self, relying: Relying, clock: Callable[[], float]) -> None:
        self._relying = relying
        self._clock = clock
        self._known = _Known()
        self._pending: dict[str, Pending] = {}
        self._lock = asyncio.Lock()

    async def begin(self, redirect: str, following: str, again: str | None) -> tuple[Pending, str]:
        """Begin a login; what must be kept of it by the browser, and where to send that.

        Parameters
        ----------
        redirect
            Our own address, to which the provider sends the browser back.
        following
            Where it goes on to then.
        again
            The account that is to prove itself anew: the provider must ask for its password now.

        Raises
        ------
        OidcError
            If the provider cannot be asked.
        """
        about = await self._about()
        now = self._clock()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        made = Pending(state, nonce, verifier, now, following, again)
        self._forget(now)
        self._pending[made.state] = made
        digest = hashlib.sha256(made.verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self._relying.client_id,
            "redirect_uri": redirect,
            "scope": " ".join(self._relying.scopes),
            "state": made.state,
            "nonce": made.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        if again is not None:
            asked |= {"prompt": "login", "max_age": "0"}
        return made, f"{about['authorization_endpoint']}?{urlencode(asked)}"

    def _forget(self, now: float) -> None:
        late = [key for key, one in self._pending.items() if now - one.began > PENDING]
        for key in [*late, *list(self._pending)[: max(0, len(self._pending) - MOST)]]:
            self._pending.pop(key, None)

    def take(self, state: str, issuer: str | None) -> Pending:
        """What began under a state; it works once.

        Parameters
        ----------
        issuer
            Who says that they answer (RFC 9207); None where nobody does.

        Raises
        ------
        OidcError
            If nothing did, or too long ago, or another provider answers.
        """
        found = self._pending.pop(state, None)
        if found is None or self._clock() - found.began > PENDING:
            raise OidcError("this login was not begun here, or too long ago: begin it again")
        if issuer not in (None, self._relying.issuer):
            raise OidcError("another provider answers than the one that was asked")
        return found

    async def end(self, pending: Pending, code: str, redirect: str) -> Vouched:
        """Trade a code for whom the provider vouches for.

        Raises
        ------
        OidcError
            If it vouches for nobody, or its word does not hold.
        """
        about = await self._about()
        tokens = await self._trade(about, pending, code, redirect)
        claims = await self._claims(tokens["id_token"], pending)
        claims |= await self._more(about, tokens, claims)
        name = claims.get("preferred_username") or claims.get("email") or claims["sub"]
        groups = claims.get(self._relying.groups_claim, [])
        named = [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
        roles = frozenset(
            role for group in map(str, named) for role in self._relying.roles.get(group, ())
        )
        if not roles:
            raise OidcError(
                f"the groups of '{str(name)[:64]}' give no role here: [oidc] roles says which do"
            )
        return Vouched(f"{self._relying.issuer} {claims['sub']}", str(name), roles)

    async def leave(self, after: str) -> str | None:
        """Where somebody logs out of the provider as well; None where it offers nothing."""
        about = await self._about()
        there = about.get("end_session_endpoint")
        asked = {"client_id": self._relying.client_id, "post_logout_redirect_uri": after}
        return f"{there}?{urlencode(asked)}" if there else None

    async def _trade(
        self, about: Mapping[str, Any], pending: Pending, code: str, redirect: str
    ) -> dict[str, Any]:
        ways = about.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        ours, secret = self._relying.client_id, self._relying.secret
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "code_verifier": pending.verifier,
        }
        basic = "client_secret_basic" in ways
        if not basic:
            form |= {"client_id": ours, "client_secret": secret}
        auth = _basic(ours, secret) if basic else {}
        told = await self._json("POST", about["token_endpoint"], data=form, headers=auth)
        if not isinstance(told.get("id_token"), str):
            raise OidcError(f"the provider gave no ID token: {_why(told)}")
        return told

    async def _more(
        self, about: Mapping[str, Any], tokens: Mapping[str, Any], claims: Mapping[str, Any]
    ) -> dict[str, Any]:
        """What the ID token left out and the provider tells when asked (Core 1.0, section 5.3)."""
        where, access = about.get("userinfo_endpoint"), tokens.get("access_token")
        if self._relying.groups_claim in claims or not where or not isinstance(access, str):
            return {}
        told = await self._json("GET", where, headers={"Authorization": f"Bearer {access}"})
        if told.get("sub") != claims["sub"]:
            raise OidcError("the provider tells of somebody else than its ID token")
        names = ("preferred_username", "email", self._relying.groups_claim)
        return {name: told[name] for name in names if name in told and name not in claims}

    async def _claims(self, token: str, pending: Pending) -> dict[str, Any]:
        claims = await self._signed(token)
        now, skew = self._clock(), self._relying.skew
        audience = claims.get("aud")
        for_us = self._relying.client_id in (audience if isinstance(audience, list) else [audience])
        party = claims.get("azp", self._relying.client_id)
        wrong = {
            "of another issuer": claims.get("iss") != self._relying.issuer,
            "for somebody else": not for_us or party != self._relying.client_id,
            "of another login": not secrets.compare_digest(
                str(claims.get("nonce", "")), pending.nonce
            ),
            "expired, or one of the clocks is wrong": now > _number(claims, "exp") + skew,
            "of the future: one of the clocks is wrong": _number(claims, "iat") > now + skew,
            "of nobody": not isinstance(claims.get("sub"), str) or not claims["sub"],
        }
        if pending.again is not None:
            # max_age=0: the password was asked for after we sent the browser there.
            wrong["of an older login: the provider did not ask for the password again"] = (
                _number(claims, "auth_time") < pending.began - skew
            )
        for what, is_wrong in wrong.items():
            if is_wrong:
                raise OidcError(f"the provider's ID token is {what}")
        return claims

    async def _signed(self, token: str) -> dict[str, Any]:
        """The claims of a token whose signature holds; with new keys if need be."""
        for fresh in (False, True):
            keys = await self._keys(fresh=fresh)
            try:
                return dict(jwt.decode(token, keys, algorithms=ALGORITHMS).claims)
            except (JoseError, ValueError) as error:
                if fresh:
                    kind = type(error).__name__
                    raise OidcError(f"the provider's ID token does not hold: {kind}") from None
        raise AssertionError("the second round returns or raises")

    async def _about(self) -> Mapping[str, Any]:
        async with self._lock:
            if self._clock() - self._known.at > _KEPT:
                where = f"{self._relying.issuer.rstrip('/')}/.well-known/openid-configuration"
                about = await self._json("GET", where)
                _check(about, self._relying.issuer)
                self._known = _Known(self._clock(), about)
            return self._known.about

    async def _keys(self, *, fresh: bool) -> KeySet:
        about = await self._about()
        if self._known.keys is None or fresh:
            told = await self._json("GET", about["jwks_uri"])
            try:
                self._known.keys = KeySet.import_key_set(told)  # type: ignore[arg-type] # checked there
            except (JoseError, ValueError, KeyError, TypeError):
                raise OidcError("the provider's keys cannot be read") from None
        return self._known.keys

    async def _json(self, method: str, url: str, **sent: Any) -> dict[str, Any]:
        """What the provider answers; it is never followed elsewhere, nor read without an end."""
        context = ssl.create_default_context(cafile=self._relying.ca)
        connector = aiohttp.TCPConnector(ssl=context)
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=_PATIENCE) as session,
                session.request(method, url, allow_redirects=False, **sent) as answer,
            ):
                told = _parsed(await _whole(answer))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            where = url.partition("?")[0]
            raise OidcError(f"cannot ask {where}: {type(error).__name__}") from None
        if answer.status != 200 or not isinstance(told, dict):
            raise OidcError(f"{url.partition('?')[0]} answers {answer.status}: {_why(told)}")
        return told


async def _whole(answer: aiohttp.ClientResponse) -> bytes:
    text = b""
    async for part in answer.content.iter_chunked(65_536):
        text += part
        if len(text) > _LARGEST:
            raise OidcError(f"{answer.url.host} answers without an end")
    return text


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _basic(name: str, secret: str) -> dict[str, str]:
    """RFC 6749, section 2.3.1: both are form-encoded before they are joined."""
    pair = f"{urlencode({'': name})[1:]}:{urlencode({'': secret})[1:]}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _check(about: Mapping[str, Any], issuer: str) -> None:
    if about.get("issuer") != issuer:
        raise OidcError(
            f"the provider calls itself '{str(about.get('issuer'))[:200]}', [oidc] issuer is"
            f" '{issuer}': they must be the same, letter by letter"
        )
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if not str(about.get(name, "")).startswith(("https://", "http://")):
            raise OidcError(f"the provider does not say its {name}")


def _number(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise OidcError(f"the provider's ID token has no {name}")
    return float(value)


def _why(told: Any) -> str:
    """The provider's own word for what is wrong (RFC 6749, section 5.2)."""
    told = told if isinstance(told, dict) else {}
    return str(told.get("error", "no reason"))[:100]
