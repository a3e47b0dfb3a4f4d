"""The request that whatever is done now is done for: its id stands in each log line about it."""

from contextvars import ContextVar

REQUEST: ContextVar[str | None] = ContextVar("request", default=None)
"""Hexadecimal, drawn for each request and told in its answer (`X-Request-Id`); None outside one."""
