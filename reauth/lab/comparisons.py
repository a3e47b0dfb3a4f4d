"""Verifiers that the laboratory compares the shipped ones with, and how their templates are kept.

They are not live: `reauth.verify.VERIFIERS` does not know them, and no template of theirs can be
stored or loaded by the product.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from io import BytesIO
from typing import Final

import numpy as np

from reauth.lab.shelf import Codec
from reauth.lab.trees import Trees
from reauth.template import Drift, Template
from reauth.trajectory import Floats
from reauth.verify import Verifier
from reauth.verify.svm import MOVEMENT

COMPARISONS: Final[Mapping[str, Verifier]] = {
    "trees": Trees(),
    "values": replace(MOVEMENT, name="values", ranked=False),
}
"""Verifiers of the laboratory only, by the name that `--verifier` takes: boosted trees, and the
recommended machine on features as they are in place of their ranks."""


def codec_with_comparisons(shipped: Codec) -> Codec:
    """A codec for the laboratory's shelves: the shipped one, and one for what is not shipped."""
    return Codec(shipped.to_parts, partial(_from_parts, shipped))


def _from_parts(shipped: Codec, text: str, arrays: bytes) -> Template:
    plain = json.loads(text)
    if plain["verifier"] not in COMPARISONS:
        return shipped.from_parts(text, arrays)
    for name in ("format", "quality"):
        del plain[name]
    groups: dict[str, dict[str, Floats]] = {"arrays": {}, "calibration": {}, "held": {}}
    with np.load(BytesIO(arrays), allow_pickle=False) as kept:
        for place in kept.files:
            group, name = place.split(".")
            groups[group][name] = kept[place]
    held = groups["held"]
    sizes = held["sizes"].astype(int)
    return Template(
        **{**plain, "devices": tuple(plain["devices"]), "drift": Drift(*plain["drift"])},
        arrays=groups["arrays"],
        calibration=groups["calibration"],
        held_out=tuple(np.split(held["ratio"], np.cumsum(sizes)))[: len(sizes)],
    )
