"""`reauth lab prepare` from the command line."""

from reauth.lab import prepare as module
from tests.reauth.lab.archives import build

FOLDERS = (
    "bots/human", "bots/bot", "bots/train-human", "bots/train-bot", "bots/tool-human",
    "bots/tool-bot", "replays/library", "replays/data",
)  # fmt: skip


def test_it_writes_the_folders_and_says_how_much(place, monkeypatch):
    """Those that the other two commands take."""
    monkeypatch.setattr(module, "KIND", 1)
    monkeypatch.setattr(module, "KINDS", ("straight", "wind"))
    data = build(place.folder / "data", count=2)

    said = place.type("lab", "prepare", "--data", data, "--out", place.folder / "out")

    assert (0, "") == (said.code, said.err)
    assert "bots/train-human" in said.out
    for folder in FOLDERS:
        assert list((place.folder / "out" / folder).glob("*/*.csv")), folder


def test_no_archives_is_asked_wrongly(place):
    said = place.type("lab", "prepare", "--data", place.folder, "--out", place.folder / "out")

    assert 2 == said.code
    assert "balabit_train.tar.gz is not in" in said.err
