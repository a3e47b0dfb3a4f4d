"""`reauth account` and `reauth token`: kept from the machine itself, each change audited."""

import pytest

from reauth.cli.account import first_link
from reauth.settings import Console, Settings
from tests.people import PASSWORD

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def secret(place):
    """A file with a password."""
    file = place.folder / "password.txt"
    file.write_text(PASSWORD + "\n", "utf-8")
    file.chmod(0o600)
    return file


def audited(place):
    """(action, subject, done), oldest first."""
    found = place.type("audit", "list", "--json").json
    return sorted((one["number"], one["action"], one["subject"], one["done"]) for one in found)


def test_accounts_are_made_changed_and_removed(place, secret):
    """What was done is said in a line, and kept in the audit."""
    added = place.type("account", "add", "Anna", "--roles", "admin", "--password-file", secret)
    assert (0, "anna: made, admin\n") == (added.code, added.out)
    invited = place.type("account", "add", "bert", "--roles", "viewer,analyst")
    assert "http://127.0.0.1:0/first?token=" in invited.out
    assert 0 == place.type("account", "roles", "bert", "auditor").code
    assert 0 == place.type("account", "disable", "bert").code
    listed = place.type("account", "list", "--json").json
    assert [("anna", "active"), ("bert", "disabled")] == [
        (one["name"], one["state"]) for one in listed
    ]
    assert "argon2" not in place.type("account", "list").out
    for verb in ("enable", "unlock", "password", "remove"):
        assert 0 == place.type("account", verb, "bert").code
    last = place.type("account", "remove", "anna")

    assert (1, 1) == (last.code, last.err.count("\n"))
    assert "last account" in last.err
    assert [
        ("account.make", "Anna", True),
        ("account.make", "bert", True),
        ("account.roles", "bert", True),
        ("account.disable", "bert", True),
        ("account.enable", "bert", True),
        ("account.unlock", "bert", True),
        ("account.password", "bert", True),
        ("account.remove", "bert", True),
        ("account.remove", "anna", False),
    ] == [told[1:] for told in audited(place)]


def test_a_password_comes_from_a_file_of_ones_own_or_a_prompt(place, secret, monkeypatch):
    """Never from an argument: everybody on the machine sees those."""
    secret.chmod(0o644)
    refused = place.type("account", "add", "anna", "--roles", "admin", "--password-file", secret)
    assert 2 == refused.code
    assert "chmod 600" in refused.err
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    typed = iter([PASSWORD, PASSWORD + "x", PASSWORD, PASSWORD])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(typed))
    ask = ("account", "add", "anna", "--roles", "admin", "--ask")
    assert "not the same" in place.type(*ask).err
    assert 0 == place.type(*ask).code
    assert 2 == place.type("account", "add", "eve", "--roles", "admin", "--password", "x").code


@pytest.mark.parametrize(
    "words", [("account", "add", "a", "--roles", "king"), ("token", "make", "a", "--scopes", "all")]
)
def test_roles_and_scopes_are_known_ones(place, words):
    """The message lists them."""
    said = place.type(*words)

    assert 2 == said.code
    assert "are some of" in said.err


def test_the_first_link_is_given_while_nobody_has_an_account(place, secret):
    """Then it is refused, with the next step."""
    assert "/first?token=" in place.type("account", "first-token").out
    place.type("account", "add", "anna", "--roles", "admin", "--password-file", secret)

    refused = place.type("account", "first-token")

    assert 1 == refused.code
    assert "reauth account password NAME" in refused.err


def test_tokens_are_made_listed_and_ended(place, secret):
    """The secret is printed once."""
    place.type("account", "add", "anna", "--roles", "analyst", "--password-file", secret)
    made = place.type("token", "make", "anna", "--scopes", "see_alerts", "--label", "siem")
    [row] = place.type("token", "list", "--json").json
    assert ("anna", "siem", ["see_alerts"]) == (row["account"], row["label"], row["scopes"])
    assert made.out.strip() not in place.type("token", "list").out
    assert 1 == place.type("token", "make", "anna", "--scopes", "keep_accounts").code

    assert 0 == place.type("token", "end", row["id"][:12]).code
    assert 1 == place.type("token", "end", row["id"]).code
    assert [] == place.type("token", "list", "--json").json


@pytest.mark.parametrize(
    ("url", "here", "wanted"),
    [
        (None, "http://127.0.0.1:8082", "http://127.0.0.1:8082/first?token=s"),
        ("https://r.example", "https://0.0.0.0:1", "https://r.example/first?token=s"),
        (None, "unix:/run/console.sock", "http://localhost/first?token=s"),
    ],
)
def test_a_link_starts_as_browsers_reach_us(url, here, wanted):
    """By our own name, if we have one."""
    assert wanted == first_link(Settings(console=Console(url=url)), here, "s")
