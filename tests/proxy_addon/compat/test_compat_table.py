"""The table of patches: which mitmproxy gets which, and which is refused."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from mitmproxy.version import VERSION

from proxy_addon import compat
from reauth.errors import SettingsError

PATCHED = ("h2", "hyperframe", "mitmproxy")


def places() -> dict[object, dict[str, object]]:
    """All that a patch may change, and how it stands: modules and classes of what is patched."""
    for patch in compat.PATCHES:
        importlib.import_module(f"proxy_addon.compat.{patch.name}")
    modules = [
        module for name, module in sys.modules.items() if name.split(".")[0] in PATCHED and module
    ]
    classes = {
        each for module in modules for each in vars(module).values() if isinstance(each, type)
    }
    ours = [each for each in classes if each.__module__.split(".")[0] in PATCHED]
    return {place: dict(vars(place)) for place in (*modules, *ours)}


@pytest.fixture(autouse=True)
def stock() -> Iterator[None]:
    """Other suites in this process find mitmproxy as it was."""
    before = places()
    yield
    for place, stood in before.items():
        for name in vars(place).keys() - stood.keys():
            delattr(place, name)
        for name, value in stood.items():
            if vars(place)[name] is not value:
                setattr(place, name, value)


@pytest.mark.parametrize("version", ["11.0.2", "12.2.0", "12.2.3", "12.2.14"])
def test_a_tested_mitmproxy_gets_the_patches_of_its_line(version: str):
    """A row applies to whole lines of releases; the launcher's own are left to it."""
    line = "11.0.2" if version == "11.0.2" else "12.2"
    patches = [patch for patch in compat.PATCHES if not patch.by_launcher]
    rows = {patch.name for patch in patches if line in patch.lines}

    assert rows == set(compat.apply(version))


@pytest.mark.parametrize(
    "version", ["11.0.1", "11.0.20", "11.1.0", "12.1.2", "12.2", "12.2.0.dev", "12.20.0", "13.0.0"]
)
def test_an_untested_mitmproxy_is_refused_with_the_remedy(version: str):
    """Its internals may differ in silence: better no proxy than one that is half patched."""
    with pytest.raises(SettingsError, match=r"untested here: install 11\.0\.2 or 12\.2\.x"):
        compat.apply(version)


def test_the_mitmproxy_of_this_environment_is_a_tested_one():
    """What CI runs on is what the table speaks of."""
    assert compat.apply(VERSION)


def test_every_row_is_a_module_with_its_issue_and_every_module_a_row():
    """A patch that nobody applies, or a row without a patch, is a defect."""
    folder = Path(compat.__file__).parent
    modules = {file.stem for file in folder.glob("*.py")} - {"__init__"}

    assert modules == {patch.name for patch in compat.PATCHES}
    for patch in compat.PATCHES:
        assert set(patch.lines) <= set(compat.TESTED)
        assert patch.upstream.startswith("https://github.com/")
        assert callable(importlib.import_module(f"proxy_addon.compat.{patch.name}").apply)


def test_a_patch_outside_its_range_is_not_even_imported():
    """Importing the table imports no patch; nor does a refused version."""
    code = (
        "import sys\n"
        "from proxy_addon import compat\n"
        "from reauth.errors import SettingsError\n"
        "try:\n"
        "    compat.apply('13.0.0')\n"
        "except SettingsError:\n"
        "    print([name for name in sys.modules if name.startswith('proxy_addon.compat.')])\n"
    )

    assert b"[]\n" == subprocess.check_output([sys.executable, "-c", code])
