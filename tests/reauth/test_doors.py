"""The doors of one file: each opens on the same store."""

from reauth.audit import Deed
from reauth.doors import doors_of
from reauth.ports import Sought
from tests.rows import NOON


async def test_every_door_opens_on_the_same_file(store):
    """What one process notes, another reads."""
    await doors_of(store).audit.append(Deed(NOON, "anna", "alert.ack", "a1", True, ""))

    doors = doors_of(store)
    assert store is doors.store
    assert 1 == len(await doors.audit.entries(Sought(), 9))
