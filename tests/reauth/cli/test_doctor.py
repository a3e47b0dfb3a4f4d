"""`reauth doctor`: every check well or with a next step; the whole way through a real proxy."""

import os
import shutil
import socket
import ssl
from pathlib import Path

import pytest

from reauth.cli import doctor
from reauth.cli.doctor import Check, Patient, examine
from reauth.installation import ensure_ca, load_settings

pytestmark = pytest.mark.timeout(120)

NAMES = [
    "secrets", "ca", "trust", "port proxy", "port ingest", "port console", "port metrics",
    "store", "disk", "delivery", "backup", "clock", "page",
]  # fmt: skip


def by_name(said):
    """The checks of `doctor --json`."""
    return {check["name"]: check for check in said.json}


def test_a_house_that_runs_is_well_but_for_what_others_must_do(place):
    """The page comes with the observer; only the CA has to be installed by hand."""
    with place.start("run") as running:
        assert running.ready
        said = place.type("doctor", "--json")

    checks = by_name(said)
    assert NAMES == list(checks)
    assert ["trust"] == [name for name, check in checks.items() if not check["ok"]]
    assert 1 == said.code
    assert f"{running.ready['console']}/setup" in checks["trust"]["next"]
    assert "carries the observer, and its script comes whole" in checks["page"]["seen"]


def test_a_trusted_house_is_well_altogether(place, monkeypatch):
    """Exit code 0."""
    folder = ensure_ca(load_settings(place.config))
    trusted = ssl.get_default_verify_paths()._replace(
        cafile=str(folder / "ca.pem"), capath=str(place.folder)
    )
    monkeypatch.setattr(doctor.ssl, "get_default_verify_paths", lambda: trusted)
    with place.start("run") as running:
        assert running.ready
        said = place.type("doctor")

    assert 0 == said.code, said.out
    assert "FAILED" not in said.out
    assert len(NAMES) == len([line for line in said.out.splitlines() if line.startswith("ok")])


def test_a_house_that_was_never_started_says_how_to_begin(place):
    """Every failure with its next step, nothing made by looking."""
    said = place.type("doctor", "--json")

    assert 1 == said.code
    failed = {name: check["next"] for name, check in by_name(said).items() if not check["ok"]}
    assert {"secrets", "ca", "trust", "store", "page"} == set(failed)
    assert all(failed.values())
    assert not (place.folder / "state").exists()


def test_a_person_reads_lines(place):
    """The next step below the failure."""
    said = place.type("doctor")

    assert "FAILED  page: no proxy is running here\n        next: start `reauth run`\n" in said.out


def test_a_port_that_another_program_has_is_named(place):
    """Before `reauth run` fails on it."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = place.type("doctor", "--json", "--set", f"console.listen=127.0.0.1:{port}")

    check = by_name(said)["port console"]
    assert not check["ok"]
    assert "taken by another program" in check["seen"]
    assert "[console] listen" in check["next"]


@pytest.mark.parametrize("listen", ["unix:{folder}/x.sock", "[::1]:9", "127.0.0.1:9"])
def test_a_free_port_is_well(place, listen):
    """Sockets of every kind."""
    told = listen.format(folder=place.folder)

    said = place.type("doctor", "--json", "--set", f"metrics.listen={told}")

    assert f"{told} is free" == by_name(said)["port metrics"]["seen"]


def test_loose_files_are_named_with_the_command_that_mends_them(place):
    """As `run` would refuse them."""
    with place.start("serve") as running:
        running.end()
    os.chmod(place.folder / "state" / "keys.json", 0o644)
    os.chmod(place.folder / "state" / "ca" / "ca.key", 0o644)

    checks = by_name(place.type("doctor", "--json"))

    assert "chmod 600" in checks["secrets"]["seen"]
    assert "chmod 600" in checks["ca"]["seen"]


def test_a_ca_that_ends_soon_is_to_be_rotated(place):
    """Devices take weeks to follow."""
    place.type("ca", "create", "--days", 20)

    check = by_name(place.type("doctor", "--json"))["ca"]

    assert (False, "reauth ca rotate") == (check["ok"], check["next"])


def test_a_clock_that_went_back_is_named(town, monkeypatch):
    """Sessions would be cut wrongly."""
    town.type("ca", "create")
    assert by_name(town.type("doctor", "--json"))["clock"]["ok"]
    monkeypatch.setattr(doctor.app, "now", lambda: 1_700_000_000.0)
    before_ca = by_name(town.type("doctor", "--json"))["clock"]
    shutil.rmtree(town.folder / "state" / "ca")
    before_data = by_name(town.type("doctor", "--json"))["clock"]

    assert (False, "it is before the CA was made") == (before_ca["ok"], before_ca["seen"])
    assert not before_data["ok"]
    assert "before the newest data" in before_data["seen"]


def test_an_old_copy_is_a_hint_and_a_new_one_is_none(town, monkeypatch):
    """Neither is a failure: copies may be made in other ways."""
    before = by_name(town.type("doctor", "--json"))["backup"]
    assert 0 == town.type("db", "backup", town.folder / "copy.db").code
    fresh = by_name(town.type("doctor", "--json"))["backup"]
    now = doctor.app.now()
    monkeypatch.setattr(doctor.app, "now", lambda: now + 8 * 86_400)
    stale = by_name(town.type("doctor", "--json"))["backup"]

    assert [True] * 3 == [check["ok"] for check in (before, fresh, stale)]
    assert ("", "none was made by reauth") == (fresh["next"], before["seen"])
    assert "8.0 days ago" in stale["seen"]
    assert stale["next"].startswith("reauth db backup") and before["next"] == stale["next"]


def test_a_page_that_cannot_come_is_told(place):
    """With the option that names another one."""
    with place.start("run") as running:
        assert running.ready
        gone = place.type("doctor", "--json", "--url", "http://127.0.0.1:9/")
        tunnelled = place.type("doctor", "--json", "--url", f"{running.ready['console']}/livez")

    for said in (gone, tunnelled):
        check = by_name(said)["page"]
        assert not check["ok"]
        assert "--url URL" in check["next"]


def test_a_proxy_that_asks_for_a_password_is_told(place):
    """doctor has none, and takes none."""
    users = place.folder / "users"
    users.write_text("anna:$2b$04$" + "a" * 53 + "\n", "ascii")
    with place.start("run", "--set", f"identity.htpasswd={users}") as running:
        assert running.ready
        check = by_name(place.type("doctor", "--json"))["page"]

    assert not check["ok"]
    assert "a user and a password" in check["seen"]


async def test_every_failed_check_names_a_next_step(tmp_path):
    """The table of checks, on nothing at all."""
    config = tmp_path / "mitm.toml"
    config.write_text("[state]\npath = 'state'\n", "utf-8")
    patient = Patient(load_settings(Path(config), (), {}), None, None)

    for check in await examine(patient):
        assert isinstance(check, Check)
        assert check.ok or check.next
