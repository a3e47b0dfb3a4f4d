"""Rules of the tree of settings."""

from dataclasses import fields, replace

from reauth.settings import IdentityLane, Settings, State, StoreSettings


def test_the_defaults_are_those_of_the_paper():
    """Medvet's constants, in seconds."""
    lane = IdentityLane()

    assert (lane.window, lane.pause, lane.points, lane.grid) == (100, 0.5, 10, 0.025)
    assert lane.session_gap == 600


def test_what_has_no_place_of_its_own_lies_in_the_state_folder():
    """One folder to keep, to guard and to remove."""
    settings = replace(Settings(), state=State(path="/s"))

    assert settings.keys_path == "/s/keys.json"
    assert settings.ca_path == "/s/ca"
    assert settings.store_url == "sqlite:///s/store.db"
    assert settings.store_key_path == "/s/store.key"


def test_what_has_a_place_of_its_own_lies_there():
    """The key is best kept apart from what it guards."""
    settings = replace(Settings(), store=StoreSettings(url="sqlite:///x.db", key_file="/k"))

    assert (settings.store_url, settings.store_key_path) == ("sqlite:///x.db", "/k")


def test_every_section_names_itself():
    """The name in the file stands in the docstring."""
    for section in fields(Settings):
        assert section.type.__doc__ == f"[{section.name}]"
