"""What a detector learnt, as arrays: trees, and how their sums become ratios of likelihoods.

Scoring needs numpy alone. All trees stand one behind the other; a leaf leads to itself, so that
every tree is walked for as many steps as the deepest one has, without asking.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from reauth.errors import TemplateError
from reauth.trajectory import Floats

NODES: Final = {"feature": "i", "limit": "f", "next": "i", "value": "f", "roots": "i"}
"""The arrays by name, whole numbers or not. `next` has two places a node, behind one another: where
the number is at most `limit`, and where it is more."""

META: Final = ("detector", "version", "features", "depth", "slope", "offset", "limits")

CLIP = 5.0
"""nats; a single movement is never trusted further: of ten thousand held-out ones of a class a
dozen lie there, and what is seen so rarely has no better estimate."""


@dataclass(frozen=True, eq=False, slots=True)
class Model:
    """Trees over numbers of movements, calibrated.

    Parameters
    ----------
    arrays
        As `NODES` names them, for m nodes and k trees: `feature`, `limit` and `value` (m,),
        `next` (2 m,), `roots` (k,).
    meta
        Plain values: which detector and features it is of, how many steps the deepest tree has,
        `slope` and `offset` of the calibration, and `limits`: by the number of movements whose
        mean is taken, the score that people fall below in 1 % of cases, held out.
    """

    arrays: Mapping[str, NDArray[Any]]
    meta: Mapping[str, Any]

    def margins(self, rows: Floats) -> Floats:
        """Give the sums over all trees (n,) for rows (n, d)."""
        feature, limit, after = (self.arrays[name] for name in ("feature", "limit", "next"))
        roots = self.arrays["roots"]
        count, width = rows.shape
        at = np.repeat(roots[None], count, 0)
        flat, first = rows.ravel(), (np.arange(count) * width)[:, None]
        for _ in range(self.meta["depth"]):
            more = flat.take(first + feature.take(at)) > limit.take(at)
            at = after.take(2 * at + more)
        # Added tree by tree: the same sum, however many rows there are.
        return np.asarray(np.add.reduce(np.ascontiguousarray(self.arrays["value"].take(at).T), 0))

    def ratios(self, margins: Floats) -> Floats:
        """Turn margins (n,) into log-likelihood ratios (n,), nats, rounded to 1e-6."""
        found = self.meta["slope"] * margins + self.meta["offset"]
        return np.asarray(np.rint(np.clip(found, -CLIP, CLIP) * 1e6) / 1e6)

    def to_bytes(self) -> bytes:
        """Give the model as an .npz of arrays and one text."""
        kept = BytesIO()
        text = np.frombuffer(json.dumps(dict(self.meta)).encode(), dtype=np.uint8)
        named: dict[str, Any] = {**self.arrays, "meta": text}
        np.savez_compressed(kept, **named)
        return kept.getvalue()

    @classmethod
    def from_bytes(cls, kept: bytes) -> "Model":
        """Read what `to_bytes` gave.

        Raises
        ------
        TemplateError
            If it is not whole, or trees lead to places that do not exist.
        """
        try:
            with np.load(BytesIO(kept), allow_pickle=False) as found:
                arrays = {name: found[name] for name in NODES}
                meta = json.loads(found["meta"].tobytes())
            _check(arrays, meta)
        except (ValueError, KeyError, OSError, TypeError, EOFError, BadZipFile) as error:
            raise TemplateError(f"default: this is no detector's model: {error}") from None
        return cls(arrays, meta)


def _check(arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> None:
    """See that all is there and every place exists; a wrong one would be read from elsewhere."""
    if missing := [name for name in META if name not in meta]:
        raise ValueError(f"without {', '.join(missing)}")
    if any(arrays[name].dtype.kind != kind for name, kind in NODES.items()):
        raise ValueError("arrays of another type")
    nodes = len(arrays["feature"])
    sizes = {len(arrays["limit"]), len(arrays["value"]), len(arrays["next"]) // 2}
    places = np.concatenate((arrays["next"], arrays["roots"]))
    if sizes != {nodes} or places.min() < 0 or places.max() >= nodes:
        raise ValueError("trees that are not whole")
    if arrays["feature"].min() < 0 or arrays["feature"].max() >= meta["features"][1]:
        raise ValueError("trees of other features")
