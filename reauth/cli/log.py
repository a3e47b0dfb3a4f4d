"""Logs on standard error: a JSON object a line, or text for a person; an event and its fields.

Everything passes `reauth.redaction`. Of what libraries log only the place in their code is kept,
as their text holds paths and addresses.
"""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

from reauth.correlation import REQUEST
from reauth.errors import ReauthError
from reauth.redaction import redacted, text
from reauth.settings import Log

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""What every record carries; the rest are an event's fields."""
_OURS = ("reauth", "root")
_STREAMS = {"reauth.audit": "audit", "reauth.access": "access"}
"""Loggers whose lines a collector keeps apart, by the name of their stream."""
_TOLD = 3
"""Innermost frames of a trace."""


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON.

    Examples
    --------
    >>> told = {"msg": "enrolled", "levelname": "INFO", "created": 0.0, "version": 2}
    >>> record = logging.makeLogRecord({**told, "name": "reauth.enrol"})
    >>> JsonFormatter().format(record)
    '{"at": "1970-01-01T00:00:00+00:00", "level": "info", "event": "enrolled", "version": 2}'
    """

    def format(self, record: logging.LogRecord) -> str:
        """Give the line."""
        return json.dumps(_fields(record), default=repr)


class TextFormatter(logging.Formatter):
    """Writes a record as a line for a person.

    Examples
    --------
    >>> told = {"msg": "enrolled", "levelname": "INFO", "created": 0.0, "version": 2}
    >>> record = logging.makeLogRecord({**told, "name": "reauth.enrol"})
    >>> TextFormatter().format(record)
    '1970-01-01T00:00:00+00:00 info enrolled version=2'
    """

    def format(self, record: logging.LogRecord) -> str:
        """Give the line."""
        told = _fields(record)
        head = " ".join(str(told.pop(name)) for name in ("at", "level", "event"))
        return " ".join([head, *(f"{name}={json.dumps(each)}" for name, each in told.items())])


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    told: dict[str, Any] = {
        "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
        "level": record.levelname.lower(),
    }
    if record.name.split(".")[0] in _OURS:
        told["event"] = text(record.getMessage())
        extra = {name: value for name, value in vars(record).items() if name not in _OWN}
        told |= {name: redacted(value, name) for name, value in extra.items()}
    else:
        told |= {"event": "library", "where": f"{record.name}:{record.lineno}"}
    if record.name in _STREAMS:
        told["stream"] = _STREAMS[record.name]
    if (request := REQUEST.get()) is not None:
        told["request"] = request
    if record.exc_info and record.exc_info[1] is not None:
        told["trace"] = _trace(record.exc_info[1])
    return told


def _trace(error: BaseException) -> str:
    """What kind of fault, and where; the text of one that is not ours may say anything."""
    frames = traceback.extract_tb(error.__traceback__)[-_TOLD:]
    places = [f"{PurePath(one.filename).name}:{one.lineno} {one.name}" for one in frames]
    said = f": {text(str(error))}" if isinstance(error, ReauthError) else ""
    return " > ".join([*places, type(error).__name__]) + said


def log_to_stderr(settings: Log | None = None) -> None:
    """Send everything from the level of the settings on to standard error."""
    settings = settings or Log()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(TextFormatter() if settings.format == "text" else JsonFormatter())
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    logging.basicConfig(level=level, handlers=[handler], force=True)
