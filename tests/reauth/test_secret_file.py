"""Secret files: nobody else may read them."""

import pytest

from reauth.errors import SettingsError
from reauth.secret_file import create_secret, read_secret


def test_a_new_secret_is_ours_alone(tmp_path):
    """Mode 0600, in a folder that is made where it is absent."""
    path = tmp_path / "state" / "key"
    create_secret(str(path), "geheim\n", "store.key_file")

    assert path.stat().st_mode & 0o777 == 0o600
    assert "geheim\n" == read_secret(str(path), "store.key_file")


def test_a_secret_is_never_overwritten(tmp_path):
    """What it guards would be lost."""
    path = tmp_path / "key"
    path.write_text("old")

    with pytest.raises(SettingsError, match=r"store\.key_file"):
        create_secret(str(path), "new", "store.key_file")
    assert "old" == path.read_text()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_secret_that_others_may_read_is_refused(tmp_path, mode):
    """The message names the setting, the file and the command that mends it, not the secret."""
    path = tmp_path / "key"
    path.write_text("geheim")
    path.chmod(mode)

    with pytest.raises(SettingsError, match=rf"store\.key_file: .*chmod 600 {path}") as error:
        read_secret(str(path), "store.key_file")
    assert "geheim" not in str(error.value)


def test_what_cannot_be_read_is_the_operators_fault(tmp_path):
    """Absent, or no text."""
    with pytest.raises(SettingsError, match="No such file"):
        read_secret(str(tmp_path / "none"), "store.key_file")
    path = tmp_path / "key"
    path.write_bytes(b"\xff\xfe")
    path.chmod(0o600)
    with pytest.raises(SettingsError, match="not text"):
        read_secret(str(path), "store.key_file")
