"""`reauth db`: where the store is, and a copy of it that opens."""

import shutil


def test_the_path_is_what_settings_say(place):
    """Store and key, a line each."""
    store, key = place.type("db", "path").out.splitlines()

    assert store == f"sqlite://{place.folder}/state/store.db"
    assert key == f"{place.folder}/state/store.key"


def test_a_copy_holds_what_the_store_held(town):
    """Put in its place, everything is there again."""
    copy = town.folder / "copy.db"
    status = town.type("enrol", "status", "--json").json

    said = town.type("db", "backup", copy)
    town.type("enrol", "delete", "alice")
    shutil.move(copy, town.folder / "state" / "store.db")

    assert 0 == said.code
    assert str(copy) in said.out
    restored = town.type("enrol", "status", "--json").json
    assert [one["user"] for one in status] == [one["user"] for one in restored]
    assert "active" == restored[0]["state"]


def test_a_copy_never_overwrites(place):
    """What is there may be the only good one."""
    copy = place.folder / "copy.db"
    copy.write_text("precious", "utf-8")

    said = place.type("db", "backup", copy)

    assert 1 == said.code
    assert "a copy never overwrites" in said.err
    assert "precious" == copy.read_text("utf-8")


def test_keys_are_never_written_in_the_clear(place):
    """Without a passphrase there is no archive, and the message says what to name."""
    said = place.type("db", "backup", place.folder / "all.tar")

    assert 2 == said.code
    assert "--key-file" in said.err
    assert not (place.folder / "all.tar").exists()


def test_an_archive_comes_back_elsewhere(town):
    """By the commands alone; what it does not hold is named."""
    secret = town.folder / "passphrase"
    secret.write_text("correct horse battery", "ascii")
    secret.chmod(0o600)
    said = town.type("db", "backup", town.folder / "all.tar", "--key-file", secret)
    back = town.type(
        "db", "restore", town.folder / "all.tar", "--to", town.folder / "b", "--key-file", secret
    )

    assert (0, 0) == (said.code, back.code)
    assert "the whole installation" in said.out
    assert f'next: set [state] path = "{town.folder}/b"' in back.out
    elsewhere = town.type("--set", f"state.path={town.folder}/b", "enrol", "status", "--json")
    assert "active" == elsewhere.json[0]["state"]
