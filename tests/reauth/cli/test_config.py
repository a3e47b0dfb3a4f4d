"""`reauth config`: a key that is wrong is named with the nearest right one; secrets stay unsaid."""

import json
import tomllib

from reauth.settings import Settings, keys


def test_good_settings_are_good(place):
    """Everything that they name is looked up."""
    assert "good" in place.type("config", "check").out


def test_a_mistake_names_the_nearest_key(place):
    """Exit code 2: asked wrongly."""
    place.config.write_text("[proxy]\nlisen = '127.0.0.1:1'\n", "utf-8")

    said = place.type("config", "check")

    assert 2 == said.code
    assert "did you mean 'proxy.listen'?" in said.err


def test_names_in_tables_are_checked(place):
    """Before anything starts on them."""
    for key, value, near in (
        ("identity_lane.verifier", "swm", "svm"),
        ("identity_lane.policy", "windows", "window"),
        ("identity_lane.features", "medved", "medvet"),
    ):
        said = place.type("config", "check", "--set", f"{key}={value}")
        assert 2 == said.code
        assert f"did you mean '{near}'?" in said.err


def test_sinks_and_the_address_map_are_checked(place):
    """A mistake in them must not wait for the first alert."""
    assert 2 == place.type("config", "check", "--set", 'sinks.urls=["smoke:signals"]').code
    table = place.folder / "map.csv"
    table.write_text("10.0.0.0/8\n", "utf-8")
    said = place.type("config", "check", "--set", f"identity.address_map={table}")
    assert 2 == said.code
    assert "map.csv:1: a line is address_or_cidr,user" in said.err


def test_what_cannot_work_is_refused_by_every_command(place, quiet_logs):
    """One line with the key, exit code 2; `check` says no more than the others."""
    for told in (
        "identity.htpasswd=missing", "proxy.upstream_ca=missing", "proxy.mode=upstream:proxy",
        'proxy.closed=["https://a.example"]', 'proxy.allow_private=["intranet"]',
        "proxy.listen=unix:/x", "store.url=sqlite:store.db", "proxy.listn=127.0.0.1:1",
    ):  # fmt: skip
        for words in (("config", "check"), ("run",), ("serve",), ("proxy",), ("alerts", "list")):
            said = place.type(*words, "--set", told)
            assert (2, "", 1) == (said.code, said.out, said.err.count("\n")), (words, told)
            assert told.partition("=")[0] in said.err
    assert not (place.folder / "state").exists()


def test_what_is_shown_is_what_the_file_would_say(place):
    """Every key in its own unit; parsed again, it is the same."""
    said = place.type("config", "show")

    shown = tomllib.loads(said.out)
    assert 500 == shown["identity_lane"]["pause_ms"]
    assert 20 == shown["identity_lane"]["window"]
    assert {key.section for key in keys()} == set(shown)
    place.config.write_text(said.out, "utf-8")
    assert said.out == place.type("config", "show").out


def test_what_is_shown_has_every_default(place):
    """An empty file shows them all."""
    place.config.write_text("", "utf-8")
    shown = place.type("config", "show", "--json").json

    for key in keys():
        found = shown[key.section][key.name]
        assert key.path or key.default == found, key
    assert Settings().identity_lane.window == shown["identity_lane"]["window"]


def test_redacted_settings_can_be_shown_around(place):
    """No person, no address of a sink or of an upstream proxy."""
    place.config.write_text(
        '[identity]\ndefault_user = "anna"\n'
        '[proxy]\nmode = "upstream:http://inner:3128"\n'
        '[sinks]\nurls = ["jsonl:stderr", "webhook+https://siem/hook?token=t0k"]\n',
        "utf-8",
    )

    said = place.type("config", "show", "--redact", "--json")

    assert not [word for word in ("anna", "inner", "siem", "t0k") if word in said.out]
    assert ["jsonl:stderr", "webhook+https:<redacted>"] == said.json["sinks"]["urls"]
    assert "anna" in json.dumps(place.type("config", "show", "--json").json)
