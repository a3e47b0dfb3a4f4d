"""Accounts, logins and tokens as they are told: without anything that lets somebody in."""

from typing import Any

from reauth.alert_document import rfc3339
from reauth.ports.accounts import AccountRow, LoginRow, TokenRow


def account_document(row: AccountRow) -> dict[str, Any]:
    """An account; `state` is disabled, invited (no password chosen yet) or active."""
    chosen = row.password is not None or row.subject is not None
    return {
        "name": row.name,
        "roles": sorted(row.roles),
        "state": "disabled" if row.disabled else "active" if chosen else "invited",
        "second_factor": row.totp is not None,
        "single_sign_on": row.subject is not None,
        "made": rfc3339(row.made),
    }


def login_document(row: LoginRow) -> dict[str, Any]:
    """A login. When it was used last is told to nobody: that is about when people work."""
    return {
        "id": row.id,
        "account": row.account,
        "address": row.address,
        "begun": rfc3339(row.made),
        "ends": rfc3339(row.ends),
    }


def token_document(row: TokenRow) -> dict[str, Any]:
    """A token."""
    return {
        "id": row.id,
        "account": row.account,
        "label": row.label,
        "scopes": sorted(row.scopes),
        "made": rfc3339(row.made),
        "ends": rfc3339(row.ends),
        "used": None if row.used is None else rfc3339(row.used),
    }
