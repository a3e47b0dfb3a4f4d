"""Logs: a JSON object a line on standard error, an event's name and its fields."""

import json
import logging
import sys
from datetime import UTC, datetime

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""What every record carries; the rest are an event's fields."""


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON.

    Examples
    --------
    >>> told = {"msg": "enrolled", "levelname": "INFO", "created": 0.0, "version": 2}
    >>> record = logging.makeLogRecord(told)
    >>> JsonFormatter().format(record)
    '{"at": "1970-01-01T00:00:00+00:00", "level": "info", "event": "enrolled", "version": 2}'
    """

    def format(self, record: logging.LogRecord) -> str:
        """Give the line."""
        told = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        told |= {name: value for name, value in vars(record).items() if name not in _OWN}
        if record.exc_info:
            told["trace"] = self.formatException(record.exc_info)
        return json.dumps(told, default=str)


def log_to_stderr() -> None:
    """Send everything from INFO on to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
