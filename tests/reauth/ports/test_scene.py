"""What stands at the door `reauth.ports.scene`: values that nobody changes."""

from dataclasses import fields, is_dataclass

from reauth.ports import scene


def test_rows_are_plain_values():
    """Frozen, so that who reads one may keep it."""
    own = [one for one in vars(scene).values() if is_dataclass(one)]
    rows = [one for one in own if one.__module__ == scene.__name__]

    assert rows and all(row.__dataclass_params__.frozen and fields(row) for row in rows)
