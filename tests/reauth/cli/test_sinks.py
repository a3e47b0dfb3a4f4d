"""`reauth sinks`: list, test, log, redeliver."""

import asyncio
import json

import pytest

from reauth import app
from reauth.cli import main
from reauth.errors import SettingsError
from reauth.outlets import letterhead
from reauth.ports import Commit
from tests.rows import alarm


@pytest.fixture
def config(tmp_path):
    """An installation with a sink that works and one that cannot."""
    file = tmp_path / "mitm.toml"
    urls = [
        f"jsonl:{tmp_path}/alerts.jsonl?events=raised,closed",
        "jsonl:/nonexistent/alerts.jsonl",
    ]
    file.write_text(f'[state]\npath = "{tmp_path}/state"\n[sinks]\nurls = {json.dumps(urls)}\n')
    return file


def raised(config):
    """An alert that waits for both."""

    async def keep():
        async with app.opened_store(app.load_settings(config, [])) as store:
            await store.commit(Commit(alerts=[alarm()]))

    asyncio.run(keep())


def said(capsys, config, *words):
    code = main(["sinks", *words, "--config", str(config)])
    out, err = capsys.readouterr()
    return code, out, err


def test_sinks_are_listed_with_what_waits(capsys, config, tmp_path):
    """For people and for scripts."""
    raised(config)
    code, out, _ = said(capsys, config, "list", "--json")
    first, second = json.loads(out)

    assert 0 == code
    assert (f"jsonl:{tmp_path}/alerts.jsonl", ["alert.raised", "alert.closed"], 1, None) == (
        first["name"], first["events"], first["waiting"], first["last"],
    )  # fmt: skip
    assert ["alert.raised"] == second["events"]
    assert "raised,closed" in said(capsys, config, "list")[1]


def test_a_test_arrives_or_says_why_not(capsys, config, tmp_path):
    """Exit code 1 then; both stand in the log."""
    assert (0, "the test arrived\n", "") == said(capsys, config, "test", f"jsonl:{tmp_path}")
    code, _, err = said(capsys, config, "test", "jsonl:/non")
    assert (1, True) == (code, "did not arrive" in err)
    [line] = (tmp_path / "alerts.jsonl").read_text().splitlines()
    assert json.loads(line)["test"] is True

    failed, arrived = json.loads(said(capsys, config, "log", "--json")[1])
    assert ("failed", "delivered", None) == (
        failed["result"], arrived["result"], arrived["delivery"],
    )  # fmt: skip
    assert "test" in said(capsys, config, "log")[1]
    assert "delivered" in said(capsys, config, "list")[1]
    assert 1 == said(capsys, config, "test", "jsonl")[0]


def test_a_delivery_begins_anew(capsys, config):
    """By the number that the log tells."""
    assert (0, "nothing was sent yet\n", "") == said(capsys, config, "log")
    raised(config)
    assert 0 == said(capsys, config, "redeliver", "1")[0]
    code, _, err = said(capsys, config, "redeliver", "99")
    assert (1, True) == (code, "reauth sinks log" in err)


@pytest.mark.parametrize("number", ["0", "-1", "x", str(1 << 63)])
def test_what_is_no_number_is_asked_wrongly(config, number):
    """Exit code 2, before a store is opened."""
    with pytest.raises(SystemExit) as error:
        main(["sinks", "redeliver", "--config", str(config), "--", number])
    assert 2 == error.value.code


def test_a_sink_that_cannot_be_opened_is_told(capsys, config):
    """With the key that is wrong."""
    code, _, err = said(capsys, config, "list", "--set", 'sinks.urls=["slack+https://"]')
    assert (2, True) == (code, "sinks.urls" in err)


def test_what_every_message_carries_is_of_this_installation(config):
    """Its feature set, its models, its console."""
    settings = app.load_settings(config, ["console.url=https://reauth.example"])
    head = letterhead(settings)

    assert ("medvet", "svm") == head.models["identity"]
    assert "https://reauth.example/alerts/a1" == head.link(alarm())
    with pytest.raises(SettingsError):
        app.load_settings(config, ["console.url=reauth.example"])
