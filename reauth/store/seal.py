"""Encryption at rest: AES-256-GCM under keys of their own for each purpose.

Every blob is bound to the purpose and to the row that it belongs to, so that none can be put in
another's place. A key never meets the same nonce twice: each opening of the store draws a random
salt, derives its keys from it and counts its blobs.
"""

import base64
import os
import struct
from itertools import count

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from reauth.errors import SettingsError, StoreError
from reauth.secret_file import create_secret, read_secret

KEY_BYTES = 32
"""AES-256, as privacy-ops.md section 2 asks."""

_SETTING = "store.key_file"
_PLAIN, _SEALED = b"\x00", b"\x01"
_SALT_BYTES = 16
_HEAD = struct.Struct(">16sQ")
_KNOWN_SALTS = 4096
"""Derived keys kept: a few for each start of the process within the retention of the rows."""


class Sealer:
    """Seals and opens blobs.

    A counted nonce under a key drawn for this opening cannot repeat, where random ones may from
    2**32 blobs on (NIST SP 800-38D, section 8.3), which a busy store writes in days.

    Parameters
    ----------
    key
        32 bytes, or None for a store without encryption (tests, benches).
    """

    def __init__(self, key: bytes | None) -> None:
        if key is not None and len(key) != KEY_BYTES:
            raise ValueError(f"a store key has {KEY_BYTES} bytes")
        self._key = key
        self._salt = os.urandom(_SALT_BYTES)
        self._numbers = count()
        self._ciphers: dict[tuple[str, bytes], AESGCM] = {}

    def seal(self, purpose: str, row: bytes, text: bytes) -> bytes:
        """Seal a text for a row: version, salt, number, ciphertext with tag."""
        if self._key is None:
            return _PLAIN + text
        number = next(self._numbers)
        cipher = self._cipher(purpose, self._salt)
        sealed = cipher.encrypt(number.to_bytes(12, "big"), text, row)
        return _SEALED + _HEAD.pack(self._salt, number) + sealed

    def open(self, purpose: str, row: bytes, blob: bytes) -> bytes:
        """The text of a blob of this row.

        Raises
        ------
        StoreError
            If it was sealed with another key, for another purpose or row, or was changed.
        """
        if self._key is None:
            if blob[:1] != _PLAIN:
                raise StoreError(f"this {purpose} is encrypted: give the store its key file")
            return blob[1:]
        if blob[:1] != _SEALED or len(blob) < 1 + _HEAD.size:
            raise StoreError(f"this {purpose} is not sealed: it was not written with the key")
        salt, number = _HEAD.unpack_from(blob, 1)
        try:
            return self._cipher(purpose, salt).decrypt(
                number.to_bytes(12, "big"), blob[1 + _HEAD.size :], row
            )
        except InvalidTag:
            raise StoreError(f"this {purpose} does not open: changed, or another key") from None

    def _cipher(self, purpose: str, salt: bytes) -> AESGCM:
        found = self._ciphers.get((purpose, salt))
        if found is None:
            derived = HKDF(SHA256(), KEY_BYTES, salt, f"reauth store {purpose}".encode())
            found = AESGCM(derived.derive(self._key or b""))
            if len(self._ciphers) >= _KNOWN_SALTS:
                self._ciphers.clear()
            self._ciphers[purpose, salt] = found
        return found


def create_key(path: str) -> bytes:
    """Make a new key file, mode 0600; never overwrites.

    Raises
    ------
    SettingsError
        If it cannot be made.
    """
    key = os.urandom(KEY_BYTES)
    create_secret(path, base64.b64encode(key).decode() + "\n", _SETTING)
    return key


def read_key(path: str) -> bytes:
    """The key in a key file: 32 bytes as base64 or hexadecimal text.

    Raises
    ------
    SettingsError
        If it is absent, readable by others, or no key; the message never quotes it.
    """
    text = read_secret(path, _SETTING).strip()
    try:
        hexadecimal = len(text) == 2 * KEY_BYTES
        key = bytes.fromhex(text) if hexadecimal else base64.b64decode(text, validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise SettingsError(
            f"{_SETTING}: {path} must hold {KEY_BYTES} bytes as base64 or hexadecimal text"
        )
    return key
