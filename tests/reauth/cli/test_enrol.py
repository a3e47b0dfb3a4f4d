"""`reauth enrol`: learning a user and taking it back, from outside."""

import re

import pytest

KEYS = {"user", "state", "trajectories", "needed", "eta_s", "version", "quality"}
QUALITY = {"window", "far", "frr", "far_ci", "frr_ci"}


def test_training_is_refused_while_data_is_short(place):
    """With how much is missing, and what to do."""
    place.type("import", "--user", "anna", place.recording(0, 10))

    said = place.type("enrol", "train", "anna")

    assert (1, "") == (said.code, said.out)
    assert "anna: " in said.err
    assert "60 are needed" in said.err
    assert "reauth import --user anna" in said.err


def test_the_status_of_somebody_unknown_is_none(place):
    """A question, not a mistake."""
    said = place.type("enrol", "status", "nobody", "--json")

    assert 0 == said.code
    assert ("none", 0, None) == tuple(said.json[key] for key in ("state", "trajectories", "eta_s"))


def test_status_is_an_object_with_a_user_and_an_array_without(town):
    """interfaces.md §4."""
    one, everybody = (
        town.type("enrol", "status", *user, "--json").json for user in (["alice"], [])
    )

    assert set(one) >= KEYS
    assert "active" == one["state"]
    assert set(one["quality"]) >= QUALITY
    assert ["alice", "bob", "carol", "dave", "erin"] == [person["user"] for person in everybody]
    assert {"gathering"} == {person["state"] for person in everybody[1:]}


def test_a_person_reads_a_table(town):
    """Without --json; nobody yet is said in words."""
    said = town.type("enrol", "status")

    assert said.out.startswith("user ")
    assert "alice" in said.out
    assert "FRR" in said.out


def test_an_empty_house_says_how_users_come(place):
    """An empty table teaches nothing."""
    assert "nobody yet" in place.type("enrol", "status").out


def test_training_tells_what_to_expect(town):
    """A version, and the rates of error."""
    said = town.type("enrol", "train", "bob")

    assert 0 == said.code
    assert "bob: template 1 of " in said.out
    assert "FRR" in said.out
    assert re.search(r", a false alarm in \d+ active hours\n", said.out)


def test_training_tells_a_script_the_new_status(town):
    """So that it need not ask."""
    status = town.type("enrol", "train", "alice", "--json").json

    assert ("alice", 2) == (status["user"], status["version"])


def test_a_user_is_paused_and_resumed(town):
    """Nothing known of them goes."""
    assert 0 == town.type("enrol", "pause", "alice").code
    assert "paused" == town.type("enrol", "status", "alice", "--json").json["state"]
    assert 0 == town.type("enrol", "resume", "alice").code
    assert "active" == town.type("enrol", "status", "alice", "--json").json["state"]


def test_an_older_template_comes_back(town):
    """And one that never was does not."""
    town.type("enrol", "train", "alice")

    assert 0 == town.type("enrol", "rollback", "alice", "--to", 1).code
    assert 1 == town.type("enrol", "status", "alice", "--json").json["version"]
    assert 1 == town.type("enrol", "rollback", "alice", "--to", 9).code


def test_a_deleted_user_is_gone(town):
    """From the list as well."""
    said = town.type("enrol", "delete", "alice")

    assert 0 == said.code
    assert "none" == town.type("enrol", "status", "alice", "--json").json["state"]


@pytest.mark.parametrize("verb", ["delete", "pause", "resume"])
def test_a_mistyped_name_does_not_pass_for_done(town, verb):
    """Somebody would believe it."""
    said = town.type("enrol", verb, "alicia")

    assert 1 == said.code
    assert "there is no user 'alicia'" in said.err


def test_the_background_says_that_there_is_nothing_to_train(place):
    """The svm verifier takes the others anew each time."""
    said = place.type("enrol", "background")

    assert 0 == said.code
    assert "nothing to do: verifier svm" in said.out
