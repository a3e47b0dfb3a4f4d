"""The format of an archive of an installation: its manifest, and its secrets under a passphrase.

Databases lie in it as they are, since what tells of movement is sealed in them already; secrets are
sealed with a key from the passphrase, and the manifest with its digests is bound to that seal. So
whoever has no passphrase can neither read a key nor exchange a database unseen.
"""

import base64
import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from reauth import ca
from reauth.errors import ReauthError, SettingsError
from reauth.secret_file import read_secret

FORMAT = 1
MANIFEST, SEALED, MAIN = "manifest.json", "secrets.sealed", "store.db"
DATABASE = re.compile(r"store\.db|raw-\d{4}-\d\d-\d\d\.db")
SECRET = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)*")
"""A path below the state folder that leads nowhere else."""
KEYS, STORE_KEY, CA = "keys.json", "store.key", "ca"
"""Where the settings' defaults have them (reauth/settings/tree.py)."""
LARGEST = 1 << 24
"""Bytes of a manifest, or of all secrets together; real ones have a few thousand."""
LEAST = 12
"""Characters of a passphrase."""
_COST = {"n": 1 << 15, "r": 8, "p": 1}
"""Of scrypt: 32 MiB and a tenth of a second a guess (RFC 7914, section 2)."""
_KEY_BYTES, _SALT_BYTES, _NONCE_BYTES = 32, 16, 12
_SETTING = "--key-file"


class ArchiveError(ReauthError):
    """An archive that cannot be made, or will not do."""


def read_passphrase(path: str) -> str:
    """The passphrase in a file of mode 0600, without the white space around it.

    Raises
    ------
    SettingsError
        If it cannot be read, others may read it, or it is short.
    """
    passphrase = read_secret(path, _SETTING).strip()
    if len(passphrase) < LEAST:
        raise SettingsError(f"{_SETTING}: {path} holds fewer than {LEAST} characters")
    return passphrase


def seal(
    secrets: Mapping[str, bytes], passphrase: str, told: Mapping[str, Any]
) -> tuple[bytes, dict[str, Any]]:
    """Seal secrets by name, bound to what the manifest tells; the blob, and how it was sealed."""
    salt, nonce = os.urandom(_SALT_BYTES), os.urandom(_NONCE_BYTES)
    text = json.dumps({name: base64.b64encode(data).decode() for name, data in secrets.items()})
    how = {"kdf": "scrypt", **_COST, "salt": salt.hex(), "nonce": nonce.hex()}
    cipher = AESGCM(_key(passphrase, salt))
    return cipher.encrypt(nonce, text.encode(), _bound(told, how)), how


def unseal(
    blob: bytes, passphrase: str, told: Mapping[str, Any], how: Mapping[str, Any]
) -> dict[str, bytes]:
    """The secrets by name.

    Raises
    ------
    ArchiveError
        If it does not open: another passphrase, or archive or manifest were changed.
    """
    if {name: how.get(name) for name in _COST} != _COST or how.get("kdf") != "scrypt":
        raise ArchiveError("the archive is sealed in a way that this release does not know")
    try:
        salt, nonce = bytes.fromhex(how["salt"]), bytes.fromhex(how["nonce"])
        text = AESGCM(_key(passphrase, salt)).decrypt(nonce, blob, _bound(told, how))
        found: dict[str, str] = json.loads(text)
    except (InvalidTag, KeyError, TypeError, ValueError):
        raise ArchiveError(
            "the secrets do not open: another passphrase, or the archive was changed"
        ) from None
    return {name: base64.b64decode(data) for name, data in found.items()}


def _key(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=_KEY_BYTES, **_COST).derive(passphrase.encode())


def _bound(told: Mapping[str, Any], how: Mapping[str, Any]) -> bytes:
    return json.dumps([told, how], sort_keys=True, separators=(",", ":")).encode()


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(folder: Path) -> str | None:
    """SHA-256 of the CA's certificate in a folder; None where there is none yet.

    Raises
    ------
    CaError
        If what is there is no certificate.
    """
    if not (folder / ca.CERTIFICATE).exists():
        return None
    found: str = ca.show(folder)["sha256"]
    return found
