"""Schemas that rows share: they hold what is told, and refuse what is not."""

from jsonschema import Draft202012Validator

from reauth.access import Act, Role
from reauth.account_document import account_document, login_document, token_document
from reauth.console.shapes import ACCOUNT, LOGIN, ROLES, TOKEN, perhaps
from reauth.ports.accounts import AccountRow, LoginRow, TokenRow


def test_what_is_told_of_accounts_fits():
    """With every key that there is, and no other."""
    account = account_document(AccountRow("anna", frozenset(Role), None, None, 0.0))
    login = login_document(LoginRow("aa", "anna", "", 0.0, 0.0, 9.0))
    token = token_document(TokenRow("bb", "anna", "", frozenset([Act.LOOK]), 0.0, 9.0))

    for told, schema in ((account, ACCOUNT), (login, LOGIN), (token, TOKEN)):
        assert Draft202012Validator(schema).is_valid(told)
        assert set(told) == set(schema["required"])
        assert not Draft202012Validator(schema).is_valid({})


def test_roles_are_known_ones():
    """One at least."""
    valid = Draft202012Validator(ROLES).is_valid

    assert valid(["admin"])
    assert not any(map(valid, ([], ["king"], "admin")))
    assert Draft202012Validator(perhaps({"type": "string"})).is_valid(None)
