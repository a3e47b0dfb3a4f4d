"""`reauth replay`: the same lines as live would bring, whenever and however often."""

import json

import pytest

from reauth.cli.replay import line_of
from reauth.outcome import Gap

COMMON = {"file", "t", "lane", "kind"}
RULE = ("window", "low", "limit", "rule", "level", "bound")


def kinds(said):
    """How often each kind came."""
    found = [line["kind"] for line in said.lines]
    return {kind: found.count(kind) for kind in found}


def test_an_enrolled_user_is_scored(town):
    """One line an outcome, with the keys of interfaces.md §5."""
    file = town.recording(0, 30, 7)

    said = town.type("replay", "--user", "alice", file)

    assert 0 == said.code
    scored = [line for line in said.lines if line["kind"] == "scored"]
    assert scored
    assert all(set(line) == COMMON | {"score", "calibrated"} for line in scored)
    assert {str(file)} == {line["file"] for line in said.lines}
    times = [line["t"] for line in said.lines]
    assert sorted(times) == times


def test_a_user_without_a_template_is_dropped(place):
    """And that is no failure."""
    said = place.type("replay", "--user", "ghost", place.recording(0, 5))

    assert 0 == said.code
    assert {("dropped", "not_enrolled")} == {(line["kind"], line["reason"]) for line in said.lines}


def test_a_takeover_raises_one_alert(town):
    """alice leaves the seat, somebody else goes on; --join makes it one session."""
    files = town.recording(0, 90, 7), town.recording(5, 60, 7)

    said = town.type("replay", "--user", "alice", "--join", *files)

    [alert] = [line for line in said.lines if line["kind"] == "alert"]
    assert str(files[1]) == alert["file"]
    assert set(alert) == COMMON | {"id", "risk", *RULE}
    assert 0 < alert["risk"] <= 100
    assert 20 == alert["window"]
    assert alert["low"] >= alert["limit"]
    verdicts = [line["genuine"] for line in said.lines if line["kind"] == "verdict"]
    assert [True, False] == verdicts[:2]


def test_each_file_is_its_own_session_without_join(town):
    """Time begins anew, and so does the window."""
    files = town.recording(0, 45, 7), town.recording(0, 45, 8)

    apart = town.type("replay", "--user", "alice", *files)
    joined = town.type("replay", "--user", "alice", "--join", *files)

    assert "verdict" not in kinds(apart)
    assert 1 == kinds(joined)["verdict"]
    scores = [[line["score"] for line in said.lines if "score" in line] for said in (apart, joined)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-5)


def test_the_same_recording_gives_the_same_lines(town):
    """To the last digit, alert ids included; its offset and the time of day do not matter."""
    file = town.recording(5, 40, 7)
    said = [town.type("replay", "--user", "alice", file).out for _ in range(2)]
    head, *rows = file.read_text("utf-8").splitlines()
    moved = [f"{float(row.partition(',')[0]) + 86400000},{row.partition(',')[2]}" for row in rows]
    other = town.folder / "moved.csv"
    other.write_text("\n".join([head, *moved]) + "\n", "utf-8")

    later = town.type("replay", "--user", "alice", other).lines

    assert said[0] == said[1]
    before = [line["score"] for line in map(json.loads, said[0].splitlines()) if "score" in line]
    assert before == pytest.approx([line["score"] for line in later if "score" in line], abs=1e-5)


def test_a_recording_that_is_played_again_is_an_alert_of_the_replay_lane(town):
    """Of lanes that know nobody alerts are told, and with --every-lane all that they said."""
    files = [town.recording(0, 60, 7)] * 2

    told = town.type("replay", "--user", "alice", *files).lines
    every = town.type("replay", "--user", "alice", "--every-lane", *files).lines

    lanes = [(line["lane"], line["kind"]) for line in told if line["lane"] != "identity"]
    assert [("replay", "alert")] == lanes
    assert {"identity", "bot", "replay"} == {line["lane"] for line in every}
    quiet = [line for line in every if line["lane"] == "identity" or line["kind"] == "alert"]
    assert told == quiet


def test_nothing_is_stored_unless_asked(town):
    """A look at a recording must not count as the user's own movement."""
    before = town.type("enrol", "status", "alice", "--json").json["trajectories"]
    town.type("replay", "--user", "alice", town.recording(5, 60, 7))

    assert [] == town.type("alerts", "list", "--json").json
    assert before == town.type("enrol", "status", "alice", "--json").json["trajectories"]


def test_what_is_stored_is_what_was_said_and_once(town):
    """The alert's id, its evidence and its limit; a repetition changes nothing."""
    files = town.recording(0, 40, 7), town.recording(5, 60, 7)
    command = ("replay", "--user", "alice", "--join", "--store", *files)

    said, again = town.type(*command), town.type(*command)

    [line] = [line for line in said.lines if line["kind"] == "alert"]
    [alert] = town.type("alerts", "list", "--json").json
    assert said.out == again.out
    assert [line[key] for key in ("id", *RULE)] == [alert[key] for key in ("id", *RULE)]
    assert 20 == len(alert["evidence"])
    assert line["low"] == sum(item["low"] for item in alert["evidence"])


def test_a_bad_recording_ends_it_before_anything_is_said(town):
    """A script must not take half an answer for one."""
    bad = town.folder / "bad.csv"
    bad.write_text("t_ms,ev,x,y\n0,jump,1,1\n", "utf-8")

    said = town.type("replay", "--user", "alice", town.recording(0, 5, 7), bad)

    assert (1, "") == (said.code, said.out)
    assert "bad.csv:2:" in said.err


def test_an_empty_recording_says_nothing(town):
    """A header alone is legal."""
    empty = town.folder / "empty.csv"
    empty.write_text("t_ms,ev,x,y\n", "utf-8")

    assert (0, "") == (town.type("replay", "--user", "alice", empty).code, "")


def test_a_gap_is_told_with_its_samples():
    """Recordings have none; what is live may."""
    assert {"t": 1.0, "lane": None, "kind": "gap", "samples": 3} == line_of(Gap(1.0, 3))
