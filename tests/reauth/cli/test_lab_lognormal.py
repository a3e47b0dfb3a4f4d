"""`reauth lab lognormal`, as somebody types it."""

import json
import re
import shlex

import matplotlib.font_manager  # noqa: F401 - who needs its fonts first is told to wait
import pytest

from reauth.cli import lab_lognormal, parser
from tests.reauth.lab.towns import build

EXAMPLES = re.findall(r"^  reauth (lab .*)$", lab_lognormal.TEACH, re.MULTILINE)


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return build(tmp_path_factory.mktemp("town"), twice=0, once=1, movements=6)


def test_a_folder_gives_a_report_and_pictures(place, town):
    """Figures on stdout, all of them in the report, the movement as SVG and PNG."""
    out = place.folder / "out"

    said = place.type("lab", "lognormal", "--data", town, "--most", 3, "--out", out)

    assert (0, "") == (said.code, said.err)
    assert {"report.json", "lognormal.svg", "lognormal.png"} == {p.name for p in out.iterdir()}
    report = json.loads((out / "report.json").read_text("utf-8"))
    assert (3, 1) == (report["movements"], report["people"])
    assert f"{report['polished']['snr_db']['median']:.1f}" in said.out
    title = f"movement {report['drawn']} of {town.name}: SNR"
    assert title in (out / "lognormal.svg").read_text("utf-8")
    assert (out / "lognormal.png").read_bytes().startswith(b"\x89PNG")


def test_one_movement_can_be_asked_for(place, town):
    """By its number; one that is not there is asked wrongly."""
    out = place.folder / "out"
    words = ["lab", "lognormal", "--data", town / "p00" / "1.csv", "--out", out, "--movement"]

    assert place.type(*words, 1).code == 0
    assert json.loads((out / "report.json").read_text("utf-8"))["drawn"] == 1
    wrong = place.type(*words, 999)
    assert wrong.code == 2
    assert "from 0 on" in wrong.err


@pytest.mark.parametrize("words", [["--movement", "-1"], ["--most", "0"], ["--most", "x"]])
def test_numbers_that_are_none_are_refused(words):
    """Before any recording is read."""
    given = ["lab", "lognormal", "--data", "d", "--out", "o", *words]
    with pytest.raises(SystemExit) as stopped:
        parser().parse_args(given)
    assert stopped.value.code == 2


@pytest.mark.parametrize("line", EXAMPLES)
def test_every_example_can_be_typed(line):
    """An option that is gone would teach an error."""
    assert callable(parser().parse_args(shlex.split(line)).call)
