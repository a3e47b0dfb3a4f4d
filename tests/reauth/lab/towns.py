"""Towns of generated people, as folders of recordings, and how they are evaluated."""

from pathlib import Path

import numpy as np

from reauth.installation import template_codec
from reauth.lab.evaluate import Request
from reauth.lab.method import method_of
from reauth.lab.shelf import Codec
from reauth.lab.synth import draw_person, recording
from reauth.recording import write_recording
from reauth.settings import Settings

CODEC = Codec(*template_codec())


def write_session(folder: Path, seed: int, session: int, movements: int = 60) -> Path:
    """A recording of person `seed`, under the name p<seed>."""
    file = folder / f"p{seed:02}" / f"{session}.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    person = draw_person(np.random.default_rng(seed))
    events = recording(person, movements, np.random.default_rng([seed, session]))
    file.write_text(write_recording(events), "utf-8")
    return file


def build(folder: Path, twice: int = 8, once: int = 2, movements: int = 60) -> Path:
    """So many people with two recordings, and so many more with one."""
    for seed in range(twice + once):
        for session in range(1, 3 if seed < twice else 2):
            write_session(folder, seed, session, movements)
    return folder


def request(data: Path, out: Path, **changed) -> Request:
    """An evaluation of the shipped defaults with impostors unseen."""
    given = {
        "method": method_of(Settings(), "svm", "window", 20), "windows": (5, 20, 500),
        "unseen": True, "same_class": False, "seed": 1, "jobs": 1, "codec": CODEC,
    }  # fmt: skip
    return Request(data, out, **{**given, **changed})
