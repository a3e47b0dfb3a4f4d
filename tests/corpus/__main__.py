"""Replay a corpus: `python -m tests.corpus [FOLDER]`; without a folder, pages of our own."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.corpus.pages import generated
from tests.corpus.replay import Replay, read, write


def main() -> int:
    """Send every page; 1 where one did not arrive as it was sent."""
    parser = argparse.ArgumentParser(prog="make corpus", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="of HTML files; else some are made")
    parser.add_argument("--out", type=Path, default=Path("out/corpus"), help="where those are kept")
    parser.add_argument("--count", type=int, default=600, help="how many are made")
    parser.add_argument("--rounds", type=int, default=2, help="how often each page is sent")
    parser.add_argument("--seed", type=int, default=1, help="of all that is drawn")
    parser.add_argument("--browser", action="store_true", help="show each in a real Chromium too")
    asked = parser.parse_args()
    if asked.folder is None:
        pages = generated(asked.count, asked.seed)
        write(pages, asked.out)
    elif asked.folder.is_dir():
        pages = read(asked.folder)
    else:
        parser.error(f"{asked.folder} is no folder")
    if not pages:
        parser.error(f"{asked.folder} holds no page: .html, .htm, .xhtml or .xht")
    with tempfile.TemporaryDirectory() as folder:
        replay = Replay(pages, asked.rounds, asked.seed)
        quiet = not sys.stderr.isatty()
        result = asyncio.run(replay.run(Path(folder), asked.browser, quiet))
    print(result)
    return int(bool(result.faults))


if __name__ == "__main__":
    sys.exit(main())
