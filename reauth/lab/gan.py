"""A network that learnt to move as people do: kept as arrays and JSON, drawn beside people."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from reauth.errors import SettingsError
from reauth.generate.gan import Gan, trainable
from reauth.generate.gan_training import ENOUGH, MOST, PERIOD, Budget, Losses, Trained, train
from reauth.generate.recurrent import torch_or_error
from reauth.lab.cutting import whole
from reauth.lab.pointing import by_person, ends, opened, spread, told
from reauth.lab.work import Watch
from reauth.trajectory import Floats, Trajectory

SHOWN = 6
"""Movements of either side in a picture."""


def learn(
    data: Path, out: Path, budget: Budget, seed: int, watch: Watch, most: int = ENOUGH
) -> Trained:
    """Train on the people of a folder or archive; write the network, its curves and a picture.

    Parameters
    ----------
    data
        `<user>/<session>.csv`, in a folder or a `.tar.gz`.
    out
        Gets `gan.json`, `gan.npz`, `losses.json`, `losses.svg`, `samples.svg`.
    most
        Movements to learn from, about as many of everybody.

    Raises
    ------
    SettingsError
        If there are no recordings, or torch is not installed.
    NotEnrolled
        If there is too little movement.
    """
    from reauth.lab.gan_pictures import draw_losses, draw_samples  # noqa: PLC0415 - matplotlib takes a second

    torch_or_error().set_num_threads(1)
    if not data.exists():
        raise SettingsError(f"--data {data} is neither a folder of recordings nor a .tar.gz")
    rng = np.random.default_rng(seed)
    movements = [told(each) for _, each in spread(by_person(opened(data)), most, rng)]
    trained = train(movements, budget, seed, lambda epochs: watch(epochs, budget.epochs, "epoch"))
    keep(trained, out / "gan")
    whole(out / "losses.json", _json([asdict(each) for each in trained.losses]))
    draw_losses(trained.losses, out / "losses.svg")
    shown = trainable(movements, PERIOD, MOST)[:SHOWN]
    draw_samples(shown, drawn(trained.gan, shown, rng), out / "samples.svg")
    return trained


def drawn(gan: Gan, like: Sequence[Trajectory], rng: np.random.Generator) -> list[Trajectory]:
    """Draw a movement on the way of each of these."""
    return [gan.draw(*ends(each), rng) for each in like]


def keep(trained: Trained, place: Path) -> None:
    """Write `<place>.npz`, the arrays of both networks, and `<place>.json`, all else."""
    plain, arrays = trained.gan.to_parts()
    buffer, every = BytesIO(), dict[str, Any]()
    for whose, some in (("generator", arrays), ("discriminator", trained.discriminator)):
        every |= {f"{whose}_{name}": array for name, array in some.items()}
    np.savez_compressed(buffer, **every)
    whole(place.with_suffix(".npz"), buffer.getvalue())
    told = {"gan": plain, "losses": [asdict(each) for each in trained.losses]}
    whole(place.with_suffix(".json"), _json(told))


def read(place: Path) -> Trained:
    """Read what `keep` wrote.

    Raises
    ------
    TemplateError
        If it is no network of this version.
    """
    told: Mapping[str, Any] = json.loads(place.with_suffix(".json").read_text("utf-8"))
    parts: dict[str, dict[str, Floats]] = {"generator": {}, "discriminator": {}}
    with np.load(place.with_suffix(".npz"), allow_pickle=False) as kept:
        for name in kept.files:
            whose, _, what = name.partition("_")
            parts[whose][what] = kept[name]
    losses = tuple(Losses(**each) for each in told["losses"])
    return Trained(Gan.from_parts(told["gan"], parts["generator"]), parts["discriminator"], losses)


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, allow_nan=False) + "\n").encode()
