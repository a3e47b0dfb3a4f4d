"""Where alerts are told: `open_sink` turns a URL of the settings into a `Sink`."""

from reauth.errors import SettingsError
from reauth.ports import Sink
from reauth.settings import Sinks
from reauth.sinks.jsonl import JsonLines
from reauth.sinks.webhook import Webhook, read_secrets

KNOWN = "jsonl:stderr, jsonl:/ABSOLUTE/PATH, webhook+http://... or webhook+https://..."


def open_sink(url: str, settings: Sinks) -> Sink:
    """The sink of a URL.

    Raises
    ------
    SettingsError
        If it is none that we know, or its secret cannot be had.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "jsonl" and (rest == "stderr" or rest.startswith("/")):
        return JsonLines(None if rest == "stderr" else rest)
    if scheme in ("webhook+http", "webhook+https") and rest.strip("/"):
        if settings.webhook_secret_file is None:
            raise SettingsError(
                "sinks.webhook_secret_file: a webhook is signed; name a file, mode 0600, that holds"
                " whsec_ and 24 to 64 random bytes in base64"
            )
        return Webhook(url, read_secrets(settings.webhook_secret_file), settings.timeout)
    raise SettingsError(f"sinks.urls: a sink is {KNOWN}, not one of scheme '{scheme}'")
