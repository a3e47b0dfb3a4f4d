"""`reauth ca`: from nothing to a rotated CA by commands alone; never a key in any output."""

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding


def test_a_ca_is_made_shown_and_given_away(place):
    """One fingerprint in all of it."""
    made = place.type("ca", "create", "--permit", "example.org", "--days", 30)
    shown = place.type("ca", "show", "--json").json
    out = place.folder / "out.pem"
    given = place.type("ca", "export", "--out", out)

    assert 0 == made.code
    assert f"SHA-256      {shown['sha256']}" in made.out
    assert "permitted    example.org" in made.out
    assert {"permitted": ["example.org"]}.items() <= shown["name_constraints"].items()
    assert (0, "") == (given.code, given.out)
    assert "PRIVATE" not in out.read_text("ascii")
    certificate = x509.load_pem_x509_certificate(out.read_bytes())
    assert shown["subject"] == certificate.subject.rfc4514_string()


def test_der_is_one_certificate(place):
    """As phones take it."""
    place.type("ca", "create")
    pem, der = place.folder / "out.pem", place.folder / "out.der"
    place.type("ca", "export", "--out", pem)
    place.type("ca", "export", "--form", "der", "--out", der)

    [certificate] = x509.load_pem_x509_certificates(pem.read_bytes())
    assert certificate.public_bytes(Encoding.DER) == der.read_bytes()


def test_a_rotation_overlaps(place):
    """While it lasts both are given away; afterwards the new one signs, the old one is trusted."""
    place.type("ca", "create")
    old = place.type("ca", "show", "--json").json["sha256"]

    said = place.type("ca", "rotate")
    coming = place.type("ca", "show", "--json").json["next"]["sha256"]
    assert "ca rotate --finish" in said.out
    assert f"next: {coming}" in place.type("ca", "show").out
    bundle = place.folder / "both.pem"
    place.type("ca", "export", "--out", bundle)
    assert 2 == len(x509.load_pem_x509_certificates(bundle.read_bytes()))

    assert 0 == place.type("ca", "rotate", "--finish").code
    now = place.type("ca", "show", "--json").json
    assert (coming, None) == (now["sha256"], now["next"])
    assert [old] == [one["sha256"] for one in now["previous"]]
    assert f"previous: {old}" in place.type("ca", "show").out


def test_what_cannot_be_done_says_why(place):
    """One line, exit code 1."""
    for words, why in (
        (("show",), "reauth ca create"),
        (("rotate",), "reauth ca create"),
        (("create", "--days", 0), "to 365 days"),
    ):
        said = place.type("ca", *words)
        assert 1 == said.code
        assert why in said.err
    place.type("ca", "create")
    assert "was left as it is" in place.type("ca", "create").err
    nowhere = Path("/nonexistent/ca.pem")
    assert "cannot write /nonexistent/ca.pem" in place.type("ca", "export", "--out", nowhere).err


def test_standard_output_takes_the_certificate(place):
    """For a pipe."""
    place.type("ca", "create")

    said = place.type("ca", "export")

    assert (0, True) == (said.code, said.out.startswith("-----BEGIN CERTIFICATE-----"))
