"""`reauth bot`: what is typed, and what it answers when asked wrongly."""

import asyncio
import json
import sys
from subprocess import PIPE

import matplotlib.font_manager  # noqa: F401 - who needs its fonts first is told to wait
import pytest

from reauth.demo.site import running_site
from reauth.lab.datasets import Folder
from tests.reauth.lab.towns import build, write_session


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    return build(tmp_path_factory.mktemp("people"), twice=1, once=2, movements=25)


def test_a_benchmark_is_a_folder_for_the_laboratory(place, people):
    """Files by kind and session, and the picture beside them; a line a kind on stdout."""
    out = place.folder / "out"
    said = place.type(
        "bot", "generate", "--kind", "wind,recorded", "--people", people, "--movements", 5,
        "--sessions", 2, "--seed", 3, "--picture", "--out", out,
    )  # fmt: skip

    assert (0, "") == (said.code, said.err)
    assert ["recorded", "recorded", "wind", "wind"] == [name for name, _, _ in Folder(out)]
    assert "people" in (out / "movements.svg").read_text("utf-8")
    assert f"the picture is {out / 'movements.svg'}" in said.out
    assert ["wind", "2", "10"] == said.out.splitlines()[1].split()[:3]


def test_without_people_it_says_that_they_are_generated(place):
    """Nobody may take them for real."""
    out = place.folder / "out"
    said = place.type("bot", "generate", "--kind", "straight", "--movements", 2, "--out", out)

    assert (0, "people: generated (no --people)\n") == (said.code, said.err)
    assert ["0001.csv"] == [file.name for file in (out / "straight").iterdir()]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--kind", "wint"), "there is no kind 'wint'; there are: straight, bezier"),
        (("--kind", "wind", "--people", "/nowhere"), "neither a folder of recordings nor"),
        (("--kind", "wind", "--movements", "0"), "'0' is no whole number from 1 on"),
    ],
)
def test_whoever_asks_wrongly_to_generate_is_told(place, words, why):
    """In a line, and nothing is written."""
    said = place.type("bot", "generate", *words, "--out", place.folder / "out")

    assert 2 == said.code
    assert why in said.err
    assert not (place.folder / "out").exists()


def test_a_folder_with_something_in_it_is_refused(place, people):
    """What lies in it stays."""
    said = place.type("bot", "generate", "--kind", "wind", "--people", people, "--out", people)

    assert 2 == said.code
    assert "is not empty" in said.err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--kind", "wind,bezier"), "one kind at a time"),
        (("--kind", "wind", "--viewport", "1280"), "no width and height"),
        (("--kind", "wind", "--ca", "/nowhere"), "is no file: `reauth run` says where its CA is"),
        (("--kind", "recorded", "--recording", "/nowhere"), "--recording /nowhere is no file"),
    ],
)
def test_whoever_asks_wrongly_to_play_is_told(place, words, why):
    """Before a browser is started."""
    ca = place.folder / "ca.pem"
    ca.write_text("none", "utf-8")
    said = place.type(
        "bot", "play", "--url", "http://127.0.0.1:1/", "--proxy", "http://127.0.0.1:1",
        "--seconds", 5, "--ca", ca, *words,
    )  # fmt: skip

    assert 2 == said.code
    assert why in said.err


@pytest.mark.browser
@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.parametrize("how", ["program", "recording"])
async def test_what_is_played_through_the_proxy_is_watched(how, place, tmp_path, monkeypatch):
    """A real Chromium, the real proxy and a site with TLS: movement arrives at the account, and one
    line of JSON says what was played."""
    recording = write_session(tmp_path / "people", seed=1, session=1, movements=30)
    told = {
        "program": ("--kind", "bezier", "--people", tmp_path / "people"),
        "recording": ("--kind", "recorded", "--recording", recording),
    }
    async with running_site(tmp_path) as site:
        monkeypatch.setenv("REAUTH_PROXY__UPSTREAM_CA", str(site.certificate))
        monkeypatch.setenv("REAUTH_IDENTITY__DEFAULT_USER", "anna")
        with place.start("run") as running:
            ready = await asyncio.to_thread(lambda: running.ready)
            played = await said(
                "bot", "play", *told[how], "--url", f"{site.url}/accounts", "--rest", "0.7",
                "--proxy", ready["proxy"], "--ca", ready["ca"], "--seconds", "10",
            )  # fmt: skip
            known = await said("enrol", "status", "anna", "--json", "--config", place.config)

    assert (200, how == "program") == (played["status"], played["kind"] == "bezier")
    assert 4 <= played["movements"]
    assert 5 < played["seconds"] <= 10
    assert played["events"] > 10 * played["movements"]
    assert played["movements"] / 2 <= known["trajectories"] <= played["movements"]


async def said(*words):
    """What a command prints, which must succeed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "reauth", *map(str, words), stdout=PIPE, stderr=PIPE
    )
    out, err = await process.communicate()
    assert 0 == process.returncode, err.decode()
    return json.loads(out)
