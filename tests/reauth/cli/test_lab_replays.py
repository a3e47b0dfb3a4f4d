"""`reauth lab replays`: what scripts call."""

import json

import matplotlib.font_manager  # noqa: F401 - who needs its fonts first is told to wait
import pytest

from tests.reauth.lab.towns import build


def test_it_is_a_report_in_a_folder(place):
    """As issue 5 calls it: JSON, text and picture."""
    library = build(place.folder / "library", twice=0, once=2, movements=12)
    data = build(place.folder / "data", twice=1, once=0, movements=12)
    out = place.folder / "out"

    said = place.type(
        "lab", "replays", "--library", library, "--data", data, "--seed", 2, "--out", out,
        "--sizes", "300,40", "--detector", "turned",
    )  # fmt: skip

    assert (0, "") == (said.code, said.err)
    assert {"report.json", "report.md", "lookup.svg"} == {path.name for path in out.iterdir()}
    report = json.loads((out / "report.json").read_text("utf-8"))
    assert ["40", "300"] == list(report["lookup_ms"])
    assert (2, "turned") == (report["seed"], report["detector"])
    assert said.out == (out / "report.md").read_text("utf-8")


@pytest.mark.parametrize("sizes", ["0", "ten", "5,", "-1"])
def test_sizes_are_whole_numbers(place, sizes):
    """argparse's 2."""
    said = place.type("lab", "replays", "--library", "x", "--data", "y", "--out", "z",
                      f"--sizes={sizes}")  # fmt: skip

    assert 2 == said.code
    assert "no whole numbers from 1 on" in said.err


def test_a_folder_that_is_not_there_is_asked_wrongly(place):
    said = place.type("lab", "replays", "--library", place.folder / "none", "--data",
                      place.folder, "--out", place.folder / "out")  # fmt: skip

    assert 2 == said.code
    assert "none is neither a folder of recordings nor" in said.err
