"""The doors: their words are the interface's, their rows cannot be changed, nothing is hidden."""

import inspect
from dataclasses import FrozenInstanceError, fields, is_dataclass

import pytest

from reauth import ports
from reauth.ports import Commit, Intake, Receipt, Sink, Store

ROWS = [one for one in vars(ports).values() if isinstance(one, type) and is_dataclass(one)]
DOORS = [Store, Sink, Intake]


def test_every_door_of_the_house_is_on_this_page():
    """Three doors: where data is kept, where alerts go, where a batch comes in."""
    own = [one for one in vars(ports).values() if getattr(one, "__module__", "") == ports.__name__]

    assert DOORS == [one for one in own if getattr(one, "_is_protocol", False)]


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_every_method_of_a_door_says_what_it_promises(door):
    """Who builds another store reads this page and no other."""
    functions = inspect.getmembers(door, inspect.isfunction)
    methods = [one for name, one in functions if not name.startswith("_")]

    assert methods
    assert [] == [method.__name__ for method in methods if not method.__doc__]


def test_a_receipt_tells_what_became_of_a_batch():
    """Stored and known batches are fine; forked and malformed ones come never again."""
    assert ["stored", "duplicate", "forked", "malformed"] == [one.value for one in Receipt]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.__name__)
def test_a_row_cannot_be_changed_once_it_is_made(row):
    """What was committed and what is remembered are the same value."""
    empty = row.__new__(row)

    with pytest.raises(FrozenInstanceError):
        setattr(empty, fields(row)[0].name, None)


def test_an_empty_commit_brings_nothing():
    """Each part is given by who has it; nothing else is written."""
    commit = Commit()

    assert not any(getattr(commit, field.name) for field in fields(commit))
