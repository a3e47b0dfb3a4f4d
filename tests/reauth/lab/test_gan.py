"""A network in the laboratory: taught by a folder, kept, read again."""

import json

import numpy as np
import pytest

from reauth.errors import SettingsError, TemplateError
from reauth.generate.gan_training import Budget, Losses, Trained
from reauth.lab.gan import drawn, keep, learn, read
from reauth.lab.pointing import ends
from reauth.lab.work import unwatched
from tests.reauth.generate.crowd import crowd
from tests.reauth.generate.networks import layers, untaught
from tests.reauth.lab.towns import build

pytestmark = pytest.mark.slow

SMALL = Budget(2, 32, (8, 4), (8, 4), 4)


def some():
    """A network that learnt nothing, with a discriminator and a curve."""
    arrays = layers(np.random.default_rng(2), 3, (5, 4), 1)
    return Trained(untaught(), arrays, (Losses(0.7, 0.7, 1.0, 0.5, 0.5),))


def test_what_is_kept_is_read_and_draws_and_judges_the_same(tmp_path):
    """Arrays and JSON, nothing pickled."""
    keep(some(), tmp_path / "gan")
    again = read(tmp_path / "gan")
    people = crowd(people=1, movements=6)

    for one, same in zip(
        drawn(some().gan, people, np.random.default_rng(1)),
        drawn(again.gan, people, np.random.default_rng(1)),
        strict=True,
    ):
        assert one.id == same.id
    assert np.array_equal(some().human(people), again.human(people))
    assert some().losses == again.losses
    with np.load(tmp_path / "gan.npz", allow_pickle=False) as kept:
        assert all(kept[name].dtype == np.float64 for name in kept.files)


def test_a_network_of_another_version_is_refused(tmp_path):
    """By the one who reads the file."""
    keep(some(), tmp_path / "gan")
    told = json.loads((tmp_path / "gan.json").read_text())
    told["gan"]["version"] = 99
    (tmp_path / "gan.json").write_text(json.dumps(told))

    with pytest.raises(TemplateError):
        read(tmp_path / "gan")


def test_a_machine_moves_on_the_same_ways():
    """So that a picture compares like with like."""
    people = crowd(people=1, movements=6)
    machines = drawn(untaught(), people, np.random.default_rng(1))

    assert [ends(each) for each in people] == [ends(each) for each in machines]


def test_a_folder_of_people_teaches_one(tmp_path):
    """The network, its curves, its pictures."""
    pytest.importorskip("torch")
    data = build(tmp_path / "town", twice=2, once=0, movements=30)
    found = learn(data, tmp_path / "out", SMALL, 1, unwatched, most=100)

    names = {file.name for file in (tmp_path / "out").iterdir()}
    assert {"gan.npz", "gan.json", "losses.json", "losses.svg", "samples.svg"} == names
    assert 2 == len(json.loads((tmp_path / "out" / "losses.json").read_text()))
    assert found.losses == read(tmp_path / "out" / "gan").losses


def test_a_folder_that_is_not_there_is_named(tmp_path):
    """Asked wrongly."""
    pytest.importorskip("torch")

    with pytest.raises(SettingsError, match="nowhere"):
        learn(tmp_path / "nowhere", tmp_path, SMALL, 1, unwatched)
