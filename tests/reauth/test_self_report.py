"""What the house says of itself: each probe finds its own fault and no other's."""

from dataclasses import replace

import pytest

from reauth import ca
from reauth.engine import Engine
from reauth.errors import ReauthError
from reauth.intake.local import LocalIntake
from reauth.self_report import probes
from reauth.settings import Ca, Ingest, Settings
from tests.rows import NOON


@pytest.fixture
async def asked(store, tmp_path):
    """The probes of a house whose CA and queue are as told."""
    ca.create(tmp_path / "ca")

    async def ask(queue=1, folder="ca"):
        settings = replace(Settings(), ca=Ca(path=str(tmp_path / folder)))
        engine = Engine(store, [], settings, lambda: NOON)
        intake = LocalIntake(engine, replace(Ingest(), queue=queue))
        answers = {}
        told = replace(settings, ingest=replace(settings.ingest, queue=queue))
        for name, probe in probes(store, intake, told).items():
            try:
                answers[name] = await probe()
            except ReauthError as error:
                answers[name] = str(error)
        return {name for name, why in answers.items() if why}

    return ask


async def test_a_house_that_is_well_says_so(asked):
    """Store, disk, queue, templates and CA."""
    assert set() == await asked()


async def test_a_queue_without_room_is_told(asked):
    """Before anything is lost: clients come again."""
    assert {"queue"} == await asked(queue=0)


async def test_a_ca_that_cannot_sign_is_told(asked):
    """No page could be watched."""
    assert {"ca"} == await asked(folder="nowhere")
