"""Rules of what `/readyz` asks: each probe well, and each with its reason."""

from dataclasses import replace

import pytest

from reauth import app
from reauth.clock import BUILT
from reauth.errors import ReauthError
from reauth.installation import ensure_ca
from reauth.probes import probes_of
from reauth.settings import Settings, State


@pytest.fixture
def settings(tmp_path):
    """An installation with a CA."""
    found = Settings(state=State(path=str(tmp_path)))
    ensure_ca(found)
    return found


async def asked(settings, depth=0, times=(BUILT, BUILT)):
    """Every probe's answer."""
    clock = iter(times)
    async with app.opened_store(settings) as store:
        probes = probes_of(store, lambda: depth, settings, lambda: next(clock))
        return {name: await probe() for name, probe in probes.items()}


async def test_a_house_that_is_well_has_nothing_to_tell(settings):
    """privacy-ops.md §4, and the CA and the sinks besides."""
    told = await asked(settings)

    assert {"store", "disk", "queue", "templates", "ca", "clock", "sinks"} == set(told)
    assert {None} == set(told.values())


async def test_a_queue_at_its_high_water_is_told(settings):
    """Before it is full."""
    small = replace(settings, ingest=replace(settings.ingest, queue=100))

    assert "full" in (await asked(small, depth=80))["queue"]
    assert (await asked(small, depth=79))["queue"] is None


async def test_a_clock_that_jumped_is_told(settings):
    """By an hour, in no time."""
    assert "was set by 3600 s" == (await asked(settings, times=(BUILT, BUILT + 3600)))["clock"]


async def test_a_ca_that_cannot_sign_is_told(settings, tmp_path):
    """No page of a site with TLS would come."""
    (tmp_path / "ca" / "ca.pem").write_text("x", "ascii")

    with pytest.raises(ReauthError):
        await asked(settings)
