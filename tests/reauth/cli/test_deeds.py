"""Whatever the command line changes is in the audit, with who typed it."""

import os

import pytest

from reauth.cli.deeds import HERE, who


def test_a_person_without_a_name_is_a_number(monkeypatch):
    """As in a container; nobody is nobody."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 987_654)

    assert "uid 987654" == who()


@pytest.mark.parametrize(
    ("words", "action", "subject"),
    [
        (("enrol", "pause", "alice"), "enrol.pause", "alice"),
        (("enrol", "resume", "alice"), "enrol.resume", "alice"),
        (("enrol", "rollback", "alice", "--to", 1), "enrol.rollback", "alice"),
        (("enrol", "train", "bob"), "enrol.train", "bob"),
        (("enrol", "delete", "bob"), "enrol.delete", "bob"),
    ],
)
def test_what_was_done_to_a_user_is_noted(town, words, action, subject):
    """By whom and to whom; imports before it, too."""
    assert 0 == town.type(*words).code

    newest, *_, first = town.type("audit", "list", "--json").json
    told = newest["who"], newest["action"], newest["subject"], newest["done"], newest["address"]
    assert (who(), action, subject, True, HERE) == told
    assert ("enrol.import", "alice") == (first["action"], first["subject"])


@pytest.mark.parametrize(
    ("words", "action"),
    [
        (("enrol", "pause", "nobody"), "enrol.pause"),
        (("alerts", "ack", "none"), "alert.ack"),
        (("db", "backup", "."), "db.backup"),
        (("ca", "rotate"), "ca.rotate"),
    ],
)
def test_what_failed_is_noted_as_that(place, words, action):
    """Somebody tried."""
    assert 1 == place.type(*words).code

    [only] = place.type("audit", "list", "--json").json
    assert (action, False) == (only["action"], only["done"])


def test_what_is_done_to_the_ca_and_the_store_is_noted(place):
    """A copy of the store is everything about everybody; a CA can sign for every site."""
    for words in (
        ("ca", "create"),
        ("ca", "rotate"),
        ("ca", "rotate", "--finish"),
        ("db", "backup", place.folder / "copy.db"),
    ):
        assert 0 == place.type(*words).code

    actions = [one["action"] for one in place.type("audit", "list", "--json").json]
    assert ["db.backup", "ca.finish", "ca.rotate", "ca.create"] == actions
