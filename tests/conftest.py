"""Fixtures that more than one suite needs: a store, an enrolled user, the recordings."""

import secrets
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from reauth.enrol import Options, learn
from reauth.store import open_store
from tests.cases.report import (  # noqa: F401 - hooks of every run
    pytest_runtest_logreport,
    pytest_runtest_setup,
    pytest_sessionfinish,
)
from tests.playbook import ALICE, OTHERS, trajectories

settings.register_profile("house", deadline=None)  # how long a case takes is the machine's business
settings.load_profile("house")

DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def alice():
    """A template of the playbook's easy user, learnt against three others."""
    return learn(
        "alice",
        [trajectories(ALICE, 60, seed) for seed in (1, 2)],
        {name: [trajectories(hand, 60, 3)] for name, hand in OTHERS.items()},
        Options(min_trajectories=100, windows=(10,)),
        np.random.default_rng(4),
        now=1_700_000_000.0,
    )


@pytest.fixture
async def store():
    """An empty store in a private folder, sealed with a key of its own."""
    async with open_store("sqlite://:memory:", secrets.token_bytes(32)) as opened:
        yield opened


@pytest.fixture
async def enrolled(store, alice):
    """A store in which alice is enrolled; her stored template."""
    return await store.save_template(alice)


@pytest.fixture(scope="session")
def data():
    """The recordings of real people beside the checkout; without them a test is left out."""
    if not (DATA / "README.md").is_file():
        pytest.skip(f"there are no recordings in {DATA}")
    return DATA
