"""Copies, space and figures; retention is in the store's contract."""

import os
import sqlite3

import pytest

from reauth.errors import StoreError
from reauth.store import upkeep


def test_a_copy_that_fails_leaves_nothing(tmp_path):
    """Half a copy would look like one."""
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"no database" * 100)
    connection = sqlite3.connect(broken)
    with pytest.raises(sqlite3.DatabaseError):
        upkeep.backup(connection, str(tmp_path / "copy.db"))
    connection.close()

    assert ["broken.db"] == os.listdir(tmp_path)


def test_a_copy_to_nowhere_is_refused(tmp_path):
    """The message names the place."""
    connection = sqlite3.connect(":memory:")
    with pytest.raises(StoreError, match="nowhere/copy"):
        upkeep.backup(connection, str(tmp_path / "nowhere" / "copy.db"))
    connection.close()


def test_free_space_is_a_share(tmp_path):
    """Of the file system that the store lies on."""
    assert 0 < upkeep.free_share(str(tmp_path / "store.db")) <= 1
    assert 0.0 == upkeep.free_share("/proc/store.db")
