"""Sessions of programs as files."""

import numpy as np
import pytest

from reauth.errors import SettingsError
from reauth.generate import GENERATORS
from reauth.lab.benchmark import Wanted, at_hand, kinds_of, written
from reauth.lab.datasets import Folder, read_file
from reauth.lab.movers import invented, movements_of
from reauth.movement import SPACING

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def people():
    return dict([*invented(1).items()][:4])


def write(out, people, *kinds, movements=12, sessions=2, seed=1):
    wanted = Wanted(kinds, movements, sessions, seed, out)
    return [kind for kind, _ in written(wanted, people)]


def texts(folder):
    return {
        str(file.relative_to(folder)): file.read_text("utf-8")
        for file in sorted(folder.glob("*/*.csv"))
    }


def test_the_laboratory_reads_every_kind_and_cuts_it_into_its_movements(people, tmp_path):
    """As many as were asked for: rests are long enough, movements too. Whole px in all."""
    kinds = write(tmp_path / "out", people, *at_hand(), sessions=1)

    assert [*at_hand()] == kinds
    found = {kind: events for kind, _, events in Folder(tmp_path / "out")}
    assert sorted(at_hand()) == sorted(found)
    for kind, events in found.items():
        movements = movements_of(events)
        assert 12 == len(movements), kind
        assert all(each.x.tolist() == np.rint(each.x).tolist() for each in movements)
        assert all(event.t == pytest.approx(round(event.t, 4)) for event in events)


def test_programs_are_told_by_the_clock_of_people(people, tmp_path):
    """One of them, with its jitter: constant intervals would be found by themselves."""
    write(tmp_path, people, "straight", sessions=3)
    for file in (tmp_path / "straight").iterdir():
        steps = np.concatenate([np.diff(each.t) for each in movements_of(read_file(file))])

        assert SPACING <= np.median(steps) < 0.02
        assert np.std(steps) > 0.001


def test_a_file_has_four_columns(people, tmp_path):
    """As scripts outside rely on."""
    write(tmp_path, people, "wind", movements=1, sessions=1)
    head, first, *_, pressed, released = (
        (tmp_path / "wind" / "0001.csv").read_text("utf-8").splitlines()
    )

    assert ("t_ms,ev,x,y", "0.0,move,") == (head, first[:9])
    assert ["press", "release"] == [line.split(",")[1] for line in (pressed, released)]


def test_a_session_rests_on_seed_kind_and_number_alone(people, tmp_path):
    """More kinds and more sessions leave it as it was; another seed does not."""
    write(tmp_path / "one", people, "bezier", sessions=1)
    write(tmp_path / "more", people, "wind", "bezier", sessions=2)
    write(tmp_path / "other", people, "bezier", sessions=1, seed=2)
    one, more, other = (texts(tmp_path / name) for name in ("one", "more", "other"))

    assert one["bezier/0001.csv"] == more["bezier/0001.csv"] != more["bezier/0002.csv"]
    assert one["bezier/0001.csv"] != other["bezier/0001.csv"]
    assert 4 == len(more)


def test_what_is_there_is_not_written_over(people, tmp_path):
    """Two benchmarks in one folder would be none; an empty one will do."""
    (tmp_path / "empty").mkdir()
    assert ["wind"] == write(tmp_path / "empty", people, "wind", sessions=1)
    with pytest.raises(SettingsError, match="is not empty"):
        write(tmp_path / "empty", people, "wind")


def test_kinds_are_named_or_all():
    """A wrong name is told those that there are."""
    assert at_hand() == kinds_of("all")
    assert set(GENERATORS) - set(at_hand()) <= {"gan"}
    assert ("wind", "straight") == kinds_of("wind, straight,wind")
    for wrong in ("wint", "wind,all", ""):
        with pytest.raises(SettingsError, match="there are: straight, bezier, wind"):
            kinds_of(wrong)
