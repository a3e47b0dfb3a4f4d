"""Long work in units: spread over processes, kept unit by unit, gone on with after a stop.

A job names the file that its result goes to; where that file is, the job is done. The name holds
a key of everything that the result rests on, so that a second start does what is missing and
nothing else. Processes are started afresh (spawn): what they know is what they are given.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any, Protocol, TypeVar

from threadpoolctl import threadpool_limits

from reauth.errors import ReauthError

Watch = Callable[[Iterable[Any], int, str], Iterable[Any]]
"""Goes through finished units (how many there will be, and what they are): a bar, or nothing."""


class Job(Protocol):
    """A unit of work: plain values, and where its result goes."""

    @property
    def out(self) -> Path:
        """The file whose presence says that it is done."""
        ...


J = TypeVar("J", bound=Job)


class WorkError(ReauthError):
    """A process of ours was ended from outside; what was finished is kept."""


def unwatched(items: Iterable[Any], count: int, what: str) -> Iterable[Any]:
    """Go through units without a word."""
    return items


def finished(
    jobs: Sequence[J],
    call: Callable[[J], None],
    processes: int,
    enter: tuple[Callable[..., None], tuple[Any, ...]] | None = None,
) -> Iterator[J]:
    """Do jobs, each once; yield each when its result is on disk.

    Parameters
    ----------
    jobs
        What is to be done; those whose result is there are yielded at once.
    call
        Does one, in a process of its own; an error in it ends the work.
    processes
        How many at a time, one thread each.
    enter
        What every process calls before its first job, and with what.

    Raises
    ------
    WorkError
        If a process is ended from outside, by want of memory above all.
    """
    waiting = [job for job in jobs if not job.out.exists()]
    yield from (job for job in jobs if job.out.exists())
    if not waiting:
        return
    pool = ProcessPoolExecutor(
        min(processes, len(waiting)),
        mp_context=get_context("spawn"),
        initializer=_enter,
        initargs=(enter,),
    )
    try:
        under_way = {pool.submit(call, job): job for job in waiting}
        for done in as_completed(under_way):
            done.result()
            yield under_way[done]
    except BrokenProcessPool:
        raise WorkError(
            "a process was ended from outside, perhaps for want of memory; what is done is kept: "
            "start again, with fewer --jobs"
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _enter(enter: tuple[Callable[..., None], tuple[Any, ...]] | None) -> None:
    # Ctrl-C reaches every process of a terminal; the first one cancels the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, daemon=True).start()
    threadpool_limits(1)
    if enter is not None:
        call, given = enter
        call(*given)


def _follow() -> None:
    """Go when the process that gave the work has gone, however it went: nobody waits for us."""
    parent = parent_process()
    assert parent is not None  # only those that we start come here
    parent.join()
    os._exit(1)
