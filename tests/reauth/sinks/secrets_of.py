"""A webhook with its secret file, for the tests of its sink."""

import base64
from pathlib import Path
from tempfile import TemporaryDirectory

from reauth.news import Letterhead
from reauth.settings import Sinks
from reauth.sinks.opening import opening
from reauth.sinks.webhook import Webhook

SECRET = bytes(range(24))
OTHER = bytes(range(100, 164))


def letters(secret):
    """A secret as it stands in the file."""
    return "whsec_" + base64.b64encode(secret).decode()


def written(folder, *lines, mode=0o600):
    """The path of a secret file with these lines."""
    path = folder / "webhook.secret"
    path.write_text("\n".join(lines or [letters(SECRET)]) + "\n")
    path.chmod(mode)
    return str(path)


def hook(url, secrets=(SECRET,), timeout=5.0):
    """A webhook; its file is read when it is opened, and gone after that."""
    with TemporaryDirectory() as folder:
        file = written(Path(folder), *map(letters, secrets))
        settings = Sinks(webhook_secret_file=file, timeout=timeout)
        return Webhook(opening(url, settings, Letterhead()))
