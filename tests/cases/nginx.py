"""A real nginx that serves a folder: plain, over TLS with HTTP/1.1, and over TLS with HTTP/2."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.proxy_addon.harness import free_port, until

CONFIG = """
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    types {{ text/html html; video/mp4 mp4; }}
    default_type application/octet-stream;
    large_client_header_buffers 8 64k;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    ssl_certificate {chain};
    ssl_certificate_key {chain};
    server {{
        listen 127.0.0.1:{plain};
        listen 127.0.0.1:{secure} ssl;
        listen 127.0.0.1:{second} ssl http2;
        root {folder}/files;
        location /alt {{ add_header Alt-Svc 'h3=":443"; ma=86400'; return 200 alt; }}
    }}
}}
"""


@dataclass
class Nginx:
    """Where it is."""

    files: Path
    plain: str
    secure: str
    second: str

    def put(self, name: str, size: int) -> str:
        """Make a file of zeros that takes no room; its path in a URL."""
        with (self.files / name).open("wb") as file:
            file.truncate(size)
        return f"/{name}"


@asynccontextmanager
async def nginx(folder: Path, chain: Path) -> AsyncIterator[Nginx]:
    """Start one in a folder, with the certificate chain and key of a file."""
    files = folder / "files"
    files.mkdir(parents=True)
    ports = {name: free_port() for name in ("plain", "secure", "second")}
    config = folder / "nginx.conf"
    config.write_text(CONFIG.format(folder=folder, chain=chain, **ports))
    if os.getuid() == 0:  # its worker would be somebody who may not look into our folder
        config.write_text("user root;\n" + config.read_text())
    process = await asyncio.create_subprocess_exec(
        "nginx", "-c", str(config), "-e", str(folder / "error.log"), "-p", str(folder)
    )
    try:
        file, log = folder / "pid", folder / "error.log"
        await until(lambda: process.returncode or (file.exists() and file.read_text()))
        assert process.returncode is None, log.read_text()
        schemes = {"plain": "http", "secure": "https", "second": "https"}
        yield Nginx(files, **{n: f"{schemes[n]}://127.0.0.1:{p}" for n, p in ports.items()})
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()
