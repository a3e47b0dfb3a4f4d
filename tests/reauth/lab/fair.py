"""Folders of generated people and programs, for the tests of what tells them apart."""

from reauth.generate.aimed import moves
from reauth.lab.bots import Asked
from tests.reauth.detect.crowd import KINDS, person, program


def write(folder, source, movements, session="s0"):
    """Write movements as one recording, a second of rest between them."""
    lines, start = ["t_ms,ev,x,y"], 0.0
    for each in movements:
        since = each.t - each.t[0] + start
        lines += [
            f"{1e3 * t:.1f},move,{x:.0f},{y:.0f}"
            for t, x, y in zip(since.tolist(), each.x.tolist(), each.y.tolist(), strict=True)
        ]
        start = float(since[-1]) + 1.0
    (folder / source).mkdir(parents=True, exist_ok=True)
    (folder / source / f"{session}.csv").write_text("\n".join(lines) + "\n", "utf-8")


def build(folder, count=15, kinds=KINDS):
    """Ten people and some programs teach, four people and the same programs are tested."""
    for side, seeds, base in (("train", range(10), 100), ("test", range(20, 24), 300)):
        for seed in seeds:
            write(folder / f"{side}-human", f"person{seed}", map(moves, person(seed, count)))
        for place, kind in enumerate(kinds):
            write(folder / f"{side}-bot", kind, program(kind, base + place, count))


def asked(folder, detector="default", seed=1, leave_out=False):
    """What is measured on the folders that `build` wrote."""
    sides = [folder / f"{side}-{who}" for side in ("test", "train") for who in ("human", "bot")]
    return Asked(*sides, detector, seed, leave_out)
