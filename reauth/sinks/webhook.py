"""Alert -> signed JSON POST, after Standard Webhooks 1.0.0.

The message's id is the alert's, the same at every attempt, so that the receiver can drop what it
has; the body is thin: what happened and where to look, and the newest evidence only.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from urllib.parse import urlsplit

import aiohttp

from reauth.alert import Alert
from reauth.alert_document import alert_document
from reauth.errors import SettingsError, SinkError
from reauth.secret_file import read_secret
from reauth.sinks.outbox import SinkGone

EVIDENCE = 20
"""Newest pieces of evidence sent: 3 kB of the 20 kB that Standard Webhooks asks to stay below."""

NOTE = 1000
"""Letters of a note sent; escaped they are 12 kB at most."""

_PREFIX = "whsec_"
_SETTING = "sinks.webhook_secret_file"
_GONE = 410
"""HTTP 410: the receiver wants no more (Standard Webhooks, "Handling of delivery failures")."""


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


def _name(url: str) -> str:
    """Scheme and host, and a digest of the rest, so that two receivers on one host differ.

    Credentials are left out of the digest too: a short password could be guessed from it.
    """
    parts = urlsplit(url)
    rest = hashlib.sha256(f"{parts.path}?{parts.query}".encode()).hexdigest()
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/{rest[:8]}"


class Webhook:
    """Posts alerts to one address.

    Parameters
    ----------
    url
        webhook+http://... or webhook+https://...; credentials, path and query in it are used, and
        never told: many receivers have their secret in the path.
    secrets
        What `read_secrets` gives.
    timeout
        s; a delivery that takes longer has failed.
    """

    def __init__(self, url: str, secrets: Sequence[bytes], timeout: float) -> None:
        self._url = url.removeprefix("webhook+")
        self._secrets = tuple(secrets)
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self.name = _name(url)

    def render(self, alert: Alert) -> bytes:
        """The thin document, with the type and the time that the standard asks for."""
        document = alert_document(alert)
        history = document.pop("history")
        evidence = document.pop("evidence")
        thin = {
            "type": "alert.raised",
            "timestamp": document["raised_at"],
            **document,
            "note": alert.note[:NOTE],
            "evidence": evidence[-EVIDENCE:],
            "evidence_total": len(evidence),
            "steps": len(history),
        }
        return json.dumps(thin, separators=(",", ":")).encode()

    async def deliver(self, alert: Alert, payload: bytes, now: float) -> None:
        """Send it; only an answer from 200 to 299 is success, a redirection is not followed.

        Raises
        ------
        SinkGone
            If the receiver wants no more.
        SinkError
            If it did not arrive.
        """
        status = await self._post(self._headers(alert, payload, int(now)), payload)
        if status == _GONE:
            raise SinkGone("the receiver answered 410: it wants no more")
        if not 200 <= status < 300:
            raise SinkError(f"the receiver answered {status}")

    def _headers(self, alert: Alert, payload: bytes, timestamp: int) -> dict[str, str]:
        return {
            "content-type": "application/json",
            "user-agent": "reauth",
            "webhook-id": alert.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(self._secrets, alert.id, timestamp, payload),
        }

    async def _post(self, headers: dict[str, str], payload: bytes) -> int:
        """The status of the answer; its text is not read, it may be of any size."""
        try:
            async with (
                aiohttp.ClientSession(timeout=self._timeout) as client,
                client.post(
                    self._url, data=payload, headers=headers, allow_redirects=False
                ) as answer,
            ):
                return answer.status
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # The error's own text may hold the URL and what is secret in it.
            raise SinkError(f"no answer: {type(error).__name__}") from error
