"""Readers of public sets and of folders."""

import io
import tarfile

import pytest

from reauth.errors import RecordingError
from reauth.event import Event, Kind
from reauth.lab.datasets import DATASETS, Archive, Bdc2017, Folder, open_dataset

CSV = "t_ms,ev,x,y\n0,move,1,2\n500,drag,3,4\n"
EVENTS = [Event(Kind.MOVE, 0, 0.0, 1.0, 2.0), Event(Kind.MOVE, 0, 0.5, 3.0, 4.0, 1)]


def archive(path, **files):
    """A tar.gz of a folder and these files, in order."""
    with tarfile.open(path, "w:gz") as out:
        folder = tarfile.TarInfo("set")
        folder.type = tarfile.DIRTYPE
        out.addfile(folder)
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            out.addfile(member, io.BytesIO(text.encode()))
    return path


def test_a_folder_gives_users_and_sessions_in_name_order(tmp_path):
    """Files beside the user folders are ignored; `+` in a name is a letter."""
    for name in ("b/2.csv", "b/1.csv", "+a/x.csv", "b/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(CSV)
    (tmp_path / "README.csv").write_text("not a session")

    found = list(Folder(tmp_path))

    assert [("+a", "x", EVENTS), ("b", "1", EVENTS), ("b", "2", EVENTS)] == found


def test_an_archive_is_read_where_it_lies(tmp_path):
    """`<set>/<user>/<session>.csv`; labels and the like beside them are no sessions."""
    files = {"set/labels.csv": "a,b\n", "set/u/1.csv": CSV, "set/u/notes.txt": "-"}
    path = archive(tmp_path / "set.tar.gz", **files)

    assert [("u", "1", EVENTS)] == list(Archive(path))


def test_an_archive_can_be_unpacked_into_a_folder(tmp_path):
    """Byte for byte; nothing outside the folder, whatever an archive's names say."""
    files = {"set/labels.csv": "a,b\n", "set/u/1.csv": CSV, "set/../2.csv": CSV, "set/u/n.txt": "-"}

    Archive(archive(tmp_path / "set.tar.gz", **files)).unpack(tmp_path / "to")

    assert [tmp_path / "to" / "u" / "1.csv"] == Folder(tmp_path / "to").files()
    assert [("u", "1", EVENTS)] == list(Folder(tmp_path / "to"))
    assert not (tmp_path / "2.csv").exists()


def test_a_bad_file_is_named(tmp_path):
    """File and line, so that somebody can look."""
    (tmp_path / "u").mkdir()
    (tmp_path / "u" / "1.csv").write_text(CSV + "oops\n")

    with pytest.raises(RecordingError, match=r"u/1\.csv:4"):
        list(Folder(tmp_path))
    (tmp_path / "u" / "1.csv").write_bytes(b"t_ms\xff")
    with pytest.raises(RecordingError, match=r"u/1\.csv:1"):
        list(Folder(tmp_path))


def test_slider_tracks_are_taken_back_to_their_scale(tmp_path):
    """dx is a multiple of 7, dy of 13, t is 3 k + 1: what the contest did to it."""
    line = "17 7,13,1;14,13,28; 99,9 1\n18 0,0,1; 99,9 0\n"
    path = archive(tmp_path / "bdc2017.tar.gz", **{"bdc2017/tracks.txt": line, "x/y.csv": "-"})

    found = list(Bdc2017(path))

    assert found == [
        (
            "human",
            "17",
            [Event(Kind.MOVE, 0, 0.0, 1.0, 1.0), Event(Kind.MOVE, 0, 0.009, 2.0, 1.0)],
        ),
        ("machine", "18", [Event(Kind.MOVE, 0, 0.0, 0.0, 0.0)]),
    ]


def test_a_set_is_opened_by_its_name(tmp_path):
    """Where its archive is missing the error says which one."""
    archive(tmp_path / "hbrs.tar.gz", **{"hbrs/u/1.csv": CSV})

    assert [("u", "1", EVENTS)] == list(open_dataset(tmp_path, "hbrs"))
    with pytest.raises(FileNotFoundError, match=r"sapimouse\.tar\.gz"):
        open_dataset(tmp_path, "sapimouse")


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "users", "sessions"),
    [
        ("sapimouse", 59, 118),
        ("delbot_circles", 5, 852),
        ("bdc2017", 2, 1808),
    ],
)
def test_public_sets_have_the_users_and_sessions_found_in_them(data, name, users, sessions):
    """`shared/data/README.md` counted them without this code; the big sets have another test."""
    found = [(user, session) for user, session, _ in open_dataset(data, name)]

    assert (users, sessions) == (len({user for user, _ in found}), len(found))
    assert name in DATASETS
