"""Gamboa's tables, on people who do not exist."""

import io
import tarfile
from dataclasses import replace

import numpy as np
import pytest

from reauth.lab.gamboa_tables import (
    BY_SECONDS,
    BY_STROKES,
    DERIVED,
    RANKED,
    STROKES,
    Recorded,
    honest_protocol,
    own_protocol,
    same_class,
    sentences,
    strokes_of,
    table,
    windows,
)
from reauth.lab.identification import Named
from reauth.lab.synth import draw_person, recording
from reauth.lab.table import Task
from reauth.lab.work import unwatched
from reauth.recording import write_recording
from tests.reauth.lab.towns import CODEC

USERS = [f"user{number}" for number in range(8)]
FEW = USERS[:6]
LENGTHS = [*(f"{count} strokes" for count in BY_STROKES), *(f"{taken} s" for taken in BY_SECONDS)]


def events_of(user, sample, movements):
    seed = USERS.index(user)
    person = draw_person(np.random.default_rng(seed))
    return recording(person, movements, np.random.default_rng([seed, sample]))


class Made:
    """A data set of everybody's recordings: two each, of so many movements."""

    def __init__(self, users=USERS, movements=90):
        self.users, self.movements = users, movements

    def __iter__(self):
        for user in self.users:
            for sample in (1, 2):
                yield user, f"s{sample}", events_of(user, sample, self.movements)


@pytest.fixture(scope="module")
def people():
    return strokes_of(Made())


@pytest.fixture(scope="module")
def own(people):
    """Rows and facts of the paper's protocol."""
    return own_protocol("made", {user: people[user] for user in FEW}, seed=1)


@pytest.fixture
def archive(tmp_path):
    """A set as it lies."""
    with tarfile.open(tmp_path / "sapimouse.tar.gz", "w:gz") as archive:
        for user, session, events in Made(FEW):
            content = write_recording(events).encode()
            member = tarfile.TarInfo(f"sapimouse/{user}/{session}.csv")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return tmp_path


def test_every_recording_becomes_its_strokes(people):
    """One a click, with the time that it took."""
    first, second = people["user0"]

    assert USERS == list(people)
    assert (90, 64) == first.features.shape == second.features.shape
    assert (90,) == first.seconds.shape
    assert 0.3 < first.seconds.min() < first.seconds.max() < 5


def test_a_recording_without_a_click_has_no_stroke():
    """And is no error."""
    people = strokes_of([("anna", "s1", events_of("user0", 1, 3)[:10])])

    assert (0, 64) == people["anna"][0].features.shape


def test_the_papers_protocol_has_a_row_for_each_of_its_lengths(own):
    """By strokes and by seconds, of 64 features and of 62, with the published rate beside ours."""
    rows, facts = own
    title = "made, 6 users, as in the paper"

    assert [
        f"{kind}: {length}"
        for kind in (title, f"{title}, the slides' 62 features")
        for length in LENGTHS
    ] == [row.name for row in rows]
    assert 2 * [*BY_STROKES.values(), *BY_SECONDS.values()] == [row.published for row in rows]
    assert all(row.interval[0] <= row.ours <= row.interval[1] for row in rows)
    assert not any(row.required for row in rows)
    assert (6, 6, 1080) == (facts["users"], facts["enough"], facts["strokes"])
    assert 1 <= facts["features"] <= 64


def test_more_strokes_make_fewer_errors(own):
    """People of the generator are easily told apart: nothing is left at a hundred strokes."""
    rates = [row.ours for row in own[0]]

    for half in (rates[: len(LENGTHS)], rates[len(LENGTHS) :]):
        ours = dict(zip(LENGTHS, half, strict=True))
        assert ours["1 strokes"] > ours["5 strokes"] >= ours["100 strokes"]
        assert ours["100 strokes"] < 0.01


def test_what_live_policies_sum_up_is_told_beside_the_papers_posterior(own):
    """It costs something that the others' mixture is taken at each stroke; the rates say what."""
    rows, facts = own
    ours = dict(zip(LENGTHS, (row.ours for row in rows[: len(LENGTHS)]), strict=True))

    assert [f"{count} strokes" for count in RANKED] == list(facts["live"])
    assert 0.05 > facts["live"]["20 strokes"] > facts["live"]["50 strokes"]
    for label, rate in facts["live"].items():
        assert -0.005 < rate - ours[label] < 0.05
    told = f"not once a sequence, the EER is {facts['live']['10 strokes']:.1%} by 10 strokes"
    assert told in sentences("made", facts)[0]


def test_users_with_too_few_strokes_are_left_out(people):
    """180 are drawn of each."""
    some = {"user0": people["user0"], "user1": people["user1"], "user2": people["user2"][:1]}

    rows, facts = own_protocol("made", some, seed=1)

    assert STROKES > len(people["user2"][0].features)
    assert (3, 2) == (facts["users"], facts["enough"])
    assert [] == rows, "two users are no table"


def test_the_honest_protocol_enrols_on_the_first_and_tests_on_the_rest(people):
    """A later recording, attackers of the own fold; of what no recording holds there is no row."""
    rows, facts = honest_protocol("made", people, seed=1)
    ours = {row.name.split(": ")[1]: row.ours for row in rows}

    assert ours["10 strokes"] < ours["1 strokes"]
    assert {"100 strokes", "200 strokes", "90 s"} == set(LENGTHS) - set(ours)
    assert {"10 strokes", "20 strokes", "50 strokes"} == set(facts["ranked"])
    ranked = facts["ranked"]["50 strokes"]
    assert (8, 4.0) == (ranked.sequences, ranked.users)
    assert ranked.first > 5
    assert 8 == facts["pooled"]["50 strokes"]["genuine"]


def test_a_single_recording_is_background_and_neither_enrols_nor_attacks(people):
    """It would be on both sides."""
    some = {**people, "user7": people["user7"][:1]}

    rows, _ = honest_protocol("made", some, seed=1)

    assert rows[0].name.startswith("made, 7 users, later recordings, unseen impostors: ")


def test_of_another_device_class_nobody_is_background_or_attacks(people):
    """Four of one class and four of the other: too few of each in a fold, nobody is enrolled."""
    some = {
        user: [replace(each, device="dense" if place < 4 else "frame") for each in recorded]
        for place, (user, recorded) in enumerate(people.items())
    }

    rows, facts = same_class("made", some, seed=1)
    alike, others = same_class("made", people, seed=1)

    assert ([], {}) == (rows, facts["pooled"])
    assert [row.ours for row in honest_protocol("made", people, seed=1)[0]] == [
        row.ours for row in alike
    ]
    assert alike[0].name.startswith(
        "made, 8 users, later recordings, unseen impostors of the same device class: "
    )
    assert {} == others["ranked"]


def test_of_more_recordings_the_first_three_fifths_enrol(people):
    """Whole ones."""
    some = {user: recorded * 3 for user, recorded in people.items()}

    _, facts = honest_protocol("made", some, seed=1)

    assert 8 * 2 * 9 == facts["ranked"]["10 strokes"].sequences


def test_recordings_too_short_for_any_identification_tell_none(people):
    """Fewer strokes than the shortest of the lengths."""
    short = {
        user: [first, Recorded(second.features[:6], second.seconds[:6])]
        for user, (first, second) in people.items()
    }

    _, facts = honest_protocol("made", short, seed=1)

    assert min(RANKED) > 6
    assert {} == facts["ranked"]


def test_windows_follow_each_other_and_share_nothing():
    """By strokes; by seconds they are filled with whole strokes."""
    seconds = np.array([1.0, 2.0, 1.0, 0.5, 3.0])

    assert [slice(0, 2), slice(2, 4)] == windows(seconds, 2)
    assert [slice(0, 2), slice(2, 5)] == windows(seconds, 3.0)
    assert [] == windows(seconds, 6)


def test_facts_are_told_in_sentences():
    """What no row holds: errors with one threshold, and how often a name is right."""
    ranked = {"10 strokes": Named(8, 4.0, 2, 0.3, 4, 3, 1)}
    pooled = {"1 strokes": {"eer": 0.4}, "2 strokes": {"eer": 0.3}}

    errors, names = sentences("made", {"later": "others", "pooled": pooled, "ranked": ranked})

    assert "made, others, one threshold for all users: EER 40.0% by 1 strokes, " in errors
    assert names.startswith("made, later recordings, identification by 10 strokes: the own user ")
    assert "25% of 8 sequences" in names


def test_the_table_is_that_of_every_set_there_is_with_its_seed(archive):
    """The same seed gives the same to the last digit; sets that are not there are left out."""
    made = table(Task(archive, archive, 1, 1, CODEC), unwatched)
    again, facts = own_protocol("sapimouse", strokes_of(Made(FEW)), 1)

    assert tuple(again) == made.rows[: 2 * len(LENGTHS)]
    assert sentences("sapimouse", facts)[0] in made.differences
    assert len(DERIVED) == len(made.derived)
    assert [] == made.missed
