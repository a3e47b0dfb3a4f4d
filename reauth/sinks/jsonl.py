"""News -> one line of JSON, to a file or to standard error; the default."""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from reauth.alert_document import alert_document
from reauth.errors import SettingsError, SinkError
from reauth.news import Event, Letterhead, News
from reauth.ocsf import finding
from reauth.sinks.ecs import ecs
from reauth.sinks.opening import Opening

_FORM = "jsonl:stderr or jsonl:/ABSOLUTE/PATH"


def _own(news: News, head: Letterhead) -> dict[str, Any]:
    """The whole document of the interface; of what follows raising, what it was as well."""
    document = alert_document(news.alert)
    return document if news.event is Event.RAISED else {"type": news.event.value, **document}


_DOCUMENTS: dict[str, Callable[[News, Letterhead], dict[str, Any]]] = {
    "json": _own, "ecs": ecs, "ocsf": finding
}  # fmt: skip


class JsonLines:
    """Appends one line each time.

    The file is opened for each line, so that whoever rotates it need not tell us; it is made with
    mode 0600 where it is absent.

    Raises
    ------
    SettingsError
        If the URL names neither standard error nor a file.
    """

    def __init__(self, found: Opening) -> None:
        path = found.parts.path
        if found.parts.netloc or not (path == "stderr" or path.startswith("/")):
            raise SettingsError(f"sinks.urls: {_FORM}")
        self._path = None if path == "stderr" else path
        self._head = found.head
        format_name = found.choice("format", *_DOCUMENTS)
        self._document = _DOCUMENTS[format_name]
        self.name = f"jsonl:{path}" + ("" if format_name == "json" else f"?format={format_name}")

    def render(self, news: News) -> bytes:
        """The whole document on one line."""
        document = self._document(news, self._head)
        return json.dumps(document, separators=(",", ":")).encode() + b"\n"

    async def deliver(self, news: News, payload: bytes, now: float) -> None:
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
