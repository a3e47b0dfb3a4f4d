"""The folders that other measurements rest on: nobody on two sides, recordings whole."""

from hashlib import sha256
from itertools import pairwise

import pytest

from reauth.detect import opponents
from reauth.errors import SettingsError
from reauth.lab import prepare as module
from reauth.lab.datasets import Folder, read_file
from reauth.lab.prepare import REST, UNSEEN, movements, one_after_the_other, prepare
from tests.reauth.detect.crowd import person, program
from tests.reauth.lab.archives import build


def quiet(items, count, what):
    return items


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """Of twelve people in three sets, and five movements of some kinds of program."""
    folder = tmp_path_factory.mktemp("prepare")
    data = build(folder / "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "KIND", 5)
        patch.setattr(module, "KINDS", ("straight", "wind", "lognormal"))
        patch.setattr(opponents, "MORE", {"lognormal": 2})
        written = prepare(data, folder / "out", 1, quiet)
    return folder / "out", written


def sources(folder):
    return {file.parent.name for file in Folder(folder).files()}


def contents(folder):
    return {sha256(file.read_bytes()).digest() for file in Folder(folder).files()}


def test_nobody_teaches_and_is_tested(prepared):
    """Half of all people on either side, by name and by what is recorded."""
    out, _ = prepared
    taught, tested = out / "bots/train-human", out / "bots/human"

    assert 6 == len(sources(taught)) == len(sources(tested))
    assert not sources(taught) & sources(tested)
    assert not contents(taught) & contents(tested)


def test_recordings_are_whole_and_two_of_a_person(prepared):
    """As they are in the archive: none is split between sides."""
    out, written = prepared
    files = Folder(out / "bots/human").files() + Folder(out / "bots/train-human").files()
    by_person = {}
    for file in files:
        by_person.setdefault(file.parent.name, []).append(file)

    assert {1, 2} == set(map(len, by_person.values()))
    assert len(files) == written["bots/human"] + written["bots/train-human"]
    assert all(len(movements(read_file(file))) >= 10 for file in files)


def test_a_kind_is_tested_that_teaches_nobody(prepared):
    out, _ = prepared

    assert {UNSEEN} == sources(out / "bots/bot") - sources(out / "bots/train-bot")
    assert not contents(out / "bots/bot") & contents(out / "bots/train-bot")


def test_every_movement_of_a_program_is_one_to_a_segmenter(prepared):
    """Of the tested ones five; of strokes of people more teach."""
    out, _ = prepared
    count = {
        (side, kind): len(movements(read_file(out / f"bots/{side}bot/{kind}/s0.csv")))
        for side in ("", "train-")
        for kind in ("wind", "straight", "lognormal")
    }

    assert {4, 5} >= {count["", "wind"], count["", "straight"], count["train-", "wind"]}
    assert 10 >= count["train-", "lognormal"] > 5 >= count["", "lognormal"]


def test_strangers_programs_stand_beside_strangers(prepared):
    out, written = prepared

    assert {"bdc2017-machine", "delbot_circles-circles_bot_x"} == sources(out / "bots/tool-bot")
    assert {"bdc2017-human", "delbot_circles-circles_human_pc1"} == sources(out / "bots/tool-human")
    assert (2, 3) == (written["bots/tool-bot"], written["bots/tool-human"])


def test_what_is_new_is_in_no_library(prepared):
    """Later recordings of those who are known, and strangers."""
    out, _ = prepared
    known, new = out / "replays/library", out / "replays/data"

    assert not contents(known) & contents(new)
    assert 9 <= len(sources(known) & sources(new))
    assert sources(new) - sources(known)


def test_a_missing_archive_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"balabit_train.tar.gz is not in"):
        prepare(tmp_path, tmp_path / "out", 1, quiet)


def test_movements_are_put_one_after_the_other():
    """With a rest, in time order, whatever their own times were."""
    drawn = program("wind", 3, 6)
    events = one_after_the_other(drawn)
    gaps = [after.t - before.t for before, after in pairwise(events)]

    assert 5 == sum(gap == pytest.approx(REST, abs=1e-6) for gap in gaps)
    assert min(gaps) >= 0
    assert [] == one_after_the_other([])
    assert len(one_after_the_other(person(1, 3)))
