"""The proxies that are compared, each a process on one core in a folder of its own.

`ours` is the launcher with one process, as shipped but for what a bench needs: origins on loopback
may be reached, and their certificate is trusted. Stock is mitmproxy's own mitmdump of the same
installation.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from reauth.installation import ensure_ca, ensure_keys, ensure_state
from reauth.settings import parse
from rig.origin import (
    Site,
    free_port,
    nginx_command,
    started,
    substituting,
    wait_for,
)

TAG = (
    '<script src="/obs/0123456789abcdef/observer.1.js" integrity="sha256-'
    + "A" * 44
    + '" crossorigin=anonymous data-k='
    + "k" * 44
    + "></script>"
)
"""As long as ours; quotes that nginx's settings can hold."""
_OURS = """
[state]
path = "state"
[ingest]
listen = "{ingest}"
[proxy]
listen = "127.0.0.1:0"
processes = 1
allow_private = ["127.0.0.0/8"]
upstream_ca = "{ca}"
compress = {compress}
"""
_MITMDUMP = "from mitmproxy.tools.main import mitmdump; mitmdump()"
_SQUID = """
http_port 127.0.0.1:{port}
http_access allow all
cache deny all
access_log none
cache_log /dev/null
cache_store_log none
pid_filename none
workers 1
memory_cache_shared off
shutdown_lifetime 0 seconds
cache_effective_user nobody
"""
_BENCH = Path(__file__).parents[1]


@dataclass
class Proxy:
    """One that accepts.

    Parameters
    ----------
    url
        Its address.
    ca
        PEM file of who signs the certificates that it shows.
    forward
        Whether it is asked for other sites' addresses; else it stands for the site.
    folder
        What it keeps.
    """

    url: str
    process: "subprocess.Popen[bytes]"
    ca: str = ""
    forward: bool = True
    folder: Path = field(default_factory=Path)

    def _tree(self) -> list[psutil.Process]:
        first = psutil.Process(self.process.pid)
        return [first, *first.children(recursive=True)]

    def used(self) -> float:
        """s of processor time that it and its children have had."""
        times = [one.cpu_times() for one in self._tree()]
        return sum(one.user + one.system for one in times)

    def forget_peak(self) -> None:
        """Begin to count the largest resident memory anew."""
        for one in self._tree():
            Path(f"/proc/{one.pid}/clear_refs").write_text("5")

    def peak_mb(self) -> float:
        """The largest resident memory since, of the largest of its processes."""
        texts = [Path(f"/proc/{one.pid}/status").read_text("utf-8") for one in self._tree()]
        peaks = [line.split()[1] for text in texts for line in text.split("\n") if "VmHWM" in line]
        return max(int(peak) for peak in peaks) / 1024


class Stand:
    """Starts proxies by the name of their kind, and ends them.

    Parameters
    ----------
    folder
        For what they keep.
    core
        That they run on; `other` is that of everything else.
    peer
        The program built of `peer.go`.
    """

    def __init__(self, folder: Path, site: Site, core: int, other: int, peer: Path) -> None:
        self._folder = folder
        self._site = site
        self._core = core
        self._other = other
        self._peer = peer
        self._count = 0
        self._tag = folder / "tag"
        self._tag.write_text(TAG)

    @contextmanager
    def start(self, kind: str) -> Iterator[Proxy]:
        """One of a kind, in a folder that nobody has used."""
        self._count += 1
        folder = self._folder / f"{kind}-{self._count}"
        with ExitStack() as stack:
            yield getattr(self, f"_{kind}")(folder, stack)

    @staticmethod
    def missing(kind: str) -> str:
        """What must be installed for a kind, "" if nothing."""
        needs = {"squid": "squid", "nginx": "nginx", "go": "go"}
        needed = needs.get(kind.split("_", maxsplit=1)[0], "")
        return needed if needed and shutil.which(needed) is None else ""

    def _ours(
        self, folder: Path, stack: ExitStack, *, compress: bool = False, ingest: str = "unix:i"
    ) -> Proxy:
        folder.mkdir(exist_ok=True)
        config = folder / "mitm.toml"
        named = {"ca": self._site.ca, "compress": str(compress).lower(), "ingest": ingest}
        config.write_text(_OURS.format(**named))
        settings = parse(config.read_text(), name="bench", folder=str(folder))
        ensure_state(settings)
        ensure_keys(settings)
        ca = ensure_ca(settings) / "ca.pem"
        command = [sys.executable, "-m", "proxy_addon", "--config", str(config)]
        process = stack.enter_context(started(command, self._core))
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["proxy"]
        return Proxy(url, process, str(ca), folder=folder)

    def _ours_gzip(self, folder: Path, stack: ExitStack) -> Proxy:
        return self._ours(folder, stack, compress=True)

    def _ours_durable(self, folder: Path, stack: ExitStack) -> Proxy:
        """Ours before a real ingest with a real store, which share its keys."""
        command = [sys.executable, "-m", "rig.serve", "open", str(folder)]
        server = self._server(command, stack)
        return self._ours(folder, stack, ingest=f"127.0.0.1:{server}")

    def _mitmdump(self, folder: Path, stack: ExitStack, kind: str = "", server: int = 0) -> Proxy:
        folder.mkdir(exist_ok=True)
        port = free_port()
        options = {
            "confdir": folder,
            "listen_host": "127.0.0.1",
            "listen_port": port,
            "ssl_verify_upstream_trusted_ca": self._site.ca,
        }
        given = [f"--set={name}={value}" for name, value in options.items()]
        if kind:
            given += ["-s", str(_BENCH / "rig" / "baselines.py")]
        environment = {
            "BASELINE": kind, "BASELINE_PORT": str(server), "BASELINE_TAG": str(self._tag)
        }  # fmt: skip
        command = [sys.executable, "-c", _MITMDUMP, "-q", *given]
        process = stack.enter_context(started(command, self._core, **environment))
        wait_for(port, process)
        ca = str(folder / "mitmproxy-ca-cert.pem")
        return Proxy(f"http://127.0.0.1:{port}", process, ca, folder=folder)

    def _stock(self, folder: Path, stack: ExitStack) -> Proxy:
        return self._mitmdump(folder, stack)

    def _streamed(self, folder: Path, stack: ExitStack) -> Proxy:
        return self._mitmdump(folder, stack, "streamed")

    def _naive(self, folder: Path, stack: ExitStack) -> Proxy:
        return self._mitmdump(folder, stack, "naive")

    def _rewritten(self, folder: Path, stack: ExitStack) -> Proxy:
        command = [sys.executable, "-m", "rig.serve", "bare", str(folder / "bare")]
        return self._mitmdump(folder, stack, "rewritten", self._server(command, stack))

    def _server(self, command: list[str], stack: ExitStack) -> int:
        """One of the ingest's benches, on the other core; its port."""
        process = subprocess.Popen(
            ["taskset", "--cpu-list", str(self._other), *command],
            cwd=_BENCH,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        stack.callback(process.wait, 60)
        assert process.stdin is not None
        assert process.stdout is not None
        stack.callback(process.stdin.close)
        return int(json.loads(process.stdout.readline())["port"])

    def _squid(self, folder: Path, stack: ExitStack) -> Proxy:
        folder.mkdir(exist_ok=True)
        port = free_port()
        config = folder / "squid.conf"
        config.write_text(_SQUID.format(port=port))
        command = ["squid", "-n", f"bench{port}", "-N", "-f", str(config)]
        process = stack.enter_context(started(command, self._core))
        wait_for(port, process)
        return Proxy(f"http://127.0.0.1:{port}", process, folder=folder)

    def _reverse(self, folder: Path, stack: ExitStack, tag: str, packed: bool) -> Proxy:
        port, plain = free_port(), int(self._site.plain.rpartition(":")[2])
        config = substituting(folder, plain, port, tag, packed)
        process = stack.enter_context(started(nginx_command(config), self._core))
        wait_for(port, process)
        return Proxy(f"http://127.0.0.1:{port}", process, forward=False, folder=folder)

    def _nginx(self, folder: Path, stack: ExitStack) -> Proxy:
        return self._reverse(folder, stack, "", False)

    def _nginx_tag(self, folder: Path, stack: ExitStack) -> Proxy:
        return self._reverse(folder, stack, TAG.replace("'", ""), False)

    def _nginx_tag_gzip(self, folder: Path, stack: ExitStack) -> Proxy:
        return self._reverse(folder, stack, TAG.replace("'", ""), True)

    def _library(self, folder: Path, stack: ExitStack, out: str) -> Proxy:
        port = free_port()
        listen, tag = f"-listen=127.0.0.1:{port}", f"-tag={self._tag}"
        command = [str(self._peer), listen, tag, f"-out={out}"]
        process = stack.enter_context(started(command, self._core, GOMAXPROCS="1"))
        wait_for(port, process)
        return Proxy(f"http://127.0.0.1:{port}", process, folder=folder)

    def _go(self, folder: Path, stack: ExitStack) -> Proxy:
        return self._library(folder, stack, "pass")

    def _go_identity(self, folder: Path, stack: ExitStack) -> Proxy:
        return self._library(folder, stack, "identity")

    def _go_gzip(self, folder: Path, stack: ExitStack) -> Proxy:
        return self._library(folder, stack, "gzip")
