"""Durable ingest against a bare aiohttp handler: batches a second, and how soon the 204 comes.

Durable ingest is all that happens to a batch between its request and its 204, but for what looks
at its movement: HTTP, the seal and the claim, admission, the queue, decoding, repeated and missing
numbers, the clock, the session it belongs to, encryption at rest, the commit of the day file, the
commit of the main file with `synchronous = FULL`, the answer. It is the shipped house
(`reauth.app.house`), whose sessions have no lane; `bench/whole_path.py` has the lane too.

The bare handler reads the body and answers 204. Both run on asyncio's own loop, pinned to one
core; the load generator is a process on another (`bench/rig/load.py`).
"""

import sys
import tempfile
from pathlib import Path

from rig.compare import TINY, Sizes, compare, show
from rig.report import arguments, write
from rig.rounds import Stand

WANTED = 0.35


def main() -> int:
    """Measure; exit 1 where the wanted ratio is missed."""
    options = arguments(__doc__ or "").parse_args()
    sizes = TINY if options.tiny else Sizes()
    options.out.mkdir(parents=True, exist_ok=True)
    # Beside the results and not in /tmp, which may be memory: a commit must meet a disk.
    with tempfile.TemporaryDirectory(dir=options.out) as folder:
        with Stand(Path(folder), sizes.users) as stand:
            figures = compare(stand.load, stand.bare(), stand.ingest(), sizes)
    show(figures, "durable")
    write(options.out, "ingest", {**figures, "wanted_ratio": WANTED})
    return 0 if options.tiny or figures["ratio"] >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
