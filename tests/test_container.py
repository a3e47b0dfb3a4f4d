"""The container files: what they copy is there, what they start exists, nobody is root.

An image is built where there is an engine for it; here the files are read.
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from reauth.cli import parser
from reauth.settings import parse
from tests.test_house import commands

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "config" / "container"
FILE = (FOLDER / "Containerfile").read_text("utf-8")
COMPOSE = YAML(typ="safe").load((FOLDER / "compose.yaml").read_text("utf-8"))


def lines(instruction):
    """What follows an instruction, continued lines joined."""
    whole = FILE.replace("\\\n", " ")
    return [line.split(None, 1)[1] for line in whole.splitlines() if line.startswith(instruction)]


def test_what_is_copied_is_there():
    """Every source that is no stage's."""
    sources = [
        name
        for line in lines("COPY")
        if "--from" not in line
        for name in [word for word in line.split() if not word.startswith("--")][:-1]
    ]

    assert {"reauth", "proxy_addon", "observer_js", "mitm.toml"} <= set(sources)
    assert [] == [name for name in sources if not (ROOT / name).exists()]


def test_nobody_is_root_and_somebody_asks_whether_it_lives():
    """By number, as an orchestrator can check that."""
    assert ["10001:10001"] == lines("USER")
    assert "/livez" in lines("HEALTHCHECK")[0]
    assert all("python:3.13-slim" in line for line in lines("FROM"))
    assert not re.search(r"(?i)(secret|password|token)\s*=", FILE)


@pytest.mark.parametrize("name", ["serve", "proxy"])
def test_a_service_is_confined_and_starts_what_exists(name):
    """It writes to its volumes alone, and may nothing; its settings are ones that we have."""
    service = COMPOSE["services"][name]

    assert service["read_only"] and ["ALL"] == service["cap_drop"]
    assert ["no-new-privileges:true"] == service["security_opt"]
    assert f"reauth {service['command'][0]}" in commands(parser())
    parse("", name="compose", folder="/", environment=service["environment"])


@pytest.mark.skipif(shutil.which("docker") is None, reason="no docker on this machine")
def test_docker_reads_the_compose_file():
    """With its own eyes."""
    told = subprocess.run(
        ["docker", "compose", "-f", FOLDER / "compose.yaml", "config", "--quiet"],
        capture_output=True,
        check=False,
        text=True,
    )
    if "is not a docker command" in told.stderr or "unknown" in told.stderr:
        pytest.skip("this docker has no compose")
    assert (0, "") == (told.returncode, told.stderr)
