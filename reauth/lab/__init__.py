"""The laboratory: the shipped code on recordings of real people.

A data set is anything that yields (user, session, events): events as `reauth.event` has them, in
seconds and pixels, whatever the origin wrote.
"""

from collections.abc import Iterator
from typing import Protocol

from reauth.event import Event


class Dataset(Protocol):
    """Recordings, user by user; the sessions of a user in name order."""

    def __iter__(self) -> Iterator[tuple[str, str, list[Event]]]:
        """Yield (user, session, events)."""
        ...
