"""Readers of public sets and of anybody's own folders.

Most sets are recordings `<user>/<session>.csv`, in a folder or as they lie in an archive; one
class reads each form, and every set that is anything else has its own.
"""

import tarfile
from collections.abc import Callable, Iterator, Mapping
from io import TextIOWrapper
from pathlib import Path
from typing import IO

from reauth.event import Event, Kind
from reauth.lab import Dataset
from reauth.recording import read_recording


class Folder:
    """A folder of `<user>/<session>.csv`; files beside the user folders are ignored.

    Parameters
    ----------
    path
        The folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __iter__(self) -> Iterator[tuple[str, str, list[Event]]]:
        """Yield (user, session, events), both in name order.

        Raises
        ------
        RecordingError
            If a file breaks the format.
        """
        for file in self.files():
            yield file.parent.name, file.stem, read_file(file)

    def files(self) -> list[Path]:
        """Give the recordings' paths, in the same order, without opening any."""
        return sorted(self._path.glob("*/*.csv"), key=lambda file: file.parts[-2:])


def read_file(file: Path) -> list[Event]:
    """Read one recording of a folder.

    Raises
    ------
    RecordingError
        If it breaks the format.
    """
    name = f"{file.parent.name}/{file.name}"
    with file.open(newline="", encoding="utf-8-sig") as lines:
        return read_recording(lines, name).events


class Archive:
    """A `.tar.gz` of `<set>/<user>/<session>.csv`, read as it lies; nothing is unpacked.

    The sets in `shared/data` are packed in name order, so that reading once is enough.

    Parameters
    ----------
    path
        The archive.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __iter__(self) -> Iterator[tuple[str, str, list[Event]]]:
        """Yield (user, session, events) in the archive's order.

        Raises
        ------
        RecordingError
            If a file breaks the format.
        """
        for name, lines in _members(self._path):
            parts = name.split("/")
            if len(parts) == 3 and name.endswith(".csv"):
                yield parts[1], parts[2][:-4], read_recording(lines, name).events


    def unpack(self, folder: Path) -> None:
        """Write the recordings as `<user>/<session>.csv` into a folder, byte for byte."""
        with tarfile.open(self._path, "r:gz") as archive:
            for member in archive:
                file, parts = archive.extractfile(member), Path(member.name).parts
                if file is None or len(parts) != 3 or parts[2][-4:] != ".csv" or ".." in parts:
                    continue
                place = folder / parts[1] / parts[2]
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(file.read())


class Bdc2017:
    """Slider tracks of the 2017 BDC contest, people (`human`) and programs (`machine`).

    The contest scaled what it published: inside a track all dx are multiples of 7, all dy of 13,
    all t are 3 k + 1. Here they are taken back to x / 7 px, y / 13 px, (t - 1) / 3 ms, which
    makes 9 ms the median step. The target of a slide is left out.

    Parameters
    ----------
    path
        `bdc2017.tar.gz`.

    References
    ----------
    Lu et al. 2021 use this set; the scale is `shared/data/README.md`'s, checked on every track.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __iter__(self) -> Iterator[tuple[str, str, list[Event]]]:
        """Yield ("human" or "machine", the track's id, events)."""
        for name, lines in _members(self._path):
            if name.endswith(".txt"):
                yield from map(_track, lines)


DATASETS: Mapping[str, Callable[[Path], Dataset]] = {
    "balabit_test": Archive,
    "balabit_train": Archive,
    "bdc2017": Bdc2017,
    "delbot_circles": Archive,
    "hbrs": Archive,
    "sapimouse": Archive,
}
"""Public sets by name: what reads the archive `<name>.tar.gz`."""


def open_dataset(folder: Path, name: str) -> Dataset:
    """Open a public set among the archives of a folder.

    Raises
    ------
    FileNotFoundError
        If its archive is not there.
    KeyError
        If no set has this name.
    """
    path = folder / f"{name}.tar.gz"
    reader = DATASETS[name]
    if not path.exists():
        raise FileNotFoundError(f"{path.name} is not in {folder}")
    return reader(path)


def _members(path: Path) -> Iterator[tuple[str, IO[str]]]:
    """Yield each file of an archive as text, in one pass."""
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            file = archive.extractfile(member)
            if file is not None:
                yield member.name, TextIOWrapper(file, encoding="utf-8", newline="")


def _track(line: str) -> tuple[str, str, list[Event]]:
    name, points, _, label = line.split()
    events = []
    for point in points.rstrip(";").split(";"):
        x, y, t = map(float, point.split(","))
        events.append(Event(Kind.MOVE, 0, (t - 1) / 3000, x / 7, y / 13))
    return ("human" if label == "1" else "machine"), name, events
