"""Rules of the drawing."""

import tarfile

import numpy as np
import pytest

from reauth.demo.cast import BACKGROUND, ENROL, SIT, Recordings, cut, draw
from reauth.lab.synth import draw_person, recording
from reauth.wire import write_recording

SEATS = (20.0, 30.0)


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Six generated people, three of whom have been recorded twice, one hardly at all."""
    folder = tmp_path_factory.mktemp("set")
    for user in range(6):
        person = draw_person(np.random.default_rng(user))
        for session in range(2 if user < 3 else 1):
            count = 5 if user == 5 else 160
            events = recording(person, count, np.random.default_rng([user, session]))
            path = folder / f"u{user}" / f"u{user}-s{session}.csv"
            path.parent.mkdir(exist_ok=True)
            path.write_text(write_recording(events))
    path = folder / "people.tar.gz"
    with tarfile.open(path, "w:gz") as packed:
        for file in sorted(folder.glob("*/*.csv")):
            packed.add(file, f"set/{file.parent.name}/{file.name}")
    return Recordings(path)


def test_the_owner_enrols_in_one_session_and_sits_in_another(archive):
    """Nobody is judged by the movement that they were learnt from."""
    cast = draw(3, archive, False, SEATS)
    enrol, sit = archive.sessions(cast.owner_name)

    assert len(cast.enrolment) >= ENROL
    assert [t.id for t in cast.enrolment] == [
        t.id for t in cut(archive.events(cast.owner_name, enrol))
    ]
    assert len(cut(archive.events(cast.owner_name, sit))) >= SIT
    assert cast.owner


def test_the_intruder_is_somebody_whom_training_never_saw(archive):
    """Neither owner nor intruder is among the others, nor is who hardly moved."""
    for seed in range(8):
        cast = draw(seed, archive, False, SEATS)

        assert cast.intruder_name != cast.owner_name
        assert not {cast.owner_name, cast.intruder_name, "u5"} & set(cast.background)
        assert len(cast.background) <= BACKGROUND


def test_the_same_seed_draws_the_same_people(archive):
    """Drawn beforehand means just that."""
    one, two = draw(4, archive, False, SEATS), draw(4, archive, False, SEATS)

    assert (one.owner_name, one.intruder_name) == (two.owner_name, two.intruder_name)
    assert one.intruder == two.intruder


def test_the_same_person_in_both_seats_goes_on_where_they_stopped(archive):
    """The second seat is new movement of the owner, not a repetition."""
    cast = draw(4, archive, True, SEATS)

    assert cast.intruder_name == cast.owner_name
    assert not set(cast.owner) & set(cast.intruder)


@pytest.mark.parametrize("same", [False, True])
def test_without_recordings_people_are_generated_and_it_says_so(same):
    """Nobody shall take them for real."""
    cast = draw(1, None, same, SEATS)

    assert "GENERATED" in cast.source
    assert (cast.owner_name == cast.intruder_name) is same
    assert len(cast.background) == BACKGROUND
