"""News -> signed JSON POST, after Standard Webhooks 1.0.0.

The message's id is the same at every attempt, so that the receiver can drop what it has; the body
is thin: what happened and where to look, and the newest evidence only.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from typing import Any

from reauth.errors import SettingsError
from reauth.news import Letterhead, News
from reauth.ocsf import finding
from reauth.secret_file import read_secret
from reauth.sinks.calling import caller, taken
from reauth.sinks.opening import Opening
from reauth.sinks.thin import thin

_PREFIX = "whsec_"
_SETTING = "sinks.webhook_secret_file"
_DOCUMENTS: dict[str, Callable[[News, Letterhead], dict[str, Any]]] = {
    "json": thin, "ocsf": finding
}  # fmt: skip


def read_secrets(path: str) -> tuple[bytes, ...]:
    """The live secrets in a file, one a line: two while one is being replaced.

    Raises
    ------
    SettingsError
        If the file is absent, readable by others, or holds anything else.
    """
    lines = read_secret(path, _SETTING).split()
    secrets = tuple(_secret(line) for line in lines)
    if not 1 <= len(secrets) <= 2 or not all(24 <= len(secret) <= 64 for secret in secrets):
        raise SettingsError(
            f"{_SETTING}: {path} must hold one or two lines, each {_PREFIX} and 24 to 64 bytes in"
            " base64"
        )
    return secrets


def _secret(line: str) -> bytes:
    """The bytes of a secret; none where it is not one."""
    if not line.startswith(_PREFIX):
        return b""
    try:
        return base64.b64decode(line.removeprefix(_PREFIX), validate=True)
    except ValueError:
        return b""


def signature(secrets: Sequence[bytes], message: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`: one `v1` signature for each live secret.

    Examples
    --------
    The specification's own example:

    >>> secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    >>> body = b'{"test": 2432232314}'
    >>> signature([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    text = f"{message}.{timestamp}.".encode() + body
    macs = (hmac.digest(secret, text, hashlib.sha256) for secret in secrets)
    return " ".join(f"v1,{base64.b64encode(mac).decode()}" for mac in macs)


class Webhook:
    """Posts news to one address; credentials, path and query in it are used, and never told.

    Many receivers have their secret in the path.

    Raises
    ------
    SettingsError
        If there is no secret, or the URL names no host.
    """

    def __init__(self, found: Opening) -> None:
        if not found.parts.hostname:
            raise SettingsError(f"sinks.urls: {found.scheme} is {found.scheme}://HOST/PATH")
        path = found.options.get("secret_file") or found.settings.webhook_secret_file
        if path is None:
            raise SettingsError(
                f"{_SETTING}: a webhook is signed; name a file, mode 0600, that holds"
                " whsec_ and 24 to 64 random bytes in base64"
            )
        self._secrets = read_secrets(path)
        self._url = found.address
        self._head = found.head
        self._document = _DOCUMENTS[found.choice("format", *_DOCUMENTS)]
        self._caller = caller(found.settings)
        self.name = found.name

    def render(self, news: News) -> bytes:
        """The thin document, or OCSF's."""
        return json.dumps(self._document(news, self._head), separators=(",", ":")).encode()

    async def deliver(self, news: News, payload: bytes, now: float) -> None:
        """Send it; only an answer from 200 to 299 is success, a redirection is not followed.

        Raises
        ------
        SinkGone
            If the receiver wants no more.
        SinkError
            If it did not arrive.
        """
        headers = {
            "content-type": "application/json",
            "user-agent": "reauth",
            "webhook-id": news.id,
            "webhook-timestamp": str(int(now)),
            "webhook-signature": signature(self._secrets, news.id, int(now), payload),
        }
        status, _ = await self._caller.post(self._url, headers, payload)
        taken(status)
