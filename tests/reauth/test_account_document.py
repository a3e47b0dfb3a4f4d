"""What is told of accounts lets nobody in, and tells not when somebody worked."""

import json
from dataclasses import replace

import pytest

from reauth.access import Act, Role
from reauth.account_document import account_document, login_document, token_document
from reauth.ports.accounts import AccountRow, LoginRow, TokenRow

ANNA = AccountRow("anna", frozenset([Role.ADMIN]), "$argon2id$v=19", None, 0.0, b"secret", 3)


def test_an_account_is_told_without_its_secrets():
    """Only that it has them."""
    told = account_document(ANNA)

    assert ("anna", ["admin"], "active", True) == (
        told["name"], told["roles"], told["state"], told["second_factor"],
    )  # fmt: skip
    assert "argon2" not in json.dumps(told)
    assert "secret" not in json.dumps([*told.values()])


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"password": None}, "invited"),
        ({"password": None, "subject": "i s"}, "active"),
        ({"disabled": True}, "disabled"),
    ],
)
def test_an_account_is_in_one_state(changes, state):
    """Whoever has not chosen a password waits."""
    assert state == account_document(replace(ANNA, **changes))["state"]


def test_a_login_is_told_without_its_last_use():
    """That would be a list of who worked when."""
    told = login_document(LoginRow("aa", "anna", "192.0.2.1", 0.0, 86_400.0, 3600.0))

    assert "1970-01-01T00:00:00.000Z" == told["begun"]
    assert "1970-01-02" not in json.dumps(told)


def test_a_token_is_told_with_its_last_use():
    """One that nobody uses should be ended."""
    row = TokenRow("bb", "anna", "siem", frozenset([Act.LOOK]), 0.0, 3600.0)

    assert (None, ["look"]) == (token_document(row)["used"], token_document(row)["scopes"])
    assert "1970-01-01T00:00:05.000Z" == token_document(replace(row, used=5.0))["used"]
