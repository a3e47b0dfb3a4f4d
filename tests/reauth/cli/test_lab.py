"""`reauth lab`: what others call, and what it answers when asked wrongly."""

import json

import matplotlib.font_manager  # noqa: F401 - who needs its fonts first is told to wait
import pytest

from reauth.cli import main
from reauth.cli.lab import watched
from reauth.decide import POLICIES
from reauth.features import FEATURE_SETS
from reauth.lab.comparisons import COMPARISONS
from reauth.lab.papers import PAPERS, Paper
from reauth.verify import VERIFIERS
from tests.reauth.lab.test_table import TABLE
from tests.reauth.lab.towns import build


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return build(tmp_path_factory.mktemp("lab"), twice=4, once=1, movements=30)


def test_an_evaluation_is_a_report_in_a_folder(place, data):
    """As interfaces.md §7 calls it; a summary on stdout, and where the report is."""
    out = place.folder / "out"
    said = place.type(
        "lab", "evaluate", "--data", data, "--verifier", "recommended", "--policy", "recommended",
        "--windows", "10,5", "--unseen-impostors", "--seed", 3, "--out", out, "--jobs", 1,
    )  # fmt: skip

    assert (0, "") == (said.code, said.err)
    assert f"the report is {out / 'report.md'}" in said.out
    report = json.loads((out / "report.json").read_text("utf-8"))
    assert ["5", "10"] == list(report["eer"])
    assert (3, True, 20) == (
        report["protocol"]["seed"], report["protocol"]["unseen_impostors"],
        report["protocol"]["policy_window"],
    )  # fmt: skip
    assert {"report.json", "report.md", "work", "det.svg", "scores.svg", "delays.svg",
            "users.svg"} == {path.name for path in out.iterdir()}  # fmt: skip


def test_no_settings_file_is_needed(data, tmp_path, monkeypatch):
    """The shipped defaults will do; a policy's window and other keys can be said."""
    monkeypatch.chdir(data)
    out = tmp_path / "out"
    words = ["lab", "evaluate", "--data", str(data), "--out", str(out), "--windows", "5"]

    assert 0 == main([*words, "--window", "7", "--set", "identity_lane.pause_ms=400"])

    report = json.loads((out / "report.json").read_text("utf-8"))
    assert 7 == report["protocol"]["policy_window"]
    assert "IMPOSTORS WERE SEEN" in (out / "report.md").read_text("utf-8").splitlines()[0]


@pytest.mark.slow
def test_an_evaluation_may_be_of_a_part_and_under_several_seeds(place, data):
    """The words of the command line reach the report; finished units may lie elsewhere."""
    out, work = place.folder / "out", place.folder / "kept"

    said = place.type(
        "lab", "evaluate", "--data", data, "--verifier", "svm", "--windows", "5", "--seconds",
        "20,60", "--users", "p00,p01,p02,p03", "--resample", 30, "--without", "timing,shape",
        "--seeds", "2,5", "--unseen-impostors", "--out", out, "--work", work, "--jobs", 1,
    )  # fmt: skip

    assert (0, "") == (said.code, said.err)
    report = json.loads((out / "report.json").read_text("utf-8"))
    told = report["protocol"]
    assert (30.0, ["shape", "timing"], 4, 2) == (
        told["resampled_ms"], told["without"], told["users"], told["seed"],
    )  # fmt: skip
    assert ["20", "60"] == list(report["by_seconds"])
    assert [2, 5] == report["seeds"]["seeds"]
    assert work.is_dir()
    assert not (out / "work").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "head"),
    [
        (("ablate", "--only", "votes"), "# Ablation: movement on "),
        (("curve",), "# Learning curve: movement on "),
    ],
)
def test_a_table_of_the_laboratory_is_a_report_in_a_folder(place, data, words, head):
    """Read by `lab document` as the others are."""
    out = place.folder / "out"

    said = place.type("lab", *words, "--data", data, "--out", out, "--jobs", 1)

    assert (0, "") == (said.code, said.err)
    assert said.out.startswith(head)
    assert said.out == (out / "report.md").read_text("utf-8")
    assert words[0] == "ablate" or (out / "curve.svg").is_file()
    document = place.folder / "all.md"
    assert 0 == place.type("lab", "document", "--reports", place.folder, "--out", document).code
    assert f"### out: movement on {data.name}" in document.read_text("utf-8")


def test_a_list_names_all_that_there_is(place):
    """For a reader, and for a script."""
    told = place.type("lab", "list", "--json").json
    read = place.type("lab", "list").out

    assert ["recommended", *VERIFIERS] == told["verifiers"]
    assert ["recommended", *POLICIES] == told["policies"]
    assert list(PAPERS) == told["papers"]
    assert list(COMPARISONS) == told["comparisons"]
    assert set(FEATURE_SETS) == set(told["groups"])
    assert "timing" in told["groups"]["movement"]
    assert "comparison only" in read
    assert all(name in read for each in told.values() for name in each)


def named(table):
    """A table's names as they are told."""
    return ", ".join(["recommended", *table])


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("--verifier", "tea"), f"no verifier 'tea'; there are: {named(VERIFIERS)}, trees"),
        (("--without", "tea"), "have no group 'tea'; they have: shape, direction, "),
        (("--policy", "tea"), f"no policy 'tea'; there are: {named(POLICIES)}"),
        ((), "holds no <user>/<session>.csv"),
    ],
)
def test_what_is_asked_wrongly_is_answered_in_a_line(place, words, answer):
    """Exit 2; an unknown name with those that there are, an empty folder by its name."""
    empty = place.folder / "empty"
    empty.mkdir()

    said = place.type("lab", "evaluate", "--data", empty, "--out", place.folder / "out", *words)

    assert (2, "", 1) == (said.code, said.out, said.err.count("\n"))
    assert answer in said.err


@pytest.mark.parametrize("windows", ["0", "ten", "5,", "-1"])
def test_windows_are_whole_numbers(place, windows):
    """argparse's 2."""
    said = place.type("lab", "evaluate", "--data", "x", "--out", "y", f"--windows={windows}")

    assert 2 == said.code
    assert "is no whole number from 1 on" in said.err


def test_a_bad_recording_is_named(place):
    """File and line; exit 1."""
    data = build(place.folder / "data", twice=2, once=0, movements=2)
    (data / "p00" / "1.csv").write_text("t_ms,ev,x,y\n0,jump,1,1\n")

    said = place.type("lab", "evaluate", "--data", data, "--out", place.folder / "out", "--jobs", 1)

    assert 1 == said.code
    assert "p00/1.csv:2:" in said.err


def test_a_paper_that_nobody_has_built_is_asked_wrongly(place):
    """With those that there are."""
    said = place.type("lab", "paper", "agh", "--data", place.folder, "--out", place.folder)

    assert 2 == said.code
    assert f"no paper 'agh' yet; there are: {', '.join(PAPERS)}" in said.err


def test_a_paper_without_its_archive_is_asked_wrongly(place):
    """The archive is named."""
    said = place.type("lab", "paper", "medvet", "--data", place.folder, "--out", place.folder)

    assert 2 == said.code
    assert "balabit_train.tar.gz" in said.err


def test_a_row_outside_its_tolerance_fails(place, monkeypatch):
    """Exit 1, and the row is named; the report is written all the same."""
    monkeypatch.setattr("reauth.cli.lab.PAPERS", {"some": Paper("about", lambda *_: TABLE)})

    said = place.type("lab", "paper", "some", "--data", place.folder, "--out", place.folder / "o")

    assert 1 == said.code
    assert "outside the tolerance: better" in said.err
    assert (place.folder / "o" / "report.json").is_file()


def test_a_bar_is_for_terminals(capsys):
    """Units pass through; nothing is drawn where nobody looks."""
    assert [1, 2] == list(watched([1, 2], 2, "unit"))
    assert "" == capsys.readouterr().err
