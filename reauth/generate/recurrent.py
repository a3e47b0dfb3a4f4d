"""Recurrent networks of two layers that read movements step by step; learning needs torch.

The generator and the discriminator of a GAN are two of them, and so are classifiers that are
taught by movements of people and of machines.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reauth.errors import SettingsError
from reauth.generate.gan import LAYERS, said
from reauth.trajectory import Floats

AT_ONCE = 512
"""Movements shown at once where nothing is learnt: bounds memory."""


@dataclass(frozen=True, eq=False, slots=True)
class Sequences:
    """Movements as a network is shown them.

    Parameters
    ----------
    steps
        (m, n, 2), zeros after the last of each.
    ways
        (m,) how far each goes.
    counts
        (m,) steps of each.
    """

    steps: Floats
    ways: Floats
    counts: Floats

    def __len__(self) -> int:
        """How many movements there are."""
        return len(self.counts)

    def take(self, places: Any) -> "Sequences":
        """Give some of them, no longer than the longest."""
        counts = self.counts[places]
        longest = int(counts.max(initial=0))
        return Sequences(self.steps[places][:, :longest], self.ways[places], counts)


def torch_or_error() -> Any:
    """Give torch.

    Raises
    ------
    SettingsError
        If it is not installed.
    """
    try:
        import torch  # noqa: PLC0415 - an extra, and a second to load
    except ImportError:
        raise SettingsError("torch is missing: pip install 'reauth[torch]'") from None
    return torch


def floats(array: Any) -> Any:
    """Give an array as a tensor of 32-bit floats."""
    return torch_or_error().as_tensor(np.asarray(array, dtype=np.float32))


def network(given: int, sizes: Sequence[int], out: int, cell: str = "LSTM") -> Any:
    """Make two recurrent layers, of "LSTM" or "GRU" units, and a linear one."""
    nn = torch_or_error().nn
    kind = getattr(nn, cell)
    first, second = sizes
    return nn.ModuleDict(
        {
            "first": kind(given, first, batch_first=True),
            "second": kind(first, second, batch_first=True),
            "out": nn.Linear(second, out),
        }
    )


def through(net: Any, given: Any) -> Any:
    """Give what a network says at each step, (b, n, out)."""
    hidden = given
    for layer in LAYERS:
        hidden, _ = net[layer](hidden)
    return net["out"](hidden)


def verdicts(net: Any, steps: Any, ways: Any, counts: Floats) -> Any:
    """Give what a network says of movements at their last step, (b,), above 0 for a person.

    Parameters
    ----------
    net
        Of three inputs and one output.
    steps, ways
        (b, n, 2) and (b,), tensors.
    counts
        (b,) steps of each.
    """
    torch = torch_or_error()
    told = ways[:, None, None].expand(*steps.shape[:2], 1)
    said = through(net, torch.cat((steps, told), dim=2))[..., 0]
    last = torch.as_tensor(counts.astype(np.int64) - 1)
    return said.gather(1, last[:, None])[:, 0]


def shares(net: Any, shown: Sequences) -> Floats:
    """Give (m,) shares of 1 that a movement is a person's, as a network has it."""
    torch = torch_or_error()
    found = [np.empty(0)]
    with torch.no_grad():
        for first in range(0, len(shown), AT_ONCE):
            part = shown.take(np.arange(first, min(first + AT_ONCE, len(shown))))
            said = verdicts(net, floats(part.steps), floats(part.ways), part.counts)
            found.append(torch.sigmoid(said).numpy().astype(np.float64))
    return np.concatenate(found)


def judged(arrays: Mapping[str, Floats], shown: Sequences) -> Floats:
    """Give the same, (m,), of the arrays of a network of LSTM layers, without torch."""
    b, n, _ = shown.steps.shape
    told = np.broadcast_to(shown.ways[:, None, None], (b, n, 1))
    every = said(arrays, np.concatenate((shown.steps, told), axis=2))[..., 0]
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * every[np.arange(b), shown.counts.astype(int) - 1]))


def arrays_of(net: Any) -> dict[str, Floats]:
    """Give the arrays of a network of LSTM layers, as `reauth.generate.gan.Gan` has them."""
    found: dict[str, Any] = {}
    for layer in LAYERS:
        part = net[layer]
        found[f"{layer}_w_in"] = part.weight_ih_l0
        found[f"{layer}_w_back"] = part.weight_hh_l0
        found[f"{layer}_bias"] = part.bias_ih_l0 + part.bias_hh_l0
    found |= {"out_w": net["out"].weight, "out_bias": net["out"].bias}
    return {name: each.detach().numpy().astype(np.float64) for name, each in found.items()}
