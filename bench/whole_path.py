"""The whole path of one process, with thousands of moving users, against a bare aiohttp handler.

From the request to the 204: all of `bench/ingest.py`, and the movement too: cut into trajectories,
features, the score against the user's own template, the window's verdict, the rows and alerts that
follow, in the same commit. It is the shipped house on a store that holds a template for each user:
trained once on generated people, stored under every name, loaded and compared apart, so that no
two users share a cache line.
"""

import sys
import tempfile
from pathlib import Path

from rig.compare import TINY, Sizes, compare, show
from rig.report import arguments, write
from rig.rounds import Stand

WANTED = 0.2


def main() -> int:
    """Measure; exit 1 where the wanted ratio is missed."""
    options = arguments(__doc__ or "").parse_args()
    sizes = TINY if options.tiny else Sizes()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.out) as folder:
        with Stand(Path(folder), sizes.users) as stand:
            house = stand.house(sizes.users)
            figures = compare(stand.load, stand.bare(), house, sizes)
            figures["support_vectors"] = house["vectors"]
    show(figures, "whole path")
    write(options.out, "whole_path", {**figures, "wanted_ratio": WANTED})
    return 0 if options.tiny or figures["ratio"] >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
