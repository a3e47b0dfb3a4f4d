"""Secret files: made with mode 0600, refused when anybody else may read them."""

import os
from pathlib import Path

from reauth.errors import SettingsError


def create_secret(path: str, text: str, setting: str) -> None:
    """Write a new secret file durably; never overwrites.

    Parameters
    ----------
    setting
        The key of mitm.toml that names the file, for messages.

    Raises
    ------
    SettingsError
        If it cannot be made.
    """
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise SettingsError(f"{setting}: cannot make {path}: {error.strerror}") from error


def read_secret(path: str, setting: str) -> str:
    """The text of a secret file.

    Raises
    ------
    SettingsError
        If it cannot be read, or group or others may read it; the message never quotes it.
    """
    try:
        with open(path, encoding="ascii") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise SettingsError(
                    f"{setting}: {path} may be read by group or others; chmod 600 {path}"
                )
            return file.read()
    except OSError as error:
        raise SettingsError(f"{setting}: cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise SettingsError(f"{setting}: {path} is not text") from None
