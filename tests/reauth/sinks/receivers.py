"""Receivers that are no code of ours, for the tests of what sinks send; they go and come back."""

import asyncio
import datetime
import ipaddress
import json
import shutil
import socket
import ssl
from pathlib import Path

import pytest
from aiohttp import web
from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

RSYSLOGD = shutil.which("rsyslogd") or shutil.which("/usr/sbin/rsyslogd")


def certified(folder):
    """A certificate for 127.0.0.1 and its key, that vouches for itself: paths of two PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "receiver.pem", folder / "receiver.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return str(certificate), str(secret)


def serving(certificate, secret):
    """A server's TLS with these files."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, secret)
    return context


def sockets():
    """What listens on this machine, as the kernel lists it, ports in hexadecimal."""
    return "".join(Path(table).read_text() for table in ("/proc/net/tcp", "/proc/net/udp"))


class Rsyslog:
    """Debian's rsyslogd on a port of its own; what it has parsed, as JSON.

    Parameters
    ----------
    transport
        udp, tcp or tls.
    """

    def __init__(self, folder, transport, port, pair=None):
        if RSYSLOGD is None:
            pytest.skip("no rsyslogd on this machine: make setup-clients")
        self.folder = folder
        self.port = port
        self.kept = folder / "kept.jsonl"
        self.process = None
        module, input_of = "imtcp", "imtcp"
        settings = ""
        if transport == "udp":
            module, input_of = "imudp", "imudp"
        elif transport == "tls":
            certificate, secret = pair
            settings = (
                'global(DefaultNetstreamDriver="ossl"'
                f' DefaultNetstreamDriverCAFile="{certificate}"'
                f' DefaultNetstreamDriverCertFile="{certificate}"'
                f' DefaultNetstreamDriverKeyFile="{secret}")\n'
            )
            module = (
                'imtcp" StreamDriver.Name="ossl" StreamDriver.Mode="1" StreamDriver.AuthMode="anon'
            )
        self.configuration = folder / "rsyslog.conf"
        self.configuration.write_text(
            f'global(workDirectory="{folder}" maxMessageSize="64k")\n{settings}'
            f'module(load="{module}")\n'
            'template(name="all" type="string" string="%jsonmesg%\\n")\n'
            f'ruleset(name="kept") {{ action(type="omfile" file="{self.kept}" template="all") }}\n'
            f'input(type="{input_of}" port="{port}" address="127.0.0.1" ruleset="kept")\n'
        )

    async def come(self):
        """Start, and wait until it listens."""
        command = [RSYSLOGD, "-n", "-f", self.configuration, "-i", self.folder / "pid"]
        silent = asyncio.subprocess.DEVNULL
        self.process = await asyncio.create_subprocess_exec(*command, stdout=silent, stderr=silent)
        port = f":{self.port:04X} "
        for _ in range(500):
            await asyncio.sleep(0.02)
            if port in sockets():
                return
        raise AssertionError("rsyslogd does not listen")

    async def go(self):
        """Stop; what it has taken is written then."""
        if self.process is not None:
            self.process.terminate()
            await self.process.wait()
            self.process = None

    async def taken(self, count):
        """What has arrived, once so many have."""
        for _ in range(500):
            found = self.kept.read_text().splitlines() if self.kept.exists() else []
            if len(found) >= count:
                break
            await asyncio.sleep(0.02)
        return [json.loads(line) for line in found]


class Strict:
    """Splunk's event collector as its reference describes it, played by aiohttp: refuses what is
    wrong, with the codes of the reference.

    Parameters
    ----------
    receipts
        Whether events are acknowledged, the second time that is asked.
    """

    def __init__(self, token, receipts=False):
        self.token = token
        self.receipts = receipts
        self.events = []
        self.asked = 0

    async def take(self, request):
        def answer(status, code, text, **more):
            return web.json_response({"text": text, "code": code, **more}, status=status)

        if request.headers.get("authorization") != f"Splunk {self.token}":
            return answer(403, 4, "Invalid token")
        channel = request.headers.get("x-splunk-request-channel")
        if self.receipts and channel is None:
            return answer(400, 10, "Data channel is missing")
        body = await request.json()
        if request.path == "/services/collector/ack":
            self.asked += 1
            return web.json_response({"acks": {str(n): self.asked > 1 for n in body["acks"]}})
        if request.path != "/services/collector/event":
            return answer(404, 404, "not found")
        if not body.get("event"):
            return answer(400, 12, "Event field is required")
        known = {"time", "host", "source", "sourcetype", "index", "event", "fields"}
        nested = any(isinstance(value, dict | list) for value in body["fields"].values())
        if nested or not set(body) <= known:
            return answer(400, 6, "Invalid data format")
        self.events.append(body)
        return answer(200, 0, "Success", **({"ackId": 0} if self.receipts else {}))


class Letters:
    """aiosmtpd, the maintained SMTP server of the people who make Mailman; TLS is asked for.

    Parameters
    ----------
    pair
        Paths of a certificate and its key.
    """

    def __init__(self, pair, port=0, smtps=False, authenticator=None):
        self.contents = []
        self.receivers = []
        self.refuse = None
        self.pair = pair
        self.port = port
        self.smtps = smtps
        self.authenticator = authenticator
        self.controller = None

    async def handle_DATA(self, server, session, envelope):
        if self.refuse:
            return self.refuse
        self.contents.append(envelope.content)
        self.receivers.append(envelope.rcpt_tos)
        return "250 kept"

    def come(self):
        """Start; HOST:PORT."""
        context = serving(*self.pair)
        tls = {"ssl_context": context} if self.smtps else {"tls_context": context}
        if not self.smtps:
            tls["require_starttls"] = True
        if self.authenticator:
            tls |= {"auth_required": True, "authenticator": self.authenticator}
            # Of a socket that is TLS from the beginning the server knows nothing.
            tls["auth_require_tls"] = not self.smtps
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port or free(), **tls)
        self.controller.start()
        self.port = self.controller.port
        return f"127.0.0.1:{self.port}"

    def go(self):
        """Stop, if it runs."""
        if self.controller is not None:
            self.controller.stop()
            self.controller = None


def free():
    """A port that nobody has, for a server that must be told one."""
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return line.getsockname()[1]
