"""Pictures of networks."""

from reauth.generate.gan_training import Losses
from reauth.lab.gan_pictures import draw_losses, draw_samples
from tests.reauth.generate.crowd import crowd


def test_the_same_figures_give_the_same_bytes(tmp_path):
    """Nothing of the hour gets in."""
    people = crowd(people=1, movements=4)[:3]
    losses = [Losses(0.7, 0.8, 1.0, 0.5, 0.5), Losses(0.6, 0.9, 0.5, 0.6, 0.4)]
    for name in ("one", "same"):
        draw_losses(losses, tmp_path / name / "losses.svg")
        draw_samples(people, people[::-1], tmp_path / name / "samples.svg")

    for name in ("losses.svg", "samples.svg"):
        one = (tmp_path / "one" / name).read_bytes()
        assert one == (tmp_path / "same" / name).read_bytes()
        assert one.startswith(b"<?xml")
    assert b"generator" in (tmp_path / "one" / "losses.svg").read_bytes()
