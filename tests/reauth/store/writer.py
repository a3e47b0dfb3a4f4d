"""Writes groups until it is killed; run as a process by the crash test.

For each line on standard input, the path of a store, a child is forked that goes on writing where
the store stands and prints the number of each group that is committed.
"""

import asyncio
import os
import sys

from reauth.ports import Commit
from reauth.store import Options, open_store
from tests.rows import NOON, alarm, raw, scored, session, tabbed

KEY = bytes(range(32))
SINKS = ("one", "two")
BATCHES = 20
TAB = b"t" * 16


def group(number):
    """The group of a number: batches, the tab's and the session's state, a score, an alert."""
    first = (number - 1) * BATCHES
    return Commit(
        raw=[raw(first + place, TAB, body=os.urandom(2000)) for place in range(BATCHES)],
        tabs=[tabbed(TAB, next_seq=first + BATCHES)],
        sessions=[session(state=b"%d" % number)],
        trajectories=[scored(number)],
        alerts=[alarm(f"a{number}", of=f"s{number}", raised_at=NOON + number)],
    )


async def write(path):
    """Go on where the store stands; a number is told only once its group is durable."""
    async with open_store(f"sqlite://{path}", KEY, Options(sinks=SINKS)) as store:
        found = await store.session("anna", "10.0.0.1")
        number = int(found.state) if found else 0
        while True:
            number += 1
            await store.commit(group(number))
            os.write(1, b"%d\n" % number)


def main():
    """Fork a writer for each path; the parent tells its process id first."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os.write(1, b"pid %d\n" % os.getpid())
            asyncio.run(write(line.strip()))
        os.waitpid(child, 0)
        os.write(1, b"gone\n")


if __name__ == "__main__":
    main()
