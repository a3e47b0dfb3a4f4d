"""Networks that learnt nothing, and what they are asked to draw."""

import numpy as np

from reauth.generate.gan import CONDITIONS, Facts, Gan

FACTS = Facts(0.02, 32, 3, 2, 1.0, (6.0, 0.8), (3.0, 0.3, 0.2))


def layers(rng, given, sizes, out):
    """Random arrays of two layers and a linear one."""
    found = {}
    for name, size in zip(("first", "second"), sizes, strict=True):
        found[f"{name}_w_in"] = rng.normal(0, 0.5, (4 * size, given))
        found[f"{name}_w_back"] = rng.normal(0, 0.5, (4 * size, size))
        found[f"{name}_bias"] = rng.normal(0, 0.5, 4 * size)
        given = size
    return found | {"out_w": rng.normal(0, 0.5, (out, given)), "out_bias": rng.normal(0, 1, out)}


def untaught(seed=1, facts=FACTS):
    """A network of random arrays."""
    rng = np.random.default_rng(seed)
    return Gan(facts, layers(rng, facts.seed + facts.tremor + CONDITIONS, (6, 4), 2))
