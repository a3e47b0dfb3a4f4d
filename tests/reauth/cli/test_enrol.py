"""`reauth enrol`: learning a user and taking it back, from outside."""

import json
import re
from pathlib import Path

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


def test_the_devices_of_users_are_told(town):
    """Each class that is learnt or gathered, and how much was not compared on it."""
    one = town.type("enrol", "status", "alice", "--json").json
    [row] = one["devices"]

    assert (1, "active", 0) == (row["version"], row["state"], row["unknown_device"])
    assert one["trajectories"] == row["trajectories"]
    said = town.type("enrol", "status").out
    lines = said.partition("\n\n")[2].splitlines()
    assert re.match(r"user +device +state +trajectories +not compared +template$", lines[0])
    assert re.match(rf"alice +{re.escape(row['device'])} +active +\d+ of 60 +- +1$", lines[1])


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


def test_the_background_is_refused_while_nobody_has_later_sessions(town):
    """With how many are needed."""
    said = town.type("enrol", "background")

    assert (1, "") == (said.code, said.out)
    assert "0 users with 0 later sessions of 50 trajectories; 5 users with 30" in said.err


@pytest.mark.slow
def test_the_background_tells_how_far_people_drift(place):
    """What was measured beside what the verifier expects by itself, to a person and a script."""
    for seed, name in enumerate(("alice", "bob", "carol", "dave", "erin")):
        lengths = [110, *[60] * 6]
        files = [place.recording(seed, count, sample) for sample, count in enumerate(lengths)]
        place.type("import", "--user", name, *files)

    told = place.type("enrol", "background", "--json").json
    said = place.type("enrol", "background")

    assert {"users", "sessions", "once", "often", "expected", "hands", "missing"} == set(told)
    assert told["hands"] is None  # eight people are needed for that
    assert "hands: 0 people" in told["missing"][0]
    assert {"fall", "spread"} == set(told["once"]) == set(told["expected"]["often"])
    assert (5, True) == (told["users"], told["sessions"] >= 30)
    assert told["often"] == told["expected"]["often"]  # of too few later sessions
    assert told["once"] != told["expected"]["once"]
    assert f"by {told['sessions']} later sessions of 5 users" in said.out
    assert f"{told['once']['spread']:.2f}" in said.out


def test_the_reason_of_a_pause_is_kept_and_audited(town):
    """Whoever looks later must know why."""
    assert 0 == town.type("enrol", "pause", "alice", "--reason", "broken arm").code

    told = town.type("audit", "list", "--json").out
    assert "enrol.pause" in told and "broken arm" in told
    assert 0 == town.type("enrol", "resume", "alice").code


def test_a_list_is_enrolled_line_by_line(place):
    """Each tells what became of it; one that failed is exit code 1, and the others are done."""
    recording = Path(place.recording(0, 10))
    rows = f"user,note,file\nanna,desk 4,{recording.name}\nbert,,\ncarl,,bad.csv\n"
    (recording.parent / "bad.csv").write_text("no recording\n", "utf-8")
    users = recording.parent / "list.csv"
    users.write_text(rows, "utf-8")

    said = place.type("enrol", "bulk", str(users), "--json")
    told = [json.loads(line) for line in said.out.splitlines()]
    assert 1 == said.code
    assert [("anna", "done"), ("bert", "done"), ("carl", "failed")] == [
        (row["user"], row["state"]) for row in told
    ]
    assert "trajectories imported" in told[0]["told"]
    assert ["anna", "bert"] == [
        row["user"] for row in place.type("enrol", "status", "--json").json
    ]


def test_a_list_that_breaks_its_form_is_refused_as_a_whole(place, tmp_path):
    """One line on stderr says which line."""
    users = tmp_path / "list.csv"
    users.write_text("user\nanna\n\x01\n", "utf-8")

    said = place.type("enrol", "bulk", str(users))
    assert 1 == said.code and "line 3: " in said.err
    assert [] == place.type("enrol", "status", "--json").json
    assert 1 == place.type("enrol", "bulk", str(tmp_path / "none.csv")).code
