"""The watch beside an injector: what a page waited for us, and what it cost."""

from collections import Counter
from time import perf_counter

from reauth.histogram import observe


class Watch:
    """Times one page, from the moment that it is made.

    Parameters
    ----------
    counters
        Of this process.
    """

    __slots__ = ("_begun", "_counters", "_spent", "_waits")

    def __init__(self, counters: Counter[str]) -> None:
        self._counters = counters
        self._begun = perf_counter()
        self._spent = 0.0
        self._waits = True

    def took(self, since: float, *, gave: bool, over: bool) -> None:
        """Take note of a piece that was handled.

        Parameters
        ----------
        since
            `perf_counter` before it.
        gave
            Whether anything went out.
        over
            Whether the rest passes as it comes.
        """
        now = perf_counter()
        self._spent += now - since
        if gave and self._waits:
            self._waits = False
            observe(self._counters, "added_ttfb_seconds", now - self._begun)
        if over:
            observe(self._counters, "inject_seconds", self._spent)
