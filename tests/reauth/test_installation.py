"""What an installation consists of is made once, kept private, and refused where it is wrong."""

import json
import os
from pathlib import Path

import pytest

from reauth import ca, installation
from reauth.errors import CaError, ClaimError, ReauthError, SettingsError
from reauth.installation import (
    address_map,
    assets,
    certificate,
    ensure_ca,
    ensure_keys,
    ensure_state,
    load_settings,
    only_one,
    remember,
    running,
    variables,
)
from reauth.settings import Alerts, Ca, Identity, Settings, State


@pytest.fixture
def settings(tmp_path):
    """Of an installation in a folder of its own."""
    return Settings(state=State(path=str(tmp_path / "state")))


def config(folder, text=""):
    """A settings file."""
    file = folder / "mitm.toml"
    file.write_text(text, "utf-8")
    return file


def mode(path):
    """Who may do what with a file."""
    return Path(path).stat().st_mode & 0o777


def test_the_clock_is_aware_and_counts_from_1970():
    """And is later than when this was written."""
    assert installation.now() > 1_700_000_000


# Settings


def test_relative_paths_start_at_the_file(tmp_path, monkeypatch):
    """Wherever the command was typed."""
    config(tmp_path, '[state]\npath = "here"\n')
    monkeypatch.chdir(tmp_path)

    assert str(tmp_path / "here") == load_settings(Path("mitm.toml"), (), {}).state.path


@pytest.mark.parametrize("bad", ["missing", "folder", "bytes"])
def test_a_file_that_cannot_be_read_is_named(tmp_path, bad):
    """With the option that names another."""
    file = tmp_path / "mitm.toml"
    if bad == "folder":
        file.mkdir()
    if bad == "bytes":
        file.write_bytes(b"\xff")

    with pytest.raises(SettingsError, match=r"mitm\.toml"):
        load_settings(file, (), {})


def test_each_source_wins_over_the_next(tmp_path):
    """Command line, environment, secret file, file."""
    file = config(tmp_path, '[identity]\nrealm = "file"\n')
    secret = tmp_path / "secret"
    secret.write_text("secret\n", "ascii")
    secret.chmod(0o600)
    named, plain = {"REAUTH_IDENTITY__REALM_FILE": str(secret)}, {"REAUTH_IDENTITY__REALM": "env"}

    def realm(overrides, environment):
        return load_settings(file, overrides, environment).identity.realm

    assert "file" == realm((), {})
    assert "secret" == realm((), named)
    assert "env" == realm((), plain)
    assert "line" == realm(["identity.realm=line"], plain)


def test_of_a_value_and_a_file_the_value_is_taken(tmp_path):
    """The environment goes before secret files (interfaces.md §2); it is not even read."""
    both = {"REAUTH_IDENTITY__REALM": "a", "REAUTH_IDENTITY__REALM_FILE": "/nonexistent"}

    assert "a" == load_settings(config(tmp_path), (), both).identity.realm


def test_relative_paths_start_at_the_name_that_was_given(tmp_path):
    """Not where a link to the settings leads: their folder is chosen by whoever links."""
    (tmp_path / "there").mkdir()
    file = config(tmp_path / "there", '[state]\npath = "here"\n')
    (tmp_path / "mitm.toml").symlink_to(file)

    assert str(tmp_path / "here") == load_settings(tmp_path / "mitm.toml", (), {}).state.path


@pytest.mark.parametrize(
    "key",
    [
        "proxy.upstream_ca", "console.tls_cert", "console.tls_key", "identity.htpasswd",
        "identity.address_map", "sinks.webhook_secret_file",
    ],
)  # fmt: skip
def test_a_file_that_is_named_must_be_there(tmp_path, key):
    """Found at the start, by name, rather than with the first browser or the first alert."""
    there = tmp_path / "there"
    there.touch()
    pair = {"console.tls_cert": "console.tls_key", "console.tls_key": "console.tls_cert"}
    told = [f"{pair[key]}={there}"] if key in pair else []

    assert load_settings(config(tmp_path), [*told, f"{key}=there"], {})
    for missing in ("missing", "."):
        with pytest.raises(SettingsError, match=rf"^{key}: there is no file {tmp_path}/.*; make"):
            load_settings(config(tmp_path), [*told, f"{key}={missing}"], {})


@pytest.mark.parametrize(
    "told, why",
    [
        ("proxy.listen", "SECTION.KEY=VALUE"),
        ("listen=127.0.0.1:1", "SECTION.KEY=VALUE"),
        ("identity_lane.window=many", "must be JSON"),
        ("identity_lane.windows=many", "did you mean 'identity_lane.window'"),
        ("proxy.listn=127.0.0.1:1", "did you mean 'proxy.listen'"),
        ("proxi.listen=x", "did you mean 'proxy'"),
        ("identity_lane.windows=5", "did you mean 'identity_lane.window'"),
    ],
)
def test_a_wrong_override_says_how_it_is_written(tmp_path, told, why):
    """The command line's mistakes are named like the file's."""
    with pytest.raises(SettingsError, match=why):
        load_settings(config(tmp_path), [told], {})


def test_overrides_reach_a_child_as_its_environment(tmp_path):
    """Texts as they are, everything else as JSON: the same settings on the other side."""
    told = ["proxy.listen=127.0.0.1:9", 'proxy.exclude=["a.example"]', "identity_lane.window=7"]
    file = config(tmp_path)

    assert load_settings(file, told, {}) == load_settings(file, (), variables(told))


# Files


def test_the_state_folder_is_made_private(settings):
    """Once; a second start finds it."""
    ensure_state(settings)
    ensure_state(settings)

    assert 0o700 == mode(settings.state.path)


def test_a_state_folder_that_cannot_be_is_named(tmp_path):
    """A file is in its place."""
    (tmp_path / "file").touch()

    with pytest.raises(SettingsError, match="name another folder"):
        ensure_state(Settings(state=State(path=str(tmp_path / "file" / "state"))))


def test_a_state_folder_that_is_read_only_is_named(settings, monkeypatch):
    """root could write everywhere, so the answer is asked for, not tried."""
    ensure_state(settings)
    monkeypatch.setattr(os, "access", lambda *_: False)

    with pytest.raises(SettingsError, match="may not be written to"):
        ensure_state(settings)


def test_keys_are_made_once_and_kept(settings):
    """Another start must know the tokens of the pages that are open."""
    first = ensure_keys(settings)

    assert first == ensure_keys(settings)
    assert 0o600 == mode(settings.keys_path)
    other = Settings(state=State(path=f"{settings.state.path}2"))
    assert first.secrets != ensure_keys(other).secrets


def test_loose_keys_are_refused_with_the_command_that_mends_it(settings):
    """Whoever read them could forge claims."""
    ensure_keys(settings)
    os.chmod(settings.keys_path, 0o640)

    with pytest.raises(SettingsError, match=f"chmod 600 {settings.keys_path}"):
        ensure_keys(settings)


def test_a_foreign_key_file_is_refused(settings):
    """It is never overwritten."""
    ensure_keys(settings)
    Path(settings.keys_path).write_text("{}", "ascii")

    with pytest.raises(ClaimError, match="not one of ours"):
        ensure_keys(settings)


def test_the_ca_is_made_once_as_the_settings_say(tmp_path):
    """Name, life and limits; devices would have to trust a second one anew."""
    settings = Settings(ca=Ca(path=str(tmp_path / "ca"), name="Acme", excluded=("bank.example",)))

    folder = ensure_ca(settings)
    about = ca.show(folder)

    assert "O=Acme" in about["subject"]
    assert ["bank.example"] == about["name_constraints"]["excluded"]
    assert about == ca.show(ensure_ca(settings))
    assert tmp_path / "ca" / "ca.pem" == certificate(settings)
    assert 0o600 == mode(folder / "ca.key")


def test_the_certificate_is_told_by_its_shortest_name(tmp_path):
    """Scripts compare it, and people read it."""
    (tmp_path / "a").mkdir()
    settings = Settings(ca=Ca(path=f"{tmp_path}/a/../ca"))

    assert tmp_path / "ca" / "ca.pem" == certificate(settings)


def test_a_ca_that_others_can_read_is_refused(settings):
    """It can name anybody."""
    folder = ensure_ca(settings)
    (folder / "ca.key").chmod(0o644)

    with pytest.raises(CaError, match="chmod 600"):
        ensure_ca(settings)


# The address map


def mapped(tmp_path, text):
    """Settings whose address map has this text."""
    file = tmp_path / "map.csv"
    file.write_text(text, "utf-8")
    return Settings(identity=Identity(address_map=str(file)))


def test_no_map_maps_nobody():
    """That is the default."""
    assert [] == address_map(Settings())


@pytest.mark.parametrize("head", ["", "address_or_cidr,user\n"])
def test_a_map_may_begin_with_its_header(tmp_path, head):
    """That line itself is the header; empty lines are passed over."""
    settings = mapped(tmp_path, f"{head}10.0.0.0/8, anna\n\n192.0.2.7,bert\n2001:db8::/32,carl\n")

    assert [
        ["10.0.0.0/8", "anna"],
        ["192.0.2.7/32", "bert"],
        ["2001:db8::/32", "carl"],
    ] == address_map(settings)


@pytest.mark.parametrize(
    "line", ["10.0.0.0/8", "10.0.0.1/8,anna", "host,anna", "10.0.0.0/8,", "10.0.0.0/8,a,b"]
)
def test_a_wrong_line_is_named(tmp_path, line):
    """A person must never get another's movement by a slip."""
    with pytest.raises(SettingsError, match=r"map\.csv:2: a line is address_or_cidr,user"):
        address_map(mapped(tmp_path, f"192.0.2.7,bert\n{line}\n"))


def test_a_network_with_two_users_is_nobodys(tmp_path):
    """Which one was meant is not ours to guess."""
    with pytest.raises(SettingsError, match=r"map\.csv:2: this network has a line already"):
        address_map(mapped(tmp_path, "192.0.2.7,bert\n192.0.2.7/32,anna\n"))


def test_a_map_that_is_not_there_is_named(tmp_path):
    """Nobody is watched under a wrong name because a file was moved."""
    with pytest.raises(SettingsError, match="cannot read"):
        address_map(Settings(identity=Identity(address_map=str(tmp_path / "no.csv"))))


# What runs


def test_one_state_has_one_engine(settings):
    """Two would each see half of a session."""
    ensure_state(settings)
    with only_one(settings), pytest.raises(ReauthError, match="another reauth works on"):
        with only_one(settings):
            pass
    with only_one(settings):
        pass


def test_others_find_what_runs_while_it_runs(settings):
    """And not what was killed before it could tidy up."""
    ensure_state(settings)
    assert running(settings) is None
    with only_one(settings):
        assert running(settings) is None
        with remember(settings, {"ready": True}):
            assert {"ready": True} == running(settings)
        assert running(settings) is None
    Path(settings.state.path, "running.json").write_text(json.dumps({"ready": True}), "utf-8")
    assert running(settings) is None


def test_what_depends_on_whom_is_read_from_a_table(tmp_path):
    """One a line, spaces and empty lines at will; a wrong one is named, so is a missing file."""
    file = tmp_path / "assets.csv"
    file.write_text("user, root, critical\n\nsite,5e1f,low\n", "utf-8")
    settings = Settings(alerts=Alerts(assets=str(file)))

    found = assets(settings)
    assert ({"root": "critical"}, {"5e1f": "low"}) == (found.users, found.sites)
    assert {} == assets(Settings()).users

    file.write_text("user,root,huge\n", "utf-8")
    with pytest.raises(SettingsError, match=r"assets\.csv:1"):
        assets(settings)
    file.write_bytes(b"\xff\n")
    with pytest.raises(SettingsError, match=r"alerts\.assets"):
        assets(settings)
