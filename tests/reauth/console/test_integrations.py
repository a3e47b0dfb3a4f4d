"""Integrations in the console: how each sink goes, a test, the log, once more."""

import pytest

from reauth.access import Role
from reauth.ports import Commit
from tests.reauth.console.test_users import post
from tests.reauth.console.test_views import page
from tests.rows import alarm, session


@pytest.fixture
def file(tmp_path):
    """Where the sink of the console under test writes; see `site`."""
    return tmp_path / "alerts.jsonl"


async def test_sinks_are_shown_with_how_they_go(browse, file):
    """Before anything was sent, too."""
    text = await page(await browse(), "/integrations")

    assert f"<code>jsonl:{file}</code>" in text and "never" in text and "Nothing was sent" in text


async def test_a_test_arrives_and_is_in_the_log(browse, file):
    """Marked as one in what is sent; audited."""
    client = await browse()
    answer = await post(client, "/integrations/test", data={"sink": f"jsonl:{file}"})
    shown = await answer.text()

    assert "/integrations" == answer.url.path and "delivered" in shown
    assert '"test"' in file.read_text("utf-8")
    log = (await (await client.get("/api/v1/deliveries")).json())["attempts"]
    assert [(None, "delivered", 1)] == [
        (row["delivery"], row["result"], row["number"]) for row in log
    ]
    audited = (await (await client.get("/api/v1/audit?action=sink.")).json())["entries"]
    assert [("sink.test", f"jsonl:{file}")] == [
        (row["action"], row["subject"]) for row in audited
    ]


async def test_a_test_that_does_not_arrive_is_told(browse, file):
    """409 with what went wrong, and in the log."""
    file.mkdir()
    client = await browse()
    answer = await post(client, "/api/v1/integrations/test", json={"sink": f"jsonl:{file}"})

    assert 409 == answer.status and "did not arrive" in await answer.text()
    assert "failed" in await page(client, "/integrations")
    none = await post(client, "/api/v1/integrations/test", json={"sink": "jsonl:/none"})
    assert 409 == none.status


async def test_a_delivery_begins_anew(browse, store):
    """As often as somebody asks; one that is none is refused."""
    await store.commit(Commit(sessions=[session()], alerts=[alarm()]))
    client = await browse()

    answer = await post(client, "/api/v1/integrations/redeliver", json={"delivery": 77})
    assert 409 == answer.status and "no delivery 77" in await answer.text()
    assert 400 == (await client.get("/integrations?before=x")).status


async def test_who_may_only_look_is_offered_nothing(browse):
    """And refused what is not offered."""
    client = await browse([Role.AUDITOR])
    assert "<button>Test" not in await page(client, "/integrations")
    answer = await post(client, "/api/v1/integrations/test", json={"sink": "x"})
    assert 403 == answer.status
