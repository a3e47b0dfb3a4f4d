"""The doors of one file: each opens on the same store."""

import pytest

from reauth.access import Role
from reauth.audit import Deed
from reauth.doors import access_of, doors_of
from reauth.errors import Refused
from reauth.logins import Claimed
from reauth.ports import Sought
from reauth.settings import Settings
from tests.people import PASSWORD
from tests.rows import NOON


async def test_every_door_opens_on_the_same_file(store):
    """What one process notes, another reads."""
    await doors_of(store).audit.append(Deed(NOON, "anna", "alert.ack", "a1", True, ""))

    doors = doors_of(store)
    assert store is doors.store
    assert 1 == len(await doors.audit.entries(Sought(), 9))


async def test_a_login_is_in_the_audit(store):
    """Whether it was let in or not, and from where."""
    doors = doors_of(store)
    accounts, logins = access_of(doors, Settings(), lambda: NOON)
    await accounts.make("anna", [Role.VIEWER], PASSWORD)

    await logins.log_in(Claimed("anna", PASSWORD, "", "192.0.2.1"))
    with pytest.raises(Refused):
        await logins.log_in(Claimed("anna", "guess", "", "192.0.2.2"))

    told = [entry.deed for entry in await doors.audit.entries(Sought(), 9)]
    assert [("anna", "login", False, "192.0.2.2"), ("anna", "login", True, "192.0.2.1")] == [
        (deed.who, deed.action, deed.done, deed.address) for deed in told
    ]
