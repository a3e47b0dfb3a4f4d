"""The public sets as archives of a few generated people and programs."""

import io
import tarfile

import numpy as np

from reauth.lab.synth import draw_person, recording
from reauth.recording import write_recording
from tests.reauth.detect.crowd import program
from tests.reauth.lab.fair import write

SETS = ("balabit_train", "hbrs", "sapimouse")


def _pack(path, files):
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))


def _recording(seed, movements=12):
    rng = np.random.default_rng(seed)
    return write_recording(recording(draw_person(rng), movements, rng))


def build(folder, count=4):
    """In each set so many people; the first has one recording, the others three."""
    folder.mkdir(parents=True, exist_ok=True)
    for base, name in enumerate(SETS):
        files = {
            f"{name}/u{who}/{session}.csv": _recording(100 * base + 10 * who + session)
            for who in range(count)
            for session in range(1, 4 if who else 2)
        }
        _pack(folder / f"{name}.tar.gz", files)
    circles = {"delbot_circles/circles_human_pc1/a.csv": _recording(7)}
    write(folder / "bots", "wind", program("wind", 5, 8))
    circles["delbot_circles/circles_bot_x/b.csv"] = (folder / "bots/wind/s0.csv").read_text("utf-8")
    _pack(folder / "delbot_circles.tar.gz", circles)
    track = ";".join(f"{7 * n},{13 * (n % 3)},{30 * n + 1}" for n in range(40))
    lines = [f"{n} {track}; 700,13 {label}" for n, label in ((1, 1), (2, 0), (3, 1))]
    lines.append("4 0,0,31;7,13,1; 700,13 1")  # goes back in time, as some do
    _pack(folder / "bdc2017.tar.gz", {"bdc2017/train.txt": "\n".join(lines) + "\n"})
    return folder
