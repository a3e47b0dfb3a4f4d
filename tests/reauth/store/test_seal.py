"""Encryption at rest: nothing opens with another key, in another place, or changed."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reauth.errors import SettingsError, StoreError
from reauth.store import seal
from reauth.store.seal import Sealer, create_key, read_key

KEY = bytes(range(32))


@given(st.text(max_size=8), st.binary(max_size=16), st.binary(max_size=400))
def test_what_was_sealed_opens(purpose, row, text):
    """For its purpose and row; by a later opening of the store too."""
    blob = Sealer(KEY).seal(purpose, row, text)

    assert text == Sealer(KEY).open(purpose, row, blob)


@given(st.binary(min_size=1, max_size=40), st.data())
def test_a_changed_blob_does_not_open(text, data):
    """Whatever bit was changed."""
    sealer = Sealer(KEY)
    blob = bytearray(sealer.seal("raw", b"1", text))
    place = data.draw(st.integers(0, len(blob) - 1))
    blob[place] ^= 1 << data.draw(st.integers(0, 7))

    with pytest.raises(StoreError):
        sealer.open("raw", b"1", bytes(blob))


@given(st.binary(max_size=80))
def test_any_bytes_are_refused(blob):
    """A row that was never sealed."""
    with pytest.raises(StoreError):
        Sealer(KEY).open("raw", b"1", blob)


def test_a_blob_belongs_to_its_row_and_purpose():
    """Nobody can put one user's template in another's place."""
    sealer = Sealer(KEY)
    blob = sealer.seal("template", b"anna\x001", b"secret")

    for purpose, row in (("template", b"berta\x001"), ("session", b"anna\x001")):
        with pytest.raises(StoreError, match=purpose):
            sealer.open(purpose, row, blob)


def test_another_key_does_not_open():
    """Nor no key."""
    blob = Sealer(KEY).seal("raw", b"1", b"secret")

    with pytest.raises(StoreError, match="another key"):
        Sealer(bytes(32)).open("raw", b"1", blob)
    with pytest.raises(StoreError, match="encrypted"):
        Sealer(None).open("raw", b"1", blob)


def test_a_row_in_the_clear_is_refused_where_there_is_a_key():
    """Or whoever can write to the file could put in what he likes."""
    blob = Sealer(None).seal("template", b"anna", b"forged")

    assert b"forged" == Sealer(None).open("template", b"anna", blob)
    with pytest.raises(StoreError, match="not sealed"):
        Sealer(KEY).open("template", b"anna", blob)


def test_no_nonce_is_used_twice():
    """Each blob has a number of its own, each opening a salt of its own."""
    sealers = [Sealer(KEY), Sealer(KEY)]
    heads = {sealer.seal("raw", b"1", b"")[:25] for sealer in sealers for _ in range(100)}

    assert 200 == len(heads)


def test_memory_for_keys_is_bounded(monkeypatch):
    """However many openings a store has seen, all of their blobs open."""
    monkeypatch.setattr(seal, "_KNOWN_SALTS", 3)
    blobs = [Sealer(KEY).seal("raw", b"1", b"%d" % n) for n in range(7)]
    sealer = Sealer(KEY)

    assert [b"%d" % n for n in range(7)] == [sealer.open("raw", b"1", blob) for blob in blobs]
    assert len(sealer._ciphers) <= 3


def test_a_key_of_another_length_is_a_bug():
    """Key files are checked where they are read."""
    with pytest.raises(ValueError, match="32 bytes"):
        Sealer(b"short")


def test_a_new_key_is_read_back(tmp_path):
    """Two installations never share one."""
    made = [create_key(str(tmp_path / name)) for name in ("a", "b")]

    assert made == [read_key(str(tmp_path / name)) for name in ("a", "b")]
    assert made[0] != made[1]
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", [KEY.hex(), KEY.hex() + "\n", base64.b64encode(KEY).decode()])
def test_base64_and_hexadecimal_are_read(tmp_path, text):
    """Whatever the operator's tool makes."""
    path = tmp_path / "key"
    path.write_text(text)
    path.chmod(0o600)

    assert KEY == read_key(str(path))


@pytest.mark.parametrize("text", ["", "geheim", KEY.hex()[2:], "z" * 64, "AAAA"])
def test_anything_else_is_no_key(tmp_path, text):
    """The message names setting and file, never what stands in it."""
    path = tmp_path / "key"
    path.write_text(text)
    path.chmod(0o600)

    with pytest.raises(SettingsError, match=r"store\.key_file: .* 32 bytes") as error:
        read_key(str(path))
    assert not text or text not in str(error.value)


def test_a_key_that_others_may_read_is_refused(tmp_path):
    """With the command that mends it."""
    create_key(str(tmp_path / "key"))
    (tmp_path / "key").chmod(0o640)

    with pytest.raises(SettingsError, match="chmod 600"):
        read_key(str(tmp_path / "key"))
