"""`reauth lab redundancy`: a table in, reasons out."""

import json

import numpy as np
import pytest

HEAD = "first,copy,label,noise\n"


def table(folder, rows=300):
    rng = np.random.default_rng(0)
    first, noise = rng.normal(size=(2, rows))
    label = first + 0.5 * rng.normal(size=rows) > 0
    lines = [
        f"{a},{a + 0.01 * b},{int(kind)},{'' if place % 9 == 0 else b}\n"
        for place, (a, b, kind) in enumerate(zip(first, noise, label, strict=True))
    ]
    (folder / "some.csv").write_text(HEAD + "".join(lines), "utf-8")
    return folder / "some.csv"


def test_a_table_of_anybodys_is_made_smaller(place):
    """Report, text and picture; of two that say the same one stays."""
    pytest.importorskip("xgboost")
    out = place.folder / "out"

    said = place.type("lab", "redundancy", "--table", table(place.folder), "--label", "label",
                      "--suggest", "noise", "--keep", 2, "--out", out)  # fmt: skip

    assert (0, "") == (said.code, said.err)
    told = json.loads((out / "report.json").read_text("utf-8"))
    assert 1 == len({"first", "copy"} & set(told["kept"]))
    assert said.out == (out / "report.md").read_text("utf-8")
    assert "which is more important" in said.out
    assert (out / "correlation.svg").is_file()


def test_without_a_candidate_there_is_no_picture(place):
    """And nothing stays."""
    pytest.importorskip("xgboost")
    out = place.folder / "out"

    said = place.type("lab", "redundancy", "--table", table(place.folder), "--label", "label",
                      "--above", 100000, "--out", out)  # fmt: skip

    assert 0 == said.code
    assert "0 of 3 features stay" in said.out
    assert not (out / "correlation.svg").exists()


@pytest.mark.parametrize(
    ("words", "text", "code", "answer"),
    [
        (("--label", "tea"), HEAD, 2, "has no column 'tea'; it has: first, copy, label, noise"),
        (("--label", "label", "--suggest", "tea"), HEAD, 2, "has no column 'tea'"),
        (("--label", "label"), f"{HEAD}1,2,1,3\n", 2, "'label' must be 0 and 1, both of them"),
        (("--label", "label"), f"{HEAD}1,2,1,3\n1,2,one,3\n", 1, "bad.csv:3: not 4 numbers"),
        (("--label", "label"), f"{HEAD}1,2,1\n", 1, "bad.csv:2: not 4 numbers"),
    ],
)
def test_what_is_no_table_is_named(place, words, text, code, answer):
    """In one line, with what there is instead."""
    file = place.folder / "bad.csv"
    file.write_text(text, "utf-8")

    said = place.type("lab", "redundancy", "--table", file, "--out", place.folder / "out", *words)

    assert (code, 1) == (said.code, said.err.count("\n"))
    assert answer in said.err
