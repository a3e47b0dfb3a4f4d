"""Origins whose certificates are not what they should be, and names that lead to this machine."""

import asyncio
import datetime
import json
import re
import ssl
from contextlib import asynccontextmanager
from subprocess import PIPE

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.origin import certificates
from tests.proxy_addon.harness import House, running

DAY = datetime.timedelta(days=1)
PEM = serialization.Encoding.PEM
WORDS = re.compile(r"\b(ERR_[A-Z_]+|[A-Z_]*ERROR_[A-Z_]+)\b")


def served_with(folder, name, *hosts, days=(-1, 1), by="origins"):
    """A server's context with such a certificate, by the origins' CA, itself or nobody known."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an origin")])
    issuer, signer = subject, key
    if by == "origins":
        issuer = x509.load_pem_x509_certificate((folder / "origin-ca.pem").read_bytes()).subject
        text = (folder / "origin-ca.key").read_bytes()
        signer = serialization.load_pem_private_key(text, None)
    elif by == "nobody":
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nobody")])
        signer = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + days[0] * DAY)
        .not_valid_after(now + days[1] * DAY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(h) for h in hosts]), False)
        .sign(signer, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    plain = serialization.NoEncryption()
    file.write_bytes(
        key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, plain)
        + certificate.public_bytes(PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


async def warning(page, url):
    """The word that a browser has for why it does not open a page; "" where it does."""
    try:
        await page.goto(url)
    except Exception as error:  # each browser's driver has its own
        found = WORDS.findall(str(error))
        assert found, str(error)
        return found[0]
    return ""


async def curl(*words):
    """What curl prints."""
    process = await asyncio.create_subprocess_exec(
        "curl", "-s", "--max-time", "40", *map(str, words), stdout=PIPE
    )
    return (await process.communicate())[0]


ANSWERS = """
import json, socket, sys
_names = json.loads({names!r})
_ask = socket.getaddrinfo
def _answer(host, port, *rest, **more):
    if isinstance(host, bytes):
        host = host.decode()
    known = _names.get((host or "").encode("idna").decode())  # what goes to a name server
    if known:
        host = known.pop(0) if len(known) > 1 else known[0]
    return _ask(host, port, *rest, **more)
socket.getaddrinfo = _answer
"""
"""A resolver that answers from a list, the last for ever: what a rebinding name server does."""


@asynccontextmanager
async def proxy_that_resolves(folder, names, proxy="", rest=""):
    """A proxy of its own, on a machine where names lead where a test wants; its house, too."""
    house = House(folder)
    certificates(folder, "localhost", *(name for name in names if not name.startswith("_")))
    house.write(f'upstream_ca = "origin-ca.pem"\n{proxy}', rest)
    script = folder / "names.py"
    script.write_text(ANSWERS.format(names=json.dumps(names)))
    with running("launcher", house, script) as process:
        yield process, house
