"""What the pages of a session tell of the device: the pointer that presses, and the screen.

A press names its pointer, a movement none, so a movement is taken for one of the pointer that
pressed last; but a finger that is lifted moves nothing, and what follows is again of the pointer
before. Before the first press of a page nobody knows. Each page remembers its last changes with
their times, as a movement is judged after it has ended.
"""

import struct
from collections.abc import Sequence
from math import inf

from reauth.device import POINTERS, SCREENS, class_of
from reauth.event import Kind, Samples
from reauth.trajectory import Trajectory

CHANGES = 4
"""Changes of a page that are remembered: a finger down and up again, and what was before."""

PAGES = 64
"""Pages that are remembered, as many as a segmenter has open movements of."""

_TOUCH = POINTERS[2]
_SCREENS = tuple(name for name, _ in SCREENS)
_DOWN, _LIFTED = int(Kind.DOWN), (int(Kind.UP), int(Kind.CANCEL))
_COUNT = struct.Struct("<B")
_PAGE = struct.Struct("<16sB")
_TOLD = struct.Struct("<dbb")

_Told = tuple[float, str | None, str | None]
"""Since when (s), pointer, screen; None where nobody knows."""

_NOTHING: tuple[_Told] = ((-inf, None, None),)


class Pages:
    """What each page has told; small, and empty where nothing was told."""

    __slots__ = ("_pages",)

    def __init__(self) -> None:
        self._pages: dict[int, list[_Told]] = {}

    def take(self, run: Samples) -> None:
        """Take note of what a batch tells."""
        told = self._pages.get(run.page)
        if told is None:
            if run.screen is None and not run.pointers:
                return
            told = self._enter(run)
        _, pointer, screen = told[-1]
        if run.screen is not None and run.screen != screen and run.times:
            told.append((run.times[0], pointer, run.screen))
        if pointer == _TOUCH or any(_pointer(number) != pointer for number in run.pointers):
            _press(told, run)
        del told[:-CHANGES]

    def named(self, trajectory: Trajectory, before: str | None = None) -> Trajectory:
        """The trajectory with the name of its device class; `before` as `class_of` has it."""
        told: Sequence[_Told] = self._pages.get(trajectory.page, _NOTHING)
        last, end = len(told) - 1, trajectory.t[-1]
        while last and told[last][0] >= end:
            last -= 1
        _, pointer, screen = told[last]
        name = class_of(trajectory, pointer, screen, before)
        points = (trajectory.t, trajectory.x, trajectory.y, trajectory.kinds)
        return Trajectory(trajectory.page, *points, trajectory.rest, name)

    def _enter(self, run: Samples) -> list[_Told]:
        """Give a page that has told nothing a place; the one that came first makes room."""
        if len(self._pages) >= PAGES:
            del self._pages[next(iter(self._pages))]
        told = self._pages[run.page] = [(-inf, None, run.screen)]
        return told

    def to_bytes(self) -> bytes:
        """Give the state: a byte, 17 a page and 10 a change."""
        parts = [_COUNT.pack(len(self._pages))]
        for page, told in self._pages.items():
            parts.append(_PAGE.pack(page.to_bytes(16, "little"), len(told)))
            parts += [
                _TOLD.pack(since, _place(POINTERS, pointer), _place(_SCREENS, screen))
                for since, pointer, screen in told
            ]
        return b"".join(parts)

    def from_bytes(self, state: bytes) -> None:
        """Take up the state that `to_bytes` gave.

        Raises
        ------
        ValueError
            If it is not whole.
        """
        pages: dict[int, list[_Told]] = {}
        try:
            (count,), at = _COUNT.unpack_from(state), _COUNT.size
            for _ in range(count):
                page, changes = _PAGE.unpack_from(state, at)
                at += _PAGE.size
                told = pages[int.from_bytes(page, "little")] = []
                for _ in range(changes):
                    since, pointer, screen = _TOLD.unpack_from(state, at)
                    told.append((since, _named(POINTERS, pointer), _named(_SCREENS, screen)))
                    at += _TOLD.size
        except (struct.error, IndexError) as error:
            raise ValueError("what pages told is cut short") from error
        if at != len(state):
            raise ValueError("what pages told has more behind it")
        self._pages = pages


def _press(told: list[_Told], run: Samples) -> None:
    """Note the pointers of a batch's presses, and where a finger was lifted."""
    types = iter(run.pointers)
    for kind, t in zip(run.kinds, run.times, strict=True):
        _, pointer, screen = told[-1]
        if kind == _DOWN:
            number = next(types, None)
            now = pointer if number is None else _pointer(number)
        elif kind in _LIFTED and pointer == _TOUCH:
            now = next((before for _, before, _ in reversed(told) if before != _TOUCH), None)
        else:
            continue
        if now != pointer:
            told.append((t, now, screen))


def _pointer(number: int) -> str:
    return POINTERS[number] if 0 <= number < len(POINTERS) else POINTERS[-1]


def _place(names: tuple[str, ...], name: str | None) -> int:
    return -1 if name is None else names.index(name)


def _named(names: tuple[str, ...], place: int) -> str | None:
    return None if place < 0 else names[place]
