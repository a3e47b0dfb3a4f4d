"""Enrolment in the laboratory: the shipped one, on units from disk."""

from collections import Counter

import numpy as np
import pytest

from reauth.enrol import learn
from reauth.errors import NotEnrolled
from reauth.lab.cutting import read
from reauth.lab.learning import (
    Cutting,
    Enrolment,
    Kept,
    Shuffle,
    cut_one,
    draws,
    enrol_one,
    newest,
    relabelled,
)
from reauth.lab.method import method_of
from reauth.lab.shelf import Codec, Shelf
from reauth.lab.synth import draw_person, recording
from reauth.recording import write_recording
from reauth.settings import Settings
from reauth.store.templates import from_parts, to_parts

METHOD = method_of(Settings(), "svm", "window", 20)
PEOPLE = ("ann", "ben", "cid", "dot")


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Two recordings of four generated people, cut; by user."""
    folder = tmp_path_factory.mktemp("kept")
    found = {}
    for place, user in enumerate(PEOPLE):
        person = draw_person(np.random.default_rng(place))
        for session in (1, 2):
            file = folder / f"{user}{session}.csv"
            rng = np.random.default_rng([place, session])
            file.write_text(write_recording(recording(person, 25, rng)), "utf-8")
            job = Cutting(file, METHOD, folder / f"{user}{session}.npz")
            cut_one(job)
            found.setdefault(user, []).append(Kept(job.out, f"{user}{session}"))
    return {user: tuple(each) for user, each in found.items()}


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path, Codec(to_parts, from_parts))


def enrolment(kept, shelf, **changed):
    others = {user: each for user, each in kept.items() if user != "ann"}
    given = {
        "name": "a", "user": "ann", "own": {"ann": kept["ann"]}, "background": others,
        "method": METHOD, "seed": 1, "shelf": shelf,
    }  # fmt: skip
    return Enrolment(**{**given, **changed})


def units(kept):
    return {user: [read(one.path).trajectories for one in each] for user, each in kept.items()}


def test_what_is_on_the_shelf_is_what_the_product_learns(kept, shelf):
    """The same function, the same caps, the same draws: the same numbers."""
    job = enrolment(kept, shelf)
    enrol_one(job)

    own = units(kept)
    expected = learn("ann", own.pop("ann"), own, METHOD.options, draws(1, "ann"), 0.0)

    found = shelf.get("a")
    assert job.out.exists()
    assert expected.n_genuine == found.n_genuine == 50
    for name, array in expected.arrays.items():
        assert array.tolist() == found.arrays[name].tolist()


def test_a_template_knows_what_it_was_made_from(kept, shelf):
    """By name, and by content."""
    enrol_one(enrolment(kept, shelf))

    made = shelf.made("a")

    assert ("ann", ("ben", "cid", "dot")) == (made.user, made.others)
    assert {f"{user}{n}" for user in PEOPLE for n in (1, 2)} == set(made.digests)


def test_too_little_is_a_failure_to_enrol(kept, shelf):
    """Below `--min-enrol`; the reason is kept."""
    enrol_one(enrolment(kept, shelf, method=method_of(Settings(), "svm", "window", 51)))

    with pytest.raises(NotEnrolled, match="1 to go"):
        shelf.units("a")


def test_the_newest_units_are_kept_in_order():
    """As the store keeps them."""
    sessions = [[1, 2, 3], [4, 5]]

    assert [[3], [4, 5]] == newest(sessions, 3)
    assert [[5]] == newest(sessions, 1)
    assert [] == newest(sessions, 0)
    assert sessions == newest(sessions, 9)


def test_shuffled_labels_are_the_same_wherever_a_unit_turns_up(kept):
    """So a test unit that slipped into enrolment would be found out."""
    shuffle = Shuffle(3, PEOPLE)
    given = units(kept)

    first, again = relabelled(given, shuffle), relabelled(given, shuffle)

    owners = {unit.id: user for user, each in first.items() for part in each for unit in part}
    assert {user: sum(map(len, each)) for user, each in again.items()} == Counter(owners.values())
    assert all(shuffle.owner(unit) == user for unit, user in owners.items())
    assert 200 == len(owners)
    assert min(Counter(owners.values()).values()) > 30
    assert any(Shuffle(4, PEOPLE).owner(unit) != user for unit, user in owners.items())


def test_a_shuffled_enrolment_holds_units_of_everybody(kept, shelf):
    """Nobody's template: what it was made from says so."""
    shuffles = Shuffle(1, ("ann", "ben")), Shuffle(1, ("cid", "dot"))
    own = {user: kept[user] for user in ("ann", "ben")}
    background = {user: kept[user] for user in ("cid", "dot")}

    enrol_one(enrolment(kept, shelf, own=own, background=background, shuffles=shuffles))

    assert {"ann1", "ben1"} < set(shelf.made("a").digests)
    assert 30 < shelf.get("a").n_genuine < 70
