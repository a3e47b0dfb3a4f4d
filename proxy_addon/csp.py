"""The least change of a Content-Security-Policy that lets the observer run and send."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Skip(StrEnum):
    """Why a page must not be injected."""

    SANDBOX = "csp-sandbox"
    UNREADABLE = "csp-unreadable"
    INEXPRESSIBLE = "csp-inexpressible"


@dataclass(frozen=True, slots=True)
class Relaxed:
    """Header values, line for line, and the nonce that the tag must carry."""

    enforced: tuple[str, ...]
    report_only: tuple[str, ...]
    nonce: str | None = None
    skip: Skip | None = None


def relax(
    enforced: Sequence[str],
    report_only: Sequence[str],
    *,
    origin: str,
    script_path: str,
    integrity_hash: str,
    connect_prefix: str,
) -> Relaxed:
    """Relax every policy of a response.

    `origin` is scheme://host[:port]; `integrity_hash` "sha256-..."; `connect_prefix`
    "/obs/<installation>/".
    """
    raise NotImplementedError


def relax_meta(content: str, *, origin: str, connect_prefix: str) -> str:
    """Relax connect-src in the raw `content` attribute of a `<meta>` csp."""
    raise NotImplementedError
