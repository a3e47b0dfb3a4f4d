"""Real clients behind the real proxy, each as its manual says: what they fetch is what was sent.

Tools are no browsers: not even their HTML is changed, unless they ask as a navigation does. What a
client installs would be refused by its own checksums if a byte were added to it.
"""

import asyncio
import base64
import hashlib
import io
import json
import os
import shutil
import ssl
import subprocess
import sys
import tarfile
import zipfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
import requests
from aiohttp import web

from tests.origin import H2Origin, Origin, certificates
from tests.proxy_addon.harness import OBS, PATIENCE, House, IngestHouse, Running, ingest, running

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

CLIENTS = Path(__file__).parents[1] / "clients"
HTML = b"<!doctype html><html><head><title>T\xc3\xa9</title></head><body>tools</body></html>\n" * 50
DATA = bytes(range(256)) * 160
"""40 kB: within HTTP/2's first window, so that the origin need not wait."""
JSON = ("Content-Type", "application/json")
BACKEND = Path("/usr/lib/git-core/git-http-backend")


@dataclass
class Shop:
    """The proxy, its origins, and a home folder for clients."""

    house: House
    proxy: Running
    people: IngestHouse
    plain: Origin
    second: H2Origin
    git: int
    """The port of git's origin."""
    home: Path

    @property
    def through(self):
        """The proxy's address."""
        return f"http://127.0.0.1:{self.proxy.port}"

    @property
    def ca(self):
        """The file of the CA that a client is told to trust."""
        return self.house.folder / "state" / "ca" / "ca.pem"

    def at(self, path, origin=None):
        """The URL of something."""
        return f"https://localhost:{(origin or self.plain).port}{path}"

    def put(self, path, body, origin=None):
        """Serve something; its URL."""
        kind = "text/html; charset=utf-8" if path.endswith(".html") else "application/octet-stream"
        pieces = [body[at : at + 16_000] for at in range(0, len(body), 16_000)]
        headers = [("Content-Type", kind)]
        (origin or self.plain).put(path, *pieces, headers=headers, framing="length")
        return self.at(path, origin)

    async def run(self, *command, **environment):
        """A client's standard output; it knows nothing of this machine's settings."""
        process = await asyncio.create_subprocess_exec(
            *map(str, command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.home,
            env={"PATH": os.environ["PATH"], "HOME": str(self.home), "LC_ALL": "C.UTF-8"}
            | {name: str(value) for name, value in environment.items()},
        )
        out, told = await process.communicate()
        assert 0 == process.returncode, (out + told).decode(errors="replace")[-2000:]
        return out


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory):
    """All of it, once."""
    folder = tmp_path_factory.mktemp("shop")
    house = House(folder)
    house.write('allow_private = ["127.0.0.0/8", "::1/128"]\nupstream_ca = "origin-ca.pem"\n')
    _, context = certificates(folder, "localhost")
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(folder / "origin.pem")
    (folder / "home").mkdir()
    async with AsyncExitStack() as stack:
        people = await stack.enter_async_context(ingest(house))
        proxy = stack.enter_context(running("launcher", house))
        plain = await stack.enter_async_context(Origin(context))
        second = await stack.enter_async_context(H2Origin(own))
        git = await _git_origin(stack, folder / "git", context)
        yield Shop(house, proxy, people, plain, second, git, folder / "home")


async def _git_origin(stack, folder, context):
    """git-http-backend behind TLS, as any server runs it (RFC 3875)."""

    async def serve(request):
        process = await asyncio.create_subprocess_exec(
            BACKEND, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={
                "GIT_PROJECT_ROOT": str(folder), "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": request.path, "QUERY_STRING": request.query_string,
                "REQUEST_METHOD": request.method, "REMOTE_USER": "anna",
                "CONTENT_TYPE": request.headers.get("Content-Type", ""),
                "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
            },
        )  # fmt: skip
        out, _ = await process.communicate(await request.content.read())
        head, _, body = out.partition(b"\r\n\r\n")
        lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        status = int(lines.pop("Status", "200").split()[0])
        return web.Response(body=body, status=status, headers=lines)

    app = web.Application(client_max_size=1 << 24)
    app.router.add_route("*", "/{path:.*}", serve)
    runner = web.AppRunner(app, auto_decompress=False)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    return runner.addresses[0][1]


def needs(name):
    """Leave a test out, in sight, where a client is not on this machine."""
    return pytest.mark.skipif(shutil.which(name) is None, reason=f"{name} is not on this machine")


def _archive(files):
    """A gzipped tar file of names and bytes."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, body in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            archive.addfile(entry, io.BytesIO(body))
    return out.getvalue()


# Those who fetch one thing


@needs("curl")
@pytest.mark.parametrize("version", ["1.1", "2"])
async def test_curl_gets_what_was_sent(shop, version):
    """Over HTTP/1.1 and HTTP/2, HTML too, from an origin of the same version."""
    origin = shop.second if version == "2" else shop.plain
    for path, body in ("/page.html", HTML), ("/data", DATA):
        url = shop.put(path, body, origin)
        told = await shop.run(
            "curl", "-sS", f"--http{version}", "--proxy", shop.through, "--cacert", shop.ca,
            "-w", "%{stderr}%{http_version}", "-o", shop.home / "got", url,
        )  # fmt: skip
        assert b"" == told
        assert body == (shop.home / "got").read_bytes()


@needs("curl")
async def test_only_a_navigation_gets_the_tag(shop):
    """The same page, asked for as a browser does: all of it and our tag, so that it can be had."""
    url = shop.put("/navigated.html", HTML)
    ask = ["curl", "-sS", "--proxy", shop.through, "--cacert", shop.ca]
    plain = await shop.run(*ask, url)
    page = await shop.run(*ask, "-H", "Sec-Fetch-Dest: document", "-H", "Accept: text/html", url)
    start = page.index(f'<script src="{OBS}'.encode())
    end = page.index(b"</script>", start) + len(b"</script>")

    assert HTML == plain
    assert HTML == page[:start] + page[end:]


@needs("wget")
async def test_wget_gets_what_was_sent(shop):
    """Its proxy comes from its settings."""
    for path, body in ("/wget.html", HTML), ("/wget", DATA):
        ask = ["-q", "-O", "-", "-e", f"https_proxy={shop.through}", "-e", "use_proxy=yes"]
        out = await shop.run("wget", *ask, f"--ca-certificate={shop.ca}", shop.put(path, body))

        assert body == out


async def test_requests_gets_what_was_sent(shop):
    """Python's own trust store does not matter to it: it is told."""
    for path, body in ("/requests.html", HTML), ("/requests", DATA):
        url, proxies = shop.put(path, body), {"https": shop.through}
        answer = await asyncio.to_thread(
            requests.get, url, proxies=proxies, verify=str(shop.ca), timeout=PATIENCE
        )
        assert body == answer.content


@pytest.mark.parametrize("http2", [False, True])
async def test_httpx_gets_what_was_sent(shop, http2):
    """Over HTTP/1.1 and HTTP/2."""
    origin = shop.second if http2 else shop.plain
    trust = ssl.create_default_context(cafile=str(shop.ca))
    async with httpx.AsyncClient(proxy=shop.through, verify=trust, http2=http2) as client:
        for path, body in ("/httpx.html", HTML), ("/httpx", DATA):
            answer = await client.get(shop.put(path, body, origin), timeout=PATIENCE)

            assert ("HTTP/2" if http2 else "HTTP/1.1") == answer.http_version
            assert body == answer.content


@needs("node")
async def test_fetch_of_node_gets_what_was_sent(shop):
    """With undici, which is node's own fetch, and its agent for proxies."""
    for path, body in ("/node.html", HTML), ("/node", DATA):
        url = shop.put(path, body)
        out = await shop.run("node", CLIENTS / "fetch.mjs", shop.through, shop.ca, url)

        assert body == out


@needs("javac")
async def test_the_http_client_of_java_gets_what_was_sent(shop):
    """From an origin of HTTP/2, which it asks for by itself."""
    for path, body in ("/java.html", HTML), ("/java", DATA):
        url = shop.put(path, body, shop.second)
        source = CLIENTS / "Fetch.java"

        assert body == await shop.run("java", source, shop.proxy.port, shop.ca, url)


# Those who install, and check what they get by themselves


async def test_pip_installs_from_an_index(shop):
    """Pages of an index are HTML; the wheel bears the hash that the page promised."""
    info, code = "probe-1.0.dist-info", b"VALUE = 42\n"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as wheel:
        wheel.writestr("probe.py", code)
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: probe\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    name, body = "probe-1.0-py3-none-any.whl", out.getvalue()
    shop.put(f"/{name}", body)
    link = f'<a href="/{name}#sha256={hashlib.sha256(body).hexdigest()}">{name}</a>'
    shop.plain.put("/simple/probe/", b"<!DOCTYPE html><html><body>%s</body>" % link.encode())
    await shop.run(
        sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check", "install",
        "--quiet", "--no-deps", "--no-cache-dir", "--proxy", shop.through, "--cert", shop.ca,
        "--index-url", shop.at("/simple"), "--target", shop.home / "pip", "probe",
    )  # fmt: skip

    assert code == (shop.home / "pip" / "probe.py").read_bytes()


@needs("node")
async def test_npm_installs_from_a_registry(shop):
    """With the integrity that the registry promised."""
    code = b"module.exports = 42;\n"
    manifest = {"name": "probe", "version": "1.0.0"}
    body = _archive({
        "package/package.json": json.dumps(manifest).encode(), "package/index.js": code,
    })  # fmt: skip
    promised = base64.b64encode(hashlib.sha512(body).digest()).decode()
    dist = {"tarball": shop.put("/probe-1.0.0.tgz", body), "integrity": f"sha512-{promised}"}
    versions = {"1.0.0": {**manifest, "dist": dist}}
    package = {"name": "probe", "dist-tags": {"latest": "1.0.0"}, "versions": versions}
    shop.plain.put("/probe", json.dumps(package).encode(), headers=[JSON])
    (shop.home / "npm").mkdir()
    await shop.run(
        "node", CLIENTS / "node_modules" / "npm" / "bin" / "npm-cli.js", "install", "probe",
        "--prefix", shop.home / "npm", "--registry", shop.at("/"), "--https-proxy", shop.through,
        "--cafile", shop.ca, "--no-audit", "--no-fund", "--no-update-notifier", "--silent",
    )  # fmt: skip

    assert code == (shop.home / "npm" / "node_modules" / "probe" / "index.js").read_bytes()


@needs("apt-get")
async def test_apt_fetches_from_a_repository(shop):
    """Lists and packages, each with the hash that its list promised."""
    folder = shop.home / "apt"
    control = folder / "probe" / "DEBIAN" / "control"
    control.parent.mkdir(parents=True)
    control.write_text(
        "Package: probe\nVersion: 1\nArchitecture: all\nMaintainer: A <a@b.example>\n"
        "Description: probe\n"
    )
    await shop.run("dpkg-deb", "--build", "--root-owner-group", folder / "probe", folder / "p.deb")
    body = (folder / "p.deb").read_bytes()
    shop.put("/debian/p.deb", body)
    listed = (
        f"{control.read_text()}Filename: p.deb\nSize: {len(body)}\n"
        f"SHA256: {hashlib.sha256(body).hexdigest()}\n"
    ).encode()
    kind = (await shop.run("dpkg", "--print-architecture")).decode().strip()
    place = f"main/binary-{kind}/Packages"
    shop.put(f"/debian/dists/stable/{place}", listed)
    hashed = f"{hashlib.sha256(listed).hexdigest()} {len(listed)} {place}"
    release = f"Suite: stable\nComponents: main\nArchitectures: {kind}\nSHA256:\n {hashed}\n"
    shop.put("/debian/dists/stable/Release", release.encode())
    for name in ("lists/partial", "archives/partial", "empty"):
        (folder / name).mkdir(parents=True)
    (folder / "status").touch()
    (folder / "sources.list").write_text(f"deb [trusted=yes] {shop.at('/debian')} stable main\n")
    (folder / "apt.conf").write_text(
        f'Dir::State "{folder}"; Dir::State::status "{folder}/status"; Dir::Cache "{folder}";\n'
        f'Dir::Etc "{folder}"; Dir::Etc::Parts "{folder}/empty"; Dir::Log "{folder}";\n'
        f'Acquire::https::Proxy "{shop.through}"; Acquire::https::CaInfo "{shop.ca}";\n'
        'APT::Sandbox::User ""; Acquire::Languages "none"; Acquire::Check-Date "false";\n'
    )
    settings = {"APT_CONFIG": folder / "apt.conf"}
    await shop.run("apt-get", "-q", "update", **settings)
    await shop.run("apt-get", "-q", "download", "probe", **settings)

    assert body == next(shop.home.glob("probe_1_*.deb")).read_bytes()


@needs("git")
async def test_git_clones_and_pushes(shop):
    """What one clone pushes, another fetches: the same objects, whole."""
    repository = shop.house.folder / "git" / "probe.git"
    await shop.run("git", "init", "-q", "--bare", "-b", "main", repository)
    await shop.run("git", "-C", repository, "config", "http.receivepack", "true")
    settings = {
        "GIT_CONFIG_COUNT": 4,
        "GIT_CONFIG_KEY_0": "http.proxy", "GIT_CONFIG_VALUE_0": shop.through,
        "GIT_CONFIG_KEY_1": "http.sslCAInfo", "GIT_CONFIG_VALUE_1": shop.ca,
        "GIT_CONFIG_KEY_2": "user.name", "GIT_CONFIG_VALUE_2": "Anna",
        "GIT_CONFIG_KEY_3": "user.email", "GIT_CONFIG_VALUE_3": "anna@example.org",
    }  # fmt: skip
    url = f"https://localhost:{shop.git}/probe.git"
    one, two = shop.home / "one", shop.home / "two"
    await shop.run("git", "clone", "-q", url, one, **settings)
    (one / "page.html").write_bytes(HTML)
    (one / "data").write_bytes(DATA)
    await shop.run("git", "-C", one, "add", ".")
    await shop.run("git", "-C", one, "commit", "-q", "-m", "Both", **settings)
    await shop.run("git", "-C", one, "push", "-q", "origin", "HEAD:main", **settings)
    await shop.run("git", "clone", "-q", "-b", "main", url, two, **settings)
    await shop.run("git", "-C", two, "fsck", "--strict")

    assert (HTML, DATA) == ((two / "page.html").read_bytes(), (two / "data").read_bytes())
