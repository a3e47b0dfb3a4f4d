"""JSON schemas that several rows of the table share: what accounts, logins and tokens look like."""

from collections.abc import Mapping
from typing import Any

from reauth.access import Act, Role
from reauth.proof import LONGEST

TEXT: Mapping[str, Any] = {"type": "string"}
TRUTH: Mapping[str, Any] = {"type": "boolean"}
TIME: Mapping[str, Any] = {"type": "string", "format": "date-time"}


def shape(**properties: Mapping[str, Any]) -> dict[str, Any]:
    """An object that has all of these."""
    return {"type": "object", "properties": properties, "required": sorted(properties)}


def several(one: Mapping[str, Any]) -> dict[str, Any]:
    """An array of these."""
    return {"type": "array", "items": one}


def perhaps(one: Mapping[str, Any]) -> dict[str, Any]:
    """One of these, or null."""
    return {"anyOf": [one, {"type": "null"}]}


PASSWORD: Mapping[str, Any] = {"type": "string", "maxLength": LONGEST}
CODE: Mapping[str, Any] = {"type": "string", "maxLength": 16}
ROLES: Mapping[str, Any] = {
    "type": "array",
    "items": {"enum": sorted(Role)},
    "minItems": 1,
    "maxItems": len(Role),
}
ACCOUNT = shape(
    name=TEXT,
    roles=several({"enum": sorted(Role)}),
    state={"enum": ["active", "disabled", "invited"]},
    second_factor=TRUTH,
    single_sign_on=TRUTH,
    made=TIME,
)
LOGIN = shape(id=TEXT, account=TEXT, address=TEXT, begun=TIME, ends=TIME)
TOKEN = shape(
    id=TEXT,
    account=TEXT,
    label=TEXT,
    scopes=several({"enum": sorted(Act)}),
    made=TIME,
    ends=TIME,
    used=perhaps(TIME),
)
