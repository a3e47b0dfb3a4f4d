"""The table of papers."""

import pytest

from reauth.errors import SettingsError
from reauth.lab.papers import PAPERS
from reauth.lab.table import Task
from reauth.lab.work import unwatched
from tests.reauth.lab.towns import CODEC


@pytest.mark.parametrize("name", PAPERS)
def test_a_paper_without_its_data_says_which_archive_is_missing(name, tmp_path):
    """Asked wrongly, not a trace."""
    task = Task(tmp_path, tmp_path / "out", 1, 1, CODEC)

    with pytest.raises(SettingsError, match=r"\.tar\.gz"):
        PAPERS[name].make(task, unwatched)
    assert PAPERS[name].about
