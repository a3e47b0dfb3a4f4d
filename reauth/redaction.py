"""What no log may hold: secrets, query strings, cookies, movement, whatever was handed to the log.

The last guard and not the first: nothing of the kind is logged on purpose. So it takes too much
rather than too little, and keeps names of events, ids, numbers by themselves and short words.
"""

import os
import re
from collections.abc import Mapping
from typing import Any

GONE = "[redacted]"
MOST = 20
"""Items of a list, and entries of an object, that a line may hold."""
_NAMES = re.compile(
    r"(.*_)?(authorization|cookies?|tokens?|passwords?|passphrase|secrets?|api_key|credentials?"
    r"|body|query|url|referer|headers?|xs?|ys?|points|samples|coordinates|features|trajectory)",
    re.IGNORECASE,
)
"""Fields that say by their name that they are none of a log's business."""
_SAID = r"authorization|set-cookie|cookie|token|password|passphrase|secret|api[_-]?key|session|sid"
_PATTERNS = (
    (re.compile(r"-----BEGIN [^-]+-----.*?(-----END [^-]+-----|\Z)", re.DOTALL), GONE),
    (re.compile(rf"(?i)\b({_SAID})\b(['\"]?\s*[:=]\s*).*?(?=[;,&\n]|$)"), rf"\1\2{GONE}"),
    (re.compile(r"\b(Bearer|Basic|Reauth)\s+[\w.~+/=-]{8,}"), rf"\1 {GONE}"),
    (re.compile(r"://[^/\s@]+@"), f"://{GONE}@"),
    (re.compile(r"([\w\])}/])\?[^\s\"'<>]+"), rf"\1?{GONE}"),
    (re.compile(r"\bwhsec_\S+"), GONE),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), GONE),
    (re.compile(r"(?=[\w+/-]*[a-z])(?=[\w+/-]*[A-Z])(?=[\w+/-]*\d)[\w+/-]{32,}={0,2}"), GONE),
    (re.compile(r"[\[(]\s*-?\d+(\.\d+)?(\s*,\s*-?\d+(\.\d+)?)+\s*,?\s*[\])]"), GONE),
    (re.compile(r"\b([xy]s?)(['\"]?\s*[=:]\s*)-?\d+(\.\d+)?", re.IGNORECASE), rf"\1\2{GONE}"),
)
"""What is taken out of a text: keys, header values, credentials and query strings of URLs, tokens
(long, of upper and lower case and digits, as base64 has them), pairs and rows of numbers."""


def redacted(value: Any, name: str = "") -> Any:
    """A field as a log may hold it: of the types that JSON has.

    Examples
    --------
    >>> redacted("GET /a?user=x&token=y", "line"), redacted("s3cret", "page_token")
    ('GET /a?[redacted]', '[redacted]')
    >>> redacted({"n": 3, "cookie": "a=b", "at": [10, 20]})
    {'n': 3, 'cookie': '[redacted]', 'at': '[redacted]'}
    """
    if name and _NAMES.fullmatch(name.replace("-", "_")):
        return GONE
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str | os.PathLike):
        return text(str(value))
    if isinstance(value, Mapping):
        entries = list(value.items())[:MOST]
        return {text(str(key)): redacted(each, str(key)) for key, each in entries}
    if isinstance(value, list | tuple | set | frozenset) and not hasattr(value, "_fields"):
        numbers = sum(isinstance(each, int | float) for each in value)
        if numbers > 1:
            return GONE
        return [redacted(each) for each in list(value)[:MOST]]
    return f"<{type(value).__name__}>"  # its text may hold anything


def text(said: str) -> str:
    """A text without what a log may not hold.

    Examples
    --------
    >>> text("Cookie: sid=1; moved to (12.5, 80)")
    'Cookie: [redacted]; moved to [redacted]'
    """
    for pattern, instead in _PATTERNS:
        said = pattern.sub(instead, said)
    return said
