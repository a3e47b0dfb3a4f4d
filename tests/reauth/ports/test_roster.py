"""What stands at the door `reauth.ports.roster`: values that nobody changes."""

from dataclasses import fields, is_dataclass

from reauth.ports import roster


def test_rows_are_plain_values():
    """Frozen, so that who reads one may keep it."""
    own = [one for one in vars(roster).values() if is_dataclass(one)]
    rows = [one for one in own if one.__module__ == roster.__name__]

    assert rows and all(row.__dataclass_params__.frozen and fields(row) for row in rows)
