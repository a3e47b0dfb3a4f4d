"""The doors to alerts as people work on them: what they promise is written down."""

import inspect

import pytest

from reauth.ports import Cases, Suppressions


@pytest.mark.parametrize("door", [Cases, Suppressions])
def test_every_method_says_what_it_promises(door):
    """Who builds another store reads this page and no other."""
    methods = [one for one in vars(door).values() if inspect.isfunction(one)]
    public = [one for one in methods if not one.__name__.startswith("_")]

    assert public
    assert [] == [one.__name__ for one in public if not one.__doc__]
