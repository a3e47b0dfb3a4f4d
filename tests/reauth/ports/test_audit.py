"""The audit's door: what it promises is written down."""

import inspect

from reauth.ports import Audit


def test_every_method_says_what_it_promises():
    """And none of them changes an entry."""
    methods = [one for one in vars(Audit).values() if inspect.isfunction(one)]
    public = [one for one in methods if not one.__name__.startswith("_")]

    assert {"append", "entries", "check", "expire"} == {one.__name__ for one in public}
    assert all(one.__doc__ for one in public)
