"""Alert -> one line of JSON, to a file or to standard error; the default."""

import asyncio
import json
import os
import sys

from reauth.alert import Alert
from reauth.alert_document import alert_document
from reauth.errors import SinkError


class JsonLines:
    """Appends one line an alert.

    The file is opened for each line, so that whoever rotates it need not tell us.

    Parameters
    ----------
    path
        Of the file, made with mode 0600 where it is absent; None for standard error.
    """

    def __init__(self, path: str | None) -> None:
        self._path = path
        self.name = f"jsonl:{path or 'stderr'}"

    def render(self, alert: Alert) -> bytes:
        """The whole document on one line."""
        return json.dumps(alert_document(alert), separators=(",", ":")).encode() + b"\n"

    async def deliver(self, alert: Alert, payload: bytes, now: float) -> None:
        """Write the line.

        Raises
        ------
        SinkError
            If it could not be written whole; then nothing of it stays.
        """
        try:
            await asyncio.to_thread(self._write, payload)
        except (OSError, ValueError) as error:
            raise SinkError(f"cannot write: {type(error).__name__}: {error}") from error

    def _write(self, line: bytes) -> None:
        if self._path is None:
            sys.stderr.write(line.decode())
            sys.stderr.flush()
        else:
            append(self._path, line)


def append(path: str, line: bytes) -> None:
    """Append a line to a file, whole or not at all.

    Raises
    ------
    OSError
        If there is no room, or no such folder.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        before = os.fstat(handle).st_size
        written = os.write(handle, line)
        if written != len(line):
            # Half a line would spoil the next one too.
            os.ftruncate(handle, before)
            raise OSError(f"{written} of {len(line)} bytes written")
    finally:
        os.close(handle)
