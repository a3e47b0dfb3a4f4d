"""`reauth lab gan`."""

import pytest

from tests.reauth.lab.towns import build


def test_a_folder_teaches_a_network(place, tmp_path):
    """One line says what came out; arrays and JSON lie there."""
    pytest.importorskip("torch")
    data = build(tmp_path / "town", twice=1, once=0, movements=30)
    said = place.type("lab", "gan", "--data", data, "--epochs", "1", "--seed", "2",
                      "--out", tmp_path / "out")  # fmt: skip

    assert 0 == said.code
    assert "after 1 epochs the discriminator finds" in said.out
    assert (tmp_path / "out" / "gan.npz").is_file()


def test_too_little_movement_is_said(place, tmp_path):
    """In one line."""
    pytest.importorskip("torch")
    data = build(tmp_path / "town", twice=0, once=1, movements=5)
    said = place.type("lab", "gan", "--data", data, "--out", tmp_path / "out")

    assert 1 == said.code
    assert "movements to learn from" in said.err
