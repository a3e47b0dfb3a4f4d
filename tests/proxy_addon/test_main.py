"""`python -m proxy_addon`: what it is asked, and the status it ends with."""

from pathlib import Path

import pytest

from proxy_addon import __main__
from reauth.errors import CaError, SettingsError


@pytest.mark.parametrize(
    ("outcome", "status"),
    [(0, 0), (1, 1), (SettingsError("s"), 2), (CaError("c"), 1), (OSError("o"), 1)],
)
def test_the_status_says_whose_fault_it_is(
    outcome: int | Exception,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    """0 done, 1 failed, 2 asked wrongly; one line says what."""

    def launch(path: str, *, stdin_guard: bool, check: bool) -> int:
        assert ("f.toml", True, False) == (path, stdin_guard, check)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(__main__, "launch", launch)

    assert status == __main__.main(["--config", "f.toml", "--stdin-guard"])
    assert (f"{outcome}\n" if isinstance(outcome, Exception) else "") == capsys.readouterr().err


def test_an_unknown_argument_is_asked_wrongly():
    """As everywhere: 2."""
    with pytest.raises(SystemExit) as ended:
        __main__.main(["--nonsense"])

    assert 2 == ended.value.code


def test_a_settings_file_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """Before anything is started."""
    assert 2 == __main__.main(["--config", str(tmp_path / "none.toml")])
    assert "none.toml" in capsys.readouterr().err
