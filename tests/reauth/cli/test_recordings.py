"""`reauth import`: a file is kept whole or not at all, and once."""

import pytest

from reauth.cli.recordings import read_file
from reauth.errors import RecordingError

HEAD = "t_ms,ev,x,y\n"


def stroke(second):
    """A movement of 20 events that begins at a second."""
    return "".join(f"{second * 1000 + at},move,{at},{at % 7}\n" for at in range(0, 600, 30))


def written(place, name, text):
    """A file in the place."""
    file = place.folder / name
    file.write_text(text, "utf-8")
    return file


def test_a_file_says_what_came_of_it(place):
    """Rows under the header, trajectories, and why rows were passed over."""
    text = HEAD + stroke(0) + stroke(2) + "9000,move,65535,65535\n"
    file = written(place, "a.csv", text)

    said = place.type("import", "--user", "anna", "--json", file)

    assert 0 == said.code
    wanted = {"file": str(file), "rows": 41, "trajectories": 2, "skipped": {"out_of_range": 1}}
    assert {**wanted, "new": True} == said.json


def test_the_same_content_again_changes_nothing(place):
    """Whatever the file is called."""
    one, two = (written(place, name, HEAD + stroke(0)) for name in ("a.csv", "b.csv"))
    place.type("import", "--user", "anna", one)

    assert place.type("import", "--user", "anna", "--json", two).json["new"] is False
    assert 1 == place.type("enrol", "status", "anna", "--json").json["trajectories"]


def test_the_same_content_of_another_user_is_new(place):
    """A digest names a recording of somebody."""
    file = written(place, "a.csv", HEAD + stroke(0))
    place.type("import", "--user", "anna", file)

    assert place.type("import", "--user", "bert", "--json", file).json["new"] is True


def test_a_bad_row_is_named_and_only_its_file_is_left_out(place):
    """The other files stay; a script sees the failure."""
    bad = written(place, "bad.csv", HEAD + stroke(0) + "700,move,zz,1\n")
    good = written(place, "good.csv", HEAD + stroke(0))

    said = place.type("import", "--user", "anna", "--json", bad, place.folder / "no.csv", good)

    assert 1 == said.code
    assert [str(good)] == [one["file"] for one in said.lines]
    assert f"reauth: {bad}:22: x is not a decimal number" in said.err
    assert "no.csv: No such file" in said.err
    assert 1 == place.type("enrol", "status", "anna", "--json").json["trajectories"]


def test_a_long_pause_begins_a_new_session(place):
    """Sessions are what enrolment keeps apart: training on one, testing on another."""
    text = HEAD + stroke(0) + stroke(2) + stroke(700)
    file = written(place, "a.csv", text)

    assert 3 == place.type("import", "--user", "anna", "--json", file).json["trajectories"]
    assert 0 == place.type("import", "--user", "anna", written(place, "b.csv", HEAD)).code


def test_bytes_that_are_no_text_are_named_by_line(place):
    """A file of another program must not end in a trace of ours."""
    file = place.folder / "a.csv"
    file.write_bytes(HEAD.encode() + b"0,move,\xff,1\n")

    with pytest.raises(RecordingError, match=r"a\.csv:2: not UTF-8"):
        read_file(str(file))


def test_a_person_reads_lines(place):
    """Without --json."""
    file = written(place, "a.csv", HEAD + stroke(0) + "9000,move,65535,65535\n")

    said = place.type("import", "--user", "anna", file)

    assert f"{file}: 21 rows, 1 trajectories, 1 rows skipped: out_of_range\n" == said.out
