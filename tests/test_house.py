"""The house keeps its own rules: every file has its test, every setting and command its words."""

import argparse
import ast
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from reauth import settings
from reauth.alert import State
from reauth.cli import parser
from reauth.settings import Settings

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PYTHON = sorted(
    path.relative_to(ROOT)
    for part in ("reauth", "proxy_addon", "tests", "bench")
    for path in (ROOT / part).rglob("*.py")
    if "node_modules" not in path.parts
)
SOURCES = [path for path in PYTHON if path.parts[0] in ("reauth", "proxy_addon")]
KEYS = list(settings.keys())
README = (ROOT / "README.md").read_text("utf-8")
SHIPPED = (ROOT / "mitm.toml").read_text("utf-8")
TRIAL = (ROOT / "config" / "trial.toml").read_text("utf-8")


def tracked():
    """What git keeps, in a checkout; else every file that is here."""
    found = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False, text=True
    )
    return [Path(name) for name in found.stdout.split("\0") if name and (ROOT / name).is_file()]


def by_name(path):
    """An id that says which file fails."""
    return str(path)


def text_of(path):
    """A file's text."""
    return (ROOT / path).read_text("utf-8")


def defines(path):
    """Whether a file has code of its own: functions, or classes that are no protocols."""
    for node in ast.parse(text_of(path)).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return True
        if isinstance(node, ast.ClassDef) and "Protocol" not in map(ast.unparse, node.bases):
            return True
    return False


def mirrors(path):
    """Where the test of a source file may stand."""
    folder = ROOT / "tests" / path.parent
    if path.name == "__init__.py":
        package = path.parent.name
        names = ["init", package, f"{package}_table"]
    else:
        names = [path.stem.strip("_")]
    return [folder / f"test_{name}.py" for name in names]


# Files


@pytest.mark.parametrize("path", SOURCES, ids=by_name)
def test_every_source_file_has_its_test(path):
    """`reauth/decide/window.py` is tested by `tests/reauth/decide/test_window.py`, and found there.

    A package's front page needs one where it has code; a table of protocols has its contracts.
    """
    if path.name == "__init__.py" and not defines(path):
        return
    assert [] != [one for one in mirrors(path) if one.is_file()], f"no test of {path}"


@pytest.mark.parametrize("path", sorted((ROOT / "observer_js" / "src").glob("*.js")), ids=by_name)
def test_every_part_of_the_observer_has_its_test(path):
    """By name, as on the other side; in a real page where it cannot do without one."""
    in_pages = text_of(Path("tests/e2e/test_observer_in_chromium.py"))
    needs_page = re.search(r"from '\./pristine\.js'|= window", path.read_text("utf-8"))
    own = list((ROOT / "tests" / "observer_js").glob(f"{path.stem}.test.*js"))

    assert own or (needs_page and "pytest.mark.browser" in in_pages)


def test_every_test_file_has_something_to_test():
    """A mirror whose source is gone tests nothing that anybody would miss."""
    known = {one for path in SOURCES for one in mirrors(path)}
    orphans = [
        path
        for part in ("reauth", "proxy_addon")
        for path in (ROOT / "tests" / part).rglob("test_*.py")
        if path not in known
    ]

    assert [] == orphans


@pytest.mark.parametrize("path", SOURCES, ids=by_name)
def test_a_file_is_one_idea_of_four_hundred_lines_at_most(path):
    """The laboratory and the stores, which are lists by nature, may have six hundred."""
    most = 600 if path.parts[:2] in (("reauth", "lab"), ("reauth", "store")) else 400

    assert text_of(path).count("\n") <= most


@pytest.mark.parametrize("path", SOURCES, ids=by_name)
def test_a_file_says_what_it_is_for_and_has_a_name_that_does(path):
    """A docstring first; no drawer for what found no place."""
    drawers = {"utils", "util", "base", "common", "manager", "models", "services", "helpers"}

    assert ast.get_docstring(ast.parse(text_of(path)))
    assert path.stem not in drawers


def test_functions_stay_short():
    """Ruff holds every function to these; the caps themselves must not be loosened."""
    lint = PROJECT["tool"]["ruff"]["lint"]

    assert 100 == PROJECT["tool"]["ruff"]["line-length"]
    assert 8 == lint["mccabe"]["max-complexity"]
    assert (40, 6) == (lint["pylint"]["max-statements"], lint["pylint"]["max-args"])
    assert {"E", "F", "C901", "PL", "S", "TID", "A005", "ASYNC"} <= set(lint["select"])


def test_every_exception_to_a_rule_carries_its_reason():
    """A silenced rule without a word is a rule that somebody will break again."""
    silenced = re.compile(r"# (noqa|type: ignore|pragma:)(.*)")
    reasoned = re.compile(r"(: [A-Z0-9, ]+ - \w|\[[a-z, -]+\] +# \w| no cover - \w)")
    bare = [
        f"{path}:{number}"
        for path in PYTHON
        if path.name != "test_house.py"
        for number, line in enumerate(text_of(path).splitlines(), start=1)
        if (found := silenced.search(line)) and not reasoned.match(found[2])
    ]

    assert [] == bare


def test_every_package_is_shipped():
    """A folder that the wheel leaves out works in the checkout only."""
    shipped = set(PROJECT["tool"]["setuptools"]["packages"])
    found = {".".join(path.parent.parts) for path in SOURCES}

    assert found | {"observer_js"} == shipped


@pytest.mark.parametrize("package", ["reauth", "proxy_addon"])
def test_every_part_stands_in_the_contract_of_layers(package):
    """A module that no layer names may import what it likes."""
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    rows = [row for one in contracts if one["type"] == "layers" for row in one["layers"]]
    named = {name for row in rows for name in re.findall(r"[\w.]+", row)}
    here = {path.parts[1].removesuffix(".py") for path in SOURCES if path.parts[0] == package}

    assert set() == {f"{package}.{part}" for part in here - {"__init__"}} - named


def test_the_root_holds_what_the_house_names_and_nothing_else():
    """A newcomer reads the root first."""
    files = {"README.md", "LICENSE", "CHANGELOG.md", "Makefile", "pyproject.toml", "mitm.toml"}
    files |= {"constraints.txt", ".gitignore"}
    folders = {"docs", "proxy_addon", "observer_js", "reauth", "certs", "config", "bench", "tests"}
    paths = tracked()

    assert {path.parts[0] for path in paths if len(path.parts) == 1} <= files
    assert {path.parts[0] for path in paths if len(path.parts) > 1} <= folders | {".ci"}


# What must not lie here


def test_no_recording_of_anybody_lies_in_the_repository():
    """Recordings stay where their owners put them: no archives, no arrays, no large files."""
    forbidden = {".gz", ".zip", ".npz", ".npy", ".db", ".sqlite", ".pkl", ".pem", ".key"}
    paths = tracked()

    assert [] == [path for path in paths if path.suffix in forbidden]
    assert [] == [path for path in paths if (ROOT / path).stat().st_size > 400_000]
    tables = [path for path in paths if path.suffix == ".csv"]
    assert [] == [path for path in tables if text_of(path).count("\n") > 50]


def test_no_download_host_is_written_down():
    """Where packages come from is the business of the machine that installs them."""
    parts = [("registry", ".npmjs"), ("py", "pi.org"), ("python", "hosted"), ("file:", "///opt")]
    hosts = re.compile("|".join(first + rest for first, rest in parts))
    texts = [path for path in tracked() if path.suffix not in {".png", ".br", ".zst", ".bin"}]

    assert [] == [path for path in texts if hosts.search(text_of(path))]


def test_the_lock_names_versions_and_nothing_else():
    """`name==version`, with a marker where two Pythons differ; mitmproxy's line is the old one."""
    lines = [line for line in text_of(Path("constraints.txt")).splitlines() if line[:1] != "#"]
    form = re.compile(r'[\w.-]+==[\w.]+( ; python_version (<|>=) "3\.12")?')

    assert [] == [line for line in lines if not form.fullmatch(line)]
    assert 'mitmproxy==11.0.2 ; python_version < "3.12"' in lines


# Settings


@pytest.mark.parametrize("key", KEYS, ids=lambda key: f"{key.section}.{key.name}")
def test_every_setting_stands_in_the_shipped_file_with_a_comment(key):
    """Below its section, under a line that says why; a key without a default as a comment."""
    section = SHIPPED.split(f"\n[{key.section}]\n")[1].split("\n[")[0]
    mark = "# " if key.default is None else ""
    lines = f"\n{section}".split("\n")
    [at] = [place for place, line in enumerate(lines) if line.startswith(f"{mark}{key.name} = ")]

    assert re.match(r"# \w", lines[at - 1])
    assert key.default == tomllib.loads(SHIPPED)[key.section].get(key.name)


def test_the_shipped_file_says_what_the_defaults_are_and_names_nobody():
    """Nobody is taken for somebody because a file was copied."""
    shipped = settings.parse(SHIPPED, name="mitm.toml", folder="/etc/reauth")

    assert Settings() == shipped
    assert shipped.identity.default_user is None


def test_the_trial_file_names_a_default_user_and_says_so():
    """`make run` must watch at once; whoever reads the file must see at whose cost."""
    trial = settings.parse(TRIAL, name="trial.toml", folder=str(ROOT / "config"))

    assert trial.identity.default_user
    assert "EVERYONE" in TRIAL
    assert (ROOT / "state").resolve() == Path(trial.state.path).resolve()
    assert "127.0.0.1:8080" == trial.proxy.listen


@pytest.mark.parametrize("key", KEYS, ids=lambda key: f"{key.section}.{key.name}")
def test_every_setting_is_read_by_somebody(key):
    """A setting that nothing reads is a promise that nobody keeps."""
    home = ROOT / "reauth" / "settings" / "tree.py"
    used = re.compile(rf"\b{key.attribute}\b")
    section = re.compile(rf"\b{key.section}\b")
    readers = [
        path
        for path in SOURCES
        if used.search(text := text_of(path)) and section.search(text) and ROOT / path != home
    ]

    assert readers or re.search(rf"self\.{key.section}\.{key.attribute}\b", home.read_text("utf-8"))


# Words for the reader


def commands(found, prefix="reauth"):
    """Every command that does something, as it is typed."""
    below = [one for one in found._actions if isinstance(one, argparse._SubParsersAction)]
    if not below:
        return [prefix]
    return [
        name
        for action in below
        for word, one in action.choices.items()
        for name in commands(one, f"{prefix} {word}")
    ]


@pytest.mark.parametrize("command", commands(parser()))
def test_every_command_stands_in_the_readme(command):
    """What can be typed can be found."""
    assert f"`{command}`" in README


@pytest.mark.parametrize("state", list(State))
def test_every_state_of_an_alert_stands_in_the_readme(state):
    """The table of an alert's life is drawn there."""
    assert f"`{state.value}`" in README


def test_every_file_that_the_pages_point_to_is_there():
    """A link into nothing says that the page is older than the code."""
    pages = [path for path in tracked() if path.suffix == ".md"]
    links = [
        (page, link)
        for page in pages
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text_of(page))
    ]

    assert [] == [pair for pair in links if not (ROOT / pair[0].parent / pair[1]).exists()]


def test_make_has_the_targets_of_the_house_and_tells_them():
    """`make` alone is the list; the continuous integration runs what a developer runs."""
    told = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, check=True, text=True)

    for target in ("run", "demo", "test", "test-py313", "check", "bench", "e2e"):
        assert re.search(rf"make {target} +\w", told.stdout)
    assert re.search(r"^exec make check test test-py313$", text_of(Path(".ci/run")), re.MULTILINE)


# What an operator copies


UNITS = ROOT / "config" / "systemd"
EXPOSED = 20
"""Tenths: the most of `systemd-analyze security`; 0 is a service that can do nothing."""
has_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="no systemd on this machine"
)


def said(*words):
    """What a program says on either side, and its status."""
    told = subprocess.run(words, capture_output=True, check=False, text=True)
    return told.returncode, told.stdout + told.stderr


@has_systemd
@pytest.mark.parametrize("part", ["serve", "proxy"])
def test_systemd_reads_the_unit_and_finds_little_exposed(part, tmp_path):
    """Only the program is not where it will be; every directive is known."""
    unit = tmp_path / f"reauth-{part}.service"
    text = (UNITS / unit.name).read_text("utf-8")
    unit.write_text(text.replace("/opt/reauth/.venv/bin/reauth", "/bin/true"), "utf-8")

    assert (0, "") == said("systemd-analyze", "verify", unit)
    status, told = said(
        "systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSED}", unit
    )
    assert 0 == status, told


@has_systemd
@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes users, be it in a folder")
def test_systemd_makes_the_user_and_the_folders(tmp_path):
    """In a root of their own: nobody logs in, and nobody else looks in."""
    users, folders = UNITS / "sysusers.d" / "reauth.conf", UNITS / "tmpfiles.d" / "reauth.conf"

    (tmp_path / "etc").mkdir()
    assert 0 == said("systemd-sysusers", f"--root={tmp_path}", users)[0]
    status, told = said("systemd-tmpfiles", "--create", f"--root={tmp_path}", folders)
    assert (0, "") == (status, told)
    assert "reauth:!" in (tmp_path / "etc" / "shadow").read_text("utf-8")
    assert "/usr/sbin/nologin" in (tmp_path / "etc" / "passwd").read_text("utf-8")
    modes = {
        name: (tmp_path / name).stat().st_mode & 0o777
        for name in ("var/lib/reauth", "run/reauth", "etc/reauth")
    }
    assert {"var/lib/reauth": 0o700, "run/reauth": 0o750, "etc/reauth": 0o750} == modes


@pytest.mark.parametrize("part", ["serve", "proxy"])
def test_the_unit_runs_a_command_that_exists(part):
    """And gives it the time that it takes to stop."""
    text = (UNITS / f"reauth-{part}.service").read_text("utf-8")

    assert f"reauth {part} --config /etc/reauth/mitm.toml" in text
    assert f"reauth {part}" in set(commands(parser()))
    for line in ("Type=notify", "NoNewPrivileges=yes", "SystemCallFilter=@system-service"):
        assert f"\n{line}\n" in text
    assert "UnsetEnvironment=SSLKEYLOGFILE MITMPROXY_SSLKEYLOGFILE" in text
