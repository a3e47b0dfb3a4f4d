"""How long somebody who tries in vain must wait: longer each time, of a name and of an address.

A try counts as failed from its beginning, so that a thousand at once are a thousand; the one that
succeeds takes that back.
"""

from reauth.errors import Locked
from reauth.ports.accounts import Attempts

ACCOUNT, ADDRESS = 5, 20
"""Failures without a wait: a person who mistypes, an office behind one address."""
SHORTEST, LONGEST = 5.0, 900.0
"""s of the first wait and of the last; each is twice the one before. At the longest 96 guesses a
day are left (NIST SP 800-63B allows a hundred in a row), and nobody is kept out for ever."""
FORGET = 86_400.0
"""s without a try after which all are forgotten."""


def begun(was: Attempts, now: float, free: int) -> Attempts:
    """A try is made.

    Parameters
    ----------
    free
        Failures that cost no wait.

    Raises
    ------
    Locked
        If it comes too early; it counts for nothing then.

    Examples
    --------
    >>> begun(Attempts(failures=5, until=0.0, seen=0.0), 10.0, free=5)
    Attempts(failures=6, until=15.0, seen=10.0)
    """
    if now < was.until:
        raise Locked(was.until - now)
    before = was.failures if now - was.seen < FORGET else 0
    over = before + 1 - free
    wait = min(SHORTEST * 2.0 ** min(over - 1, 30), LONGEST) if over > 0 else 0.0
    return Attempts(before + 1, now + wait, now)


def taken_back(was: Attempts) -> Attempts:
    """A try succeeded: an address is as before; others who failed there still have."""
    return Attempts(max(was.failures - 1, 0), 0.0, was.seen)
