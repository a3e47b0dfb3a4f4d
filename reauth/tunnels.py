"""Which clients do not trust our certificate: learnt from what all proxy processes saw, for a day.

Three refusals within ten minutes, and nobody of that kind who took it: then connections of this
kind are tunnelled. A single forged alert must not switch observation off, so neither one is enough
nor does it last. Kinds are keyed hashes of a server's name and a greeting's form: nothing is known
here of who went where.
"""

import re
from collections import deque
from collections.abc import Mapping

ENOUGH, WITHIN, LASTS = 3, 600.0, 86400.0
"""Refusals, s and s (transparency.md, 8)."""
_KEPT = 4096
_EVIDENCE = re.compile(r'tls_(failed|held)\{key="([0-9a-f]{1,64})"\}')


class Tunnels:
    """What was seen lately, and what was learnt of it.

    Examples
    --------
    >>> tunnels = Tunnels()
    >>> tunnels.note({'tls_failed{key="ab"}': 3, "others": 1}, 0.0)
    ({'others': 1}, ['ab'])
    >>> tunnels.at(0.0), tunnels.at(LASTS)
    ([['ab', 86400.0]], [])
    """

    def __init__(self) -> None:
        self._failed: dict[str, deque[float]] = {}
        self._held: dict[str, float] = {}
        self._learnt: dict[str, float] = {}

    def note(
        self, counters: Mapping[str, float], now: float
    ) -> tuple[dict[str, float], list[str]]:
        """Take what is ours from a process's counters; the rest of them, and what is learnt now."""
        rest: dict[str, float] = {}
        suspects = []
        for name, count in counters.items():
            found = _EVIDENCE.fullmatch(name)
            if found is None:
                rest[name] = count
            elif found[1] == "held":
                self._bound(self._held)
                self._held[found[2]] = now
            else:
                self._bound(self._failed)
                times = self._failed.setdefault(found[2], deque(maxlen=ENOUGH))
                times.extend([now] * min(int(count), ENOUGH))
                suspects.append(found[2])
        learnt = [key for key in suspects if self._is_enough(key, now)]
        self._learnt.update((key, now + LASTS) for key in learnt)
        return rest, learnt

    def _is_enough(self, key: str, now: float) -> bool:
        times, since = self._failed[key], now - WITHIN
        lately = len(times) == ENOUGH and times[0] > since
        return lately and self._held.get(key, since) <= since and key not in self._learnt

    @staticmethod
    def _bound(seen: dict[str, deque[float]] | dict[str, float]) -> None:
        if len(seen) >= _KEPT:
            seen.clear()

    def at(self, now: float) -> list[list[str | float]]:
        """Key and end of all that holds."""
        self._learnt = {key: until for key, until in self._learnt.items() if until > now}
        return [[key, until] for key, until in self._learnt.items()]
