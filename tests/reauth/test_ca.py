"""The CA's folder: what it holds, who may read it, and what survives a broken-off step."""

import os
import ssl
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from reauth import ca
from reauth.errors import CaError

NOW = datetime(2030, 1, 15, 12, 0, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ca"


def leaf(authority: ca.Authority, host: str, now: datetime) -> bytes:
    """A server certificate by `authority`, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    key_id = authority.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id.value),
            critical=False,
        )
        .sign(authority.key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)


def verifies(trusted: bytes, certificate: bytes, folder: Path, now: datetime) -> bool:
    """What openssl, a strict and foreign judge, says at `now`."""
    (folder / "trusted").write_bytes(trusted)
    (folder / "leaf").write_bytes(certificate)
    command = [
        "openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-no-CApath", "-no-CAstore",
        "-attime", str(int(now.timestamp())), "-CAfile", "trusted", "leaf",
    ]  # fmt: skip
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_a_new_ca_may_sign_servers_only_and_no_other_ca(folder: Path):
    """EC P-256, path length 0, critical constraints and uses, serverAuth, a subject key id."""
    authority = ca.create(folder, name="Example", now=NOW)
    extensions = authority.certificate.extensions
    limits = extensions.get_extension_for_class(x509.BasicConstraints)
    uses = extensions.get_extension_for_class(x509.KeyUsage)

    assert isinstance(authority.key.curve, ec.SECP256R1)
    assert (True, x509.BasicConstraints(ca=True, path_length=0)) == (limits.critical, limits.value)
    assert uses.critical and uses.value.key_cert_sign and not uses.value.digital_signature
    assert [ExtendedKeyUsageOID.SERVER_AUTH] == list(
        extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    )
    assert extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert authority.certificate.subject == authority.certificate.issuer


def test_a_ca_lives_for_a_year_at_most(folder: Path):
    """The day of backdating is part of the life."""
    certificate = ca.create(folder, now=NOW).certificate

    assert timedelta(days=365) == certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert certificate.not_valid_before_utc < NOW - timedelta(hours=14)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"days": 366}, "2 to 365 days"),
        ({"days": 1}, "2 to 365 days"),
        ({"name": ""}, "1 to 55 letters"),
        ({"name": "x" * 56}, "1 to 55 letters"),
        ({"permitted": ["exa mple.org"]}, "no DNS name"),
        ({"excluded": ["*"]}, "no DNS name"),
        ({"excluded": ["a" * 64 + ".org"]}, "no DNS name"),
    ],
)
def test_a_ca_out_of_range_is_not_made(folder: Path, changed: dict, said: str):
    """A wrong value leaves no folder behind, and the message says what is right."""
    with pytest.raises(CaError, match=said):
        ca.create(folder, **changed)

    assert not folder.exists()


def test_the_key_is_its_owners_and_the_certificate_everyones(folder: Path):
    """Whatever the umask is: 0600 and 0644; and nothing else lies in the folder."""
    before = os.umask(0o777)
    try:
        folder.mkdir(mode=0o755)
        folder.chmod(0o755)
        ca.create(folder)
    finally:
        os.umask(before)

    assert {"ca.pem", "ca.key"} == set(os.listdir(folder))
    assert (0o644, 0o600) == (mode(folder / "ca.pem"), mode(folder / "ca.key"))
    assert b"PRIVATE" not in (folder / "ca.pem").read_bytes()
    assert (folder / "ca.key").read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")


@pytest.mark.parametrize("left", ["ca.pem", "ca.key"])
def test_nothing_is_ever_overwritten(folder: Path, left: str):
    """Not even half a CA: the one file that is there stays as it is."""
    folder.mkdir()
    (folder / left).write_bytes(b"precious")

    with pytest.raises(CaError, match=f"{left} is there and was left as it is"):
        ca.create(folder)

    assert [left] == os.listdir(folder)
    assert b"precious" == (folder / left).read_bytes()


def test_of_two_who_write_at_once_the_second_is_refused(folder: Path):
    """The look before writing is a courtesy; the link that refuses is the rule."""
    folder.mkdir()
    ca._write(folder / "ca.key", b"first", 0o600)

    with pytest.raises(CaError, match="already there"):
        ca._write(folder / "ca.key", b"second", 0o600)

    assert b"first" == (folder / "ca.key").read_bytes()
    assert ["ca.key"] == os.listdir(folder)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path):
    """The world's fault is told as one line, not as a traceback."""
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(CaError, match=r"cannot write .*ca\.key"):
        ca.create(tmp_path / "file" / "ca")


def test_what_was_made_can_be_loaded(folder: Path):
    """The same certificate, and the key that belongs to it."""
    made, loaded = ca.create(folder), ca.load(folder)

    assert made.certificate == loaded.certificate
    assert made.key.private_numbers() == loaded.key.private_numbers()


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o620, 0o601])
def test_a_key_that_others_may_touch_is_refused(folder: Path, bits: int):
    """Group or world, reading or writing: refused, and the message holds the remedy."""
    ca.create(folder)
    (folder / "ca.key").chmod(bits)

    with pytest.raises(CaError, match=f"run `chmod 600 {folder / 'ca.key'}`"):
        ca.load(folder)


def key_pem(key, form=serialization.PrivateFormat.PKCS8, lock=None) -> bytes:
    lock = lock or serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, lock)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no key", "no private key in plain PEM"),
        (
            key_pem(
                ec.generate_private_key(ec.SECP256R1()),
                lock=serialization.BestAvailableEncryption(b"x"),
            ),
            "no private key in plain PEM",
        ),
        (key_pem(rsa.generate_private_key(65537, 2048)), "no elliptic-curve key"),
        (key_pem(ec.generate_private_key(ec.SECP256R1())), "is not the key of"),
    ],
    ids=["garbage", "encrypted", "rsa", "foreign"],
)
def test_a_key_that_is_none_of_ours_is_refused(folder: Path, content: bytes, said: str):
    """And never quoted: what it holds may be somebody's secret."""
    ca.create(folder)
    (folder / "ca.key").write_bytes(content)

    with pytest.raises(CaError, match=said) as caught:
        ca.load(folder)

    assert "BEGIN" not in str(caught.value)


@pytest.mark.parametrize("gone", ["ca.pem", "ca.key"])
def test_what_is_missing_is_named_with_the_next_step(folder: Path, gone: str):
    """An operator who has no CA yet is told how to make one."""
    ca.create(folder)
    (folder / gone).unlink()

    with pytest.raises(CaError, match=rf"cannot read .*{gone}.*`reauth ca create`"):
        ca.load(folder)


def test_a_certificate_that_is_none_is_refused(folder: Path):
    """A truncated file is said to be one."""
    ca.create(folder)
    (folder / "ca.pem").write_bytes(b"-----BEGIN CERTIFICATE-----")

    with pytest.raises(CaError, match="no certificate in PEM"):
        ca.show(folder)


def test_an_expired_ca_is_refused(folder: Path):
    """It would break every page; the message says how to go on."""
    ca.create(folder, days=30, now=NOW)

    assert ca.load(folder, now=NOW + timedelta(days=28))
    with pytest.raises(CaError, match=r"expired on 2030-02-13.*--finish"):
        ca.load(folder, now=NOW + timedelta(days=30))


def test_name_constraints_hold_at_a_foreign_judge(folder: Path):
    """Permitted names with all below them, save the excluded; no address at all."""
    permitted, excluded = ["*.example.org", "Bücher.example"], ["bank.example.org"]
    authority = ca.create(folder, permitted=permitted, excluded=excluded, now=NOW)
    trusted = ca.export(folder, now=NOW)
    judged = {
        host: verifies(trusted, leaf(authority, host, NOW), folder, NOW)
        for host in ("example.org", "www.example.org", "xn--bcher-kva.example",
                     "bank.example.org", "my.bank.example.org", "example.com")
    }  # fmt: skip
    constraints = authority.certificate.extensions.get_extension_for_class(x509.NameConstraints)

    assert [True, True, True, False, False, False] == list(judged.values())
    assert constraints.critical
    assert ["bank.example.org", "0.0.0.0/0", "::/0"] == ca.show(folder)["name_constraints"][
        "excluded"
    ]


def test_excluded_names_alone_leave_the_rest_open(folder: Path):
    """The usual case: everything but the bank and the clinic."""
    authority = ca.create(folder, excluded=["bank.example"], now=NOW)
    trusted = ca.export(folder, now=NOW)

    assert verifies(trusted, leaf(authority, "example.org", NOW), folder, NOW)
    assert not verifies(trusted, leaf(authority, "bank.example", NOW), folder, NOW)
    assert [] == ca.show(folder)["name_constraints"]["permitted"]


def test_show_needs_no_key_and_tells_none(folder: Path):
    """What trust stores print, and JSON through and through."""
    authority = ca.create(folder, name="Example", now=NOW)
    (folder / "ca.key").unlink()
    shown = ca.show(folder)

    assert authority.certificate.fingerprint(hashes.SHA256()).hex(":").upper() == shown["sha256"]
    assert shown["subject"].endswith("O=Example")
    assert ("2030-01-14T12:00:00+00:00", "2031-01-14T12:00:00+00:00") == (
        shown["not_before"],
        shown["not_after"],
    )
    assert (0, None, "EC secp256r1") == (
        shown["path_length"], shown["name_constraints"], shown["key"]
    )  # fmt: skip
    assert (None, []) == (shown["next"], shown["previous"])


def test_the_key_is_not_in_the_representation(folder: Path):
    """An Authority in a log line or a traceback gives nothing away."""
    assert "key" not in repr(ca.create(folder))


def test_both_exports_are_certificates_that_load(folder: Path):
    """PEM for a trust store of this machine, DER for Windows and phones; never a key."""
    ca.create(folder)
    pem, der = ca.export(folder), ca.export(folder, "der")

    assert ssl.PEM_cert_to_DER_cert(pem.decode()) == der
    assert 1 == len(ssl.create_default_context(cadata=pem.decode()).get_ca_certs())
    assert b"PRIVATE" not in pem
    with pytest.raises(CaError, match="there are pem and der"):
        ca.export(folder, "p12")


def test_a_rotation_distributes_both_and_signs_with_the_old(folder: Path):
    """Devices get the new certificate while every leaf is still by the old one."""
    old = ca.create(folder, name="Example", days=90, excluded=["bank.example"], now=NOW)
    later = NOW + timedelta(days=60)
    new = ca.rotate(folder, now=later)
    trusted = x509.load_pem_x509_certificates(ca.export(folder, now=later))
    shown = ca.show(folder)

    assert [old.certificate, new.certificate] == trusted
    assert old.certificate == ca.load(folder, now=later).certificate
    assert new.certificate == x509.load_der_x509_certificate(ca.export(folder, "der", coming=True))
    assert ["bank.example"] == shown["next"]["name_constraints"]["excluded"]
    assert shown["next"]["subject"].endswith("O=Example")
    assert shown["next"]["subject"] != shown["subject"]
    assert timedelta(days=90) == (
        new.certificate.not_valid_after_utc - new.certificate.not_valid_before_utc
    )
    assert (0o644, 0o600) == (mode(folder / "next.pem"), mode(folder / "next.key"))


def test_without_a_rotation_there_is_no_next_one(folder: Path):
    """Asking for it is answered, not guessed."""
    ca.create(folder)

    with pytest.raises(CaError, match=r"cannot read .*next\.pem"):
        ca.export(folder, "der", coming=True)
    with pytest.raises(CaError, match="no rotation is under way"):
        ca.finish(folder)


@pytest.mark.parametrize("left", ["next.pem", "next.key"])
def test_a_rotation_under_way_is_not_begun_again(folder: Path, left: str):
    """Devices may have its certificate already: it is never replaced behind their back."""
    ca.create(folder)
    ca.rotate(folder)
    for file in {"next.pem", "next.key"} - {left}:
        (folder / file).unlink()
    before = (folder / left).read_bytes()

    with pytest.raises(CaError, match=f"{left} is there: a rotation is under way"):
        ca.rotate(folder)

    assert before == (folder / left).read_bytes()


def test_a_finished_rotation_verifies_old_and_new_leaves(folder: Path):
    """No page breaks on the day: what the old CA signed is trusted until it expires."""
    old = ca.create(folder, days=90, now=NOW)
    later = NOW + timedelta(days=60)
    new = ca.rotate(folder, days=180, now=later)
    finished = ca.finish(folder, now=later)
    trusted = ca.export(folder, now=later)

    assert new.certificate == finished.certificate == ca.load(folder, now=later).certificate
    assert verifies(trusted, leaf(old, "example.org", later), folder, later)
    assert verifies(trusted, leaf(new, "example.org", later), folder, later)
    assert [old.certificate.fingerprint(hashes.SHA256()).hex(":").upper()] == [
        each["sha256"] for each in ca.show(folder)["previous"]
    ]
    assert not (folder / "next.pem").exists() and not (folder / "next.key").exists()
    assert 0o600 == mode(folder / "ca.key")


def test_an_expired_certificate_leaves_the_bundle(folder: Path):
    """First from the export, at the next rotation from the folder too."""
    ca.create(folder, days=10, now=NOW)
    ca.rotate(folder, now=NOW)
    ca.finish(folder, now=NOW)
    later = NOW + timedelta(days=20)

    assert 2 == len(x509.load_pem_x509_certificates(ca.export(folder, now=NOW)))
    assert 1 == len(x509.load_pem_x509_certificates(ca.export(folder, now=later)))

    ca.rotate(folder, now=later)
    ca.finish(folder, now=later)

    assert not (folder / "previous.pem").exists()


def test_several_rotations_keep_all_that_is_still_valid(folder: Path):
    """Two rotations within a year leave two earlier certificates, newest first."""
    generations = [ca.create(folder, now=NOW)]
    for months in (1, 2):
        later = NOW + timedelta(days=30 * months)
        generations.append(ca.rotate(folder, now=later))
        ca.finish(folder, now=later)
    trusted = x509.load_pem_x509_certificates(ca.export(folder, now=later))

    assert [each.certificate for each in reversed(generations)] == trusted


def test_finishing_goes_on_where_it_was_broken_off(folder: Path):
    """Power fails after the key was moved and before the certificate was."""
    old = ca.create(folder)
    new = ca.rotate(folder)
    ca._write(folder / "previous.pem", (folder / "ca.pem").read_bytes(), 0o644)
    (folder / "next.key").replace(folder / "ca.key")

    with pytest.raises(CaError, match=r"--finish` was broken off, run it again"):
        ca.load(folder)
    ca.finish(folder)

    assert new.certificate == ca.load(folder).certificate
    assert [old.certificate] == x509.load_pem_x509_certificates(
        (folder / "previous.pem").read_bytes()
    )


def test_a_next_certificate_without_its_key_never_signs(folder: Path):
    """The old CA stays as it was."""
    old = ca.create(folder)
    ca.rotate(folder)
    (folder / "next.key").unlink()

    with pytest.raises(CaError, match="is not the key of"):
        ca.finish(folder)

    assert old.certificate == ca.load(folder).certificate


@pytest.mark.parametrize("taken", ["previous.pem", "ca.key"])
def test_a_place_that_cannot_be_changed_is_named(folder: Path, taken: str):
    """A folder bears the file's name: said, and the certificate that signs is still the old one."""
    old = ca.create(folder)
    ca.rotate(folder)
    (folder / taken).unlink(missing_ok=True)
    (folder / taken).mkdir()

    with pytest.raises(CaError, match=rf"cannot (read|finish) .*{folder.name}"):
        ca.finish(folder)

    assert ssl.PEM_cert_to_DER_cert((folder / "ca.pem").read_text()) == (
        old.certificate.public_bytes(serialization.Encoding.DER)
    )


def test_a_certificate_by_another_authority_is_not_rotated_here(folder: Path):
    """An intermediate of the company's own PKI: only its issuer can make the next one."""
    ca.create(folder)
    other = ca.create(folder.with_name("root"), name="Root")
    ours = ca.load(folder)
    signed = (
        x509.CertificateBuilder()
        .subject_name(ours.certificate.subject)
        .issuer_name(other.certificate.subject)
        .public_key(ours.key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=300))
        .sign(other.key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))

    with pytest.raises(CaError, match="comes from another authority"):
        ca.rotate(folder)

    assert (None, None) == (ca.show(folder)["path_length"], ca.show(folder)["name_constraints"])
