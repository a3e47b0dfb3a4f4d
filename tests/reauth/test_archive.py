"""Rules of the archive's format: what is sealed opens for its passphrase and its manifest alone."""

import pytest

from reauth.archive import SECRET, ArchiveError, read_passphrase, seal, unseal
from reauth.errors import SettingsError

PASSPHRASE = "correct horse battery"
TOLD = {"format": 1, "files": {"store.db": {"sha256": "00"}}}
SECRETS = {"keys.json": b"precious", "ca/ca.key": bytes(range(256))}


def test_what_is_sealed_opens_again():
    """And says nothing before."""
    blob, how = seal(SECRETS, PASSPHRASE, TOLD)

    assert SECRETS == unseal(blob, PASSPHRASE, TOLD, how)
    assert b"precious" not in blob


@pytest.mark.parametrize("wrong", ["passphrase", "manifest", "blob", "salt"])
def test_nothing_else_opens_it(wrong):
    """A database that was exchanged changes the manifest, and so the seal."""
    blob, how = seal(SECRETS, PASSPHRASE, TOLD)
    passphrase, told = PASSPHRASE, TOLD
    if wrong == "passphrase":
        passphrase += "!"
    elif wrong == "manifest":
        told = {"format": 1, "files": {"store.db": {"sha256": "01"}}}
    elif wrong == "blob":
        blob = blob[:-1] + bytes([blob[-1] ^ 1])
    else:
        how = {**how, "salt": "00" * 16}

    with pytest.raises(ArchiveError, match="do not open"):
        unseal(blob, passphrase, told, how)


def test_a_cheap_key_is_not_even_tried():
    """Who may write the manifest may not choose how long guessing takes, nor our memory."""
    blob, how = seal(SECRETS, PASSPHRASE, TOLD)

    with pytest.raises(ArchiveError, match="does not know"):
        unseal(blob, PASSPHRASE, TOLD, {**how, "n": 1 << 30})


@pytest.mark.parametrize("name", ["/etc/passwd", "../up", "a/../b", ".hidden", "", "a//b", "a\n"])
def test_a_name_leads_nowhere_else(name):
    """What an archive names lies below the state."""
    assert SECRET.fullmatch(name) is None


def test_a_passphrase_is_long_and_nobody_elses(tmp_path):
    """As any secret file."""
    file = tmp_path / "passphrase"
    file.write_text("short\n", "ascii")
    file.chmod(0o600)
    with pytest.raises(SettingsError, match="fewer than 12"):
        read_passphrase(str(file))
    file.write_text(f"{PASSPHRASE}\n", "ascii")
    assert PASSPHRASE == read_passphrase(str(file))
    file.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        read_passphrase(str(file))
