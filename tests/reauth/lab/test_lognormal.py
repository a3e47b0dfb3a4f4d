"""What is told of decompositions of recordings."""

import shutil
import tarfile

import numpy as np
import pytest

from reauth.decomposition import Decomposition
from reauth.errors import SettingsError
from reauth.lab.lognormal import figures, movements_of, usual
from reauth.lab.work import unwatched
from tests.reauth.lab.towns import build


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return build(tmp_path_factory.mktemp("town"), twice=1, once=1, movements=8)


def drawn(data, most=500, seed=1):
    return movements_of(data, most, np.random.default_rng(seed), unwatched)


def same(some, others):
    return [(name, unit.id) for name, unit in some] == [(name, unit.id) for name, unit in others]


def test_a_folder_an_archive_and_a_file_give_their_movements(town, tmp_path):
    """Whichever way the recordings come."""
    archive = tmp_path / "town.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(town, "town")
    shutil.copy(town / "p00" / "1.csv", tmp_path / "1.csv")
    folder, first = drawn(town), drawn(tmp_path / "1.csv")

    assert same(folder, drawn(archive))
    assert {"p00", "p01"} == {name for name, _ in folder}
    assert [unit.id for _, unit in first] == [unit.id for _, unit in folder[: len(first)]]


def test_of_many_so_many_are_drawn_and_the_same_again(town):
    """A seed draws them; they stay in order."""
    few = drawn(town, most=5)
    ids = [unit.id for _, unit in drawn(town)]
    places = [ids.index(unit.id) for _, unit in few]

    assert len(few) == 5
    assert places == sorted(places)
    assert same(few, drawn(town, most=5))
    assert not same(few, drawn(town, most=5, seed=2))


def test_no_movement_is_asked_wrongly(tmp_path):
    """Of nothing there is no median."""
    with pytest.raises(SettingsError, match="no movement"):
        drawn(tmp_path)


def test_the_joint_fit_makes_up_more_of_a_town(town):
    """And the report says what it costs."""
    movements = drawn(town, most=12)

    report, found = figures(movements, unwatched)

    polished, unpolished = report["polished"], report["unpolished"]
    assert len(found) == report["movements"] == 12
    assert polished["snr_db"]["median"] > unpolished["snr_db"]["median"] > 15
    assert polished["snr_db"]["p5"] <= polished["snr_db"]["median"] <= polished["snr_db"]["p95"]
    assert polished["ms"]["mean"] > unpolished["ms"]["mean"] > 0
    counts = [len(each.strokes) for each in found]
    assert np.median(counts) == polished["strokes"]["median"]
    shares = [each.snr_db >= 15 for each in found]
    assert np.mean(shares) == polished["share_from_15_db"]


def test_the_usual_movement_is_the_middle_one():
    """Whoever looks at one picture should see neither the best nor the worst."""
    assert usual([Decomposition((), snr) for snr in (30.0, 10.0, 22.0, 40.0, 21.0)]) == 2
