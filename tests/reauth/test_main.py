"""`python -m reauth` is the command."""

import subprocess
import sys
from importlib.metadata import version

import reauth


def test_the_module_runs_as_the_command():
    """And says which version it is: the package's own."""
    done = subprocess.run(
        [sys.executable, "-m", "reauth", "--version"], capture_output=True, check=True, text=True
    )

    assert f"reauth {version('reauth')}\n" == done.stdout
    assert version("reauth") == reauth.__version__
