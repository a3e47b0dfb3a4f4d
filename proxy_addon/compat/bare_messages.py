"""Requests and responses are made without a look at the type of each of their fields.

mitmproxy checks a dozen annotations by reflection for each message, unless Python runs with `-O`,
which would take all other assertions too. What makes messages here is mitmproxy's own parsers.
"""

from mitmproxy.http import MessageData


def apply() -> None:
    """Leave the check out."""
    MessageData.__post_init__ = _nothing  # type: ignore[method-assign] # the patch


def _nothing(self: MessageData) -> None:
    """There is nothing to be done."""
