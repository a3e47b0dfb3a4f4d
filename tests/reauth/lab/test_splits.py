"""The gates of an honest evaluation, each with an attempt to break it."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reauth.lab.splits import (
    GateError,
    Match,
    Provenance,
    Source,
    admit,
    deal,
    frozen,
    matches,
    people_of,
    whole,
)


def sources(**counts):
    """So many recordings of each user."""
    return [
        Source(user, f"s{number:02}", Path(f"{user}/s{number:02}.csv"))
        for user, count in counts.items()
        for number in range(count)
    ]


def town(users, sessions=2):
    return people_of(sources(**{f"u{place:02}": sessions for place in range(users)}))


@pytest.mark.parametrize(
    ("recordings", "enrolling"), [(1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (7, 4), (10, 6)]
)
def test_the_first_recordings_enrol_and_the_rest_test(recordings, enrolling):
    """One: neither; two: one each; more: the first 60 %. Whole ones, in name order."""
    [person] = people_of(reversed(sources(anna=recordings)))

    assert enrolling == len(person.enrolment)
    if recordings == 1:
        assert person.single
        assert person.background == person.test
    else:
        ordered = [one.session for one in person.enrolment + person.test]
        assert ordered == sorted(ordered)
        assert person.background == person.enrolment
        assert not {*person.enrolment} & {*person.test}


def test_backwards_the_last_recordings_enrol():
    """Where names do not tell which one is meant for it."""
    [person] = people_of(sources(anna=4), backwards=True)

    names = sorted(one.session for one in person.enrolment + person.test)
    assert names[:1:-1] == [one.session for one in person.enrolment]
    assert names[1::-1] == [one.session for one in person.test]


def test_two_recordings_of_one_name_have_no_order():
    """A split that depends on chance is none."""
    with pytest.raises(GateError, match="two recordings"):
        people_of(sources(anna=2) + sources(anna=1))


@given(st.integers(1, 40), st.integers(0, 9), st.booleans(), st.data())
def test_no_impostor_is_ever_background_of_whom_he_attacks(users, seed, same_class, drawn):
    """Whatever the number, the seed and the classes; and everybody is a victim once."""
    people = town(users)
    names = st.lists(st.sampled_from("abc"), min_size=users, max_size=users)
    kinds = dict(zip((one.user for one in people), drawn.draw(names), strict=True))
    folds = deal(people, kinds, seed)

    found = matches(people, kinds, folds, same_class=same_class)

    assert [one.user for one in people] == [match.victim for match in found]
    for match in found:
        whole(match, folds, folds)
        assert not {match.victim} & {*match.background, *match.impostors}
        assert not {*match.background} & {*match.impostors}
        assert not same_class or {kinds[match.victim]} >= {kinds[one] for one in match.impostors}


def test_folds_depend_on_the_seed_and_are_even_within_a_class():
    """A rare device is not dealt into one fold by bad luck."""
    people = town(20)
    kinds = {one.user: "fast" if one.user < "u10" else "slow" for one in people}

    first, second = deal(people, kinds, 1), deal(people, kinds, 2)

    assert first == deal(people, kinds, 1) != second
    for fold in range(5):
        assert [2, 2] == [
            sum(first[user] == fold for user in kinds if kinds[user] == kind)
            for kind in ("fast", "slow")
        ]
    assert {0, 1} == set(deal(town(3), {}, 1).values())
    assert {0, 1, 2} == set(deal(town(7), {}, 1, least=2).values())


def test_seen_impostors_never_attack_with_what_trained():
    """Who has a single recording is background only: it cannot be on both sides."""
    people = people_of(sources(anna=2, bert=2, carl=1))

    found = matches(people, {}, None, same_class=False)

    assert Match("anna", ("bert", "carl"), ("bert",)) == found[0]
    assert Match("bert", ("anna", "carl"), ("anna",)) == found[1]
    whole(found[0], None, {"anna"})


def test_a_match_against_the_folds_is_refused():
    """Before anything is trained on it."""
    people = town(12)
    folds = deal(people, {}, 0)
    match = matches(people, {}, folds, same_class=False)[0]
    impostor, other = match.impostors[0], match.background[0]

    for broken, message in (
        (replace(match, background=(*match.background, impostor)), "background"),
        (replace(match, impostors=(*match.impostors, other)), "another fold"),
        (replace(match, impostors=(match.victim,)), "against himself"),
        (replace(match, background=(match.victim,)), "against himself"),
    ):
        with pytest.raises(GateError, match=message):
            whole(broken, folds, folds)


def test_a_recording_that_enrolled_cannot_test():
    """By its content: a copy under another name is the same recording."""
    made = Provenance("anna", ("bert",), ("d1", "d2"))

    admit(made, "anna", "d3", unseen=True)
    with pytest.raises(GateError, match="one side"):
        admit(made, "carl", "d2", unseen=True)
    with pytest.raises(GateError, match="one side"):
        admit(made, "anna", "d1", unseen=False)


def test_who_was_background_cannot_attack_as_unseen():
    """He may where the report says that impostors were seen."""
    made = Provenance("anna", ("bert",), ("d1",))

    admit(made, "bert", "d9", unseen=False)
    with pytest.raises(GateError, match="background"):
        admit(made, "bert", "d9", unseen=True)


@pytest.mark.parametrize("now", [{"a": "2"}, {}, {"a": "1", "b": "1"}])
def test_a_template_that_changed_after_freezing_is_refused(now):
    """Another threshold, a template that is gone, one that is new."""
    frozen({"a": "1"}, {"a": "1"})
    with pytest.raises(GateError, match="frozen"):
        frozen(now, {"a": "1"})
