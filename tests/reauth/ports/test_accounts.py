"""The door to the accounts: its methods say what they promise, its rows cannot be changed."""

import inspect
from dataclasses import FrozenInstanceError, fields, is_dataclass

import pytest

from reauth.ports import accounts

ROWS = [one for one in vars(accounts).values() if isinstance(one, type) and is_dataclass(one)]


def test_every_method_says_what_it_promises():
    """Who builds another store reads this page and no other."""
    methods = [
        one
        for name, one in inspect.getmembers(accounts.AccountStore, inspect.isfunction)
        if not name.startswith("_")
    ]

    assert 18 <= len(methods)
    assert [] == [method.__name__ for method in methods if not method.__doc__]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.__name__)
def test_a_row_cannot_be_changed(row):
    """What was read is what is there."""
    with pytest.raises((FrozenInstanceError, AttributeError)):
        setattr(row.__new__(row), fields(row)[0].name, "x")
