"""What a person does on the command line, noted in the audit as what they do in the console is."""

import asyncio
import getpass
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from reauth import app
from reauth.audit import Deed
from reauth.ports import Audit
from reauth.settings import Settings

HERE = "command line"
"""Where they sat, for the audit."""


def who() -> str:
    """The person at the keyboard, by login name, or by number in a container without names."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


@asynccontextmanager
async def noted(audit: Audit, action: str, subject: str, reason: str = "") -> AsyncIterator[None]:
    """Note what is done within: done, or failed where an error leaves it.

    Parameters
    ----------
    action
        As the console calls it, such as `alert.ack`.
    subject
        To what: an alert, a user, a file.
    """
    done = False
    try:
        yield
        done = True
    finally:
        await audit.append(Deed(app.now(), who(), action, subject, done, HERE, reason))


@contextmanager
def noted_there(settings: Settings, action: str, subject: str) -> Iterator[None]:
    """The same for what needs no store itself."""
    done = False
    try:
        yield
        done = True
    finally:
        asyncio.run(_append(settings, Deed(app.now(), who(), action, subject, done, HERE)))


async def _append(settings: Settings, deed: Deed) -> None:
    async with app.opened_doors(settings) as doors:
        await doors.audit.append(deed)
