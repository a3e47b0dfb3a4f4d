"""Template <-> JSON and npz, by an explicit list of types; never pickle.

A template is input from a database. What is read is what the verifier lists, float64 and finite,
in the shapes that it lists, for the versions of this code; everything else is refused.
"""

import json
import zipfile
from dataclasses import asdict, astuple, replace
from io import BytesIO
from typing import Any

import numpy as np

from reauth.errors import TemplateError
from reauth.features import FEATURE_SETS
from reauth.pace import MEDVET_RATE
from reauth.template import Drift, Quality, Template, check
from reauth.trajectory import Floats
from reauth.verify import VERIFIERS
from reauth.verify.calibrate import Shapes

FORMAT = 1

MOST_BYTES = 16 << 20
"""Unpacked; a machine of 3000 support vectors and 75 features has 2 MiB."""

_PLAIN: dict[str, tuple[type, ...]] = {
    "user": (str,),
    "feature_set": (str,),
    "feature_version": (int,),
    "verifier": (str,),
    "verifier_version": (int,),
    "version": (int,),
    "provisional": (bool,),
    "threshold": (float, int),
    "false_alarms": (float,),
    "drift": (list,),
    "pace": (float,),
    "devices": (list,),
    "n_genuine": (int,),
    "n_impostor": (int,),
    "n_background_users": (int,),
    "enrolled_at": (float, int),
    "anchor": (int,),
}
_ADDED = {"anchor": 0, "drift": [0.0, 0.158], "pace": MEDVET_RATE, "devices": list[str]()}
"""Values of templates that were stored before there were these names."""
_HELD: Shapes = {"ratio": ("scores",), "sizes": ("sessions",)}


def to_parts(template: Template) -> tuple[str, bytes]:
    """Give a template as JSON and as the bytes of an npz archive."""
    plain: dict[str, Any] = {name: getattr(template, name) for name in _PLAIN}
    plain["devices"] = list(template.devices)
    plain["drift"] = list(astuple(template.drift))
    quality = template.quality
    plain["format"] = FORMAT
    plain["quality"] = None if quality is None else [asdict(entry) for entry in quality.values()]
    held = {
        "ratio": np.concatenate((*template.held_out, np.empty(0))),
        "sizes": np.array([len(part) for part in template.held_out], dtype=np.float64),
    }
    buffer = BytesIO()
    groups = (("arrays", template.arrays), ("calibration", template.calibration), ("held", held))
    named: dict[str, Any] = {
        f"{group}.{name}": array for group, arrays in groups for name, array in arrays.items()
    }
    np.savez(buffer, **named)
    return json.dumps(plain, allow_nan=False), buffer.getvalue()


def from_parts(text: str, arrays: bytes) -> Template:
    """Read what `to_parts` gave.

    Raises
    ------
    TemplateError
        If it is anything else, or was made with other features, another verifier, or another
        version of either.
    """
    try:
        plain = {**_ADDED, **json.loads(text)}
        if plain.pop("format") != FORMAT:
            raise TemplateError(f"a template of another format than {FORMAT}")
        quality = _quality(plain.pop("quality"))
        if any(type(plain[name]) not in types for name, types in _PLAIN.items()):
            raise TypeError("a value of another type")
        plain["devices"] = tuple(map(str, plain["devices"]))
        plain["drift"] = Drift(*map(float, plain["drift"]))
        template = Template(**plain, quality=quality, arrays={}, calibration={}, held_out=())
        features, verifier = FEATURE_SETS[template.feature_set], VERIFIERS[template.verifier]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise TemplateError("a template whose plain part is not as listed") from error
    check(template, features, verifier)
    expected = {"arrays": verifier.arrays, "calibration": verifier.calibration, "held": _HELD}
    found = _arrays(arrays, expected)
    held = found["held"]
    sizes = held["sizes"].astype(int)
    if (sizes < 0).any() or sizes.sum() != len(held["ratio"]):
        raise TemplateError("a template whose held-out scores are not as counted")
    return replace(
        template,
        arrays=found["arrays"],
        calibration=found["calibration"],
        held_out=tuple(np.split(held["ratio"], np.cumsum(sizes)))[: len(sizes)],
    )


def _quality(entries: list[dict[str, Any]] | None) -> dict[int, Quality] | None:
    if entries is None:
        return None
    pairs = ("far_ci", "frr_ci")
    found = [
        Quality(**{**entry, **{name: entry[name] and tuple(entry[name]) for name in pairs}})
        for entry in entries
    ]
    return {entry.window: entry for entry in found}


def _arrays(data: bytes, expected: dict[str, Shapes]) -> dict[str, dict[str, Floats]]:
    """Read exactly the arrays that are expected, by group and name."""
    names = {f"{group}.{name}" for group, shapes in expected.items() for name in shapes}
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            if sum(item.file_size for item in archive.infolist()) > MOST_BYTES:
                raise TemplateError("a template that is larger than any that we make")
            if sorted(archive.namelist()) != sorted(f"{name}.npy" for name in names):
                raise TemplateError("a template whose arrays are not those listed")
        with np.load(BytesIO(data), allow_pickle=False) as file:
            found = {
                group: {name: file[f"{group}.{name}"] for name in shapes}
                for group, shapes in expected.items()
            }
    except TemplateError:
        raise
    except Exception as error:
        # zipfile, zlib and numpy's parser of headers raise a dozen types for damaged bytes.
        raise TemplateError("a template whose arrays cannot be read") from error
    for group, shapes in expected.items():
        _check_shapes(found[group], shapes)
    return found


def _check_shapes(arrays: dict[str, Floats], shapes: Shapes) -> None:
    sizes: dict[str, int] = {"one": 1}
    for name, dimensions in shapes.items():
        array = arrays[name]
        if array.dtype != np.float64 or array.ndim != len(dimensions):
            raise TemplateError(f"a template whose array {name} is of another type")
        if not np.isfinite(array).all():
            raise TemplateError(f"a template whose array {name} is not finite")
        for dimension, size in zip(dimensions, array.shape, strict=True):
            if sizes.setdefault(dimension, size) != size:
                raise TemplateError(f"a template whose array {name} is of another shape")
