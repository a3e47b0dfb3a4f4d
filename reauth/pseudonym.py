"""A user's other name, for receivers who need none: the same for the same user, and no more."""

import hashlib
import hmac
from dataclasses import replace

from reauth.alert import Alert


def pseudonym(key: bytes, user: str) -> str:
    """The pseudonym of a user under an installation's key; who has no key cannot try names.

    Examples
    --------
    >>> pseudonym(b"a key", "anna") == pseudonym(b"a key", "anna")
    True
    """
    return f"user-{hmac.digest(key, user.encode(), hashlib.sha256).hex()[:12]}"


def disguised(key: bytes, alert: Alert) -> Alert:
    """The alert with pseudonyms in the place of users, and without what people wrote."""
    resembles = alert.resembles
    if resembles is not None:
        resembles = replace(resembles, user=pseudonym(key, resembles.user))
    return replace(
        alert,
        user=None if alert.user is None else pseudonym(key, alert.user),
        resembles=resembles,
        note="",
        history=tuple(replace(step, note="") for step in alert.history),
    )
