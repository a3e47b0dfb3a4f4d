"""The door to labels and shadows: what it promises is written down."""

import inspect

from reauth.ports import Lessons, ShadowState


def test_every_method_says_what_it_promises():
    """Who builds another store reads this page and no other."""
    methods = [one for one in vars(Lessons).values() if inspect.isfunction(one)]
    public = [one for one in methods if not one.__name__.startswith("_")]

    assert public
    assert [] == [one.__name__ for one in public if not one.__doc__]


def test_a_shadow_waits_or_is_decided_for_good():
    """The words of the table's own check."""
    assert ["waiting", "promoted", "rejected", "outdated"] == [one.value for one in ShadowState]
