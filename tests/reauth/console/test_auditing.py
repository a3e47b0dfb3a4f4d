"""The audit as it is shown: newest first, narrowed, and whether the chain holds."""

from reauth.audit import Deed
from tests.reauth.console.test_views import page
from tests.rows import NOON


async def fill(site, count, **other):
    """Have deeds in the audit."""
    for number in range(count):
        fields = {"who": "anna", "action": "alert.ack", "subject": f"a{number}"} | other
        await site.audit.append(Deed(NOON + number, done=True, address="10.0.0.1", **fields))


async def test_entries_are_newest_first_and_narrowed(browse, site):
    """By who, what and to what; links lead to older ones."""
    await fill(site, 60)
    await fill(site, 1, who="<bert>", action="enrol.pause", subject="carl", reason="arm")
    client = await browse()
    text = await page(client, "/audit")
    assert text.index(">61<") < text.index(">60<") and ">11<" not in text
    assert 'href="/audit?before=12"' in text and "&lt;bert&gt;" in text
    older = await page(client, "/audit?before=12")
    assert ">11<" in older and ">12<" not in older and "Older" not in older
    found = await page(client, "/audit?who=anna&action=alert.&subject=a7")
    assert 1 == found.count("<time")
    told = await (await client.get("/api/v1/audit?action=enrol.")).json()
    assert [("<bert>", "arm")] == [(row["who"], row["reason"]) for row in told["entries"]]
    assert 400 == (await client.get("/audit?before=x")).status


async def test_the_chain_is_verified_on_request(browse, site, store):
    """One changed letter is found."""
    await fill(site, 3)
    client = await browse()
    assert "All 3 entries are as they were written" in await page(client, "/audit/check")
    assert (await (await client.get("/api/v1/audit/check")).json())["ok"]

    def change(connection):
        """As somebody does who has the file."""
        triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        for (name,) in connection.execute(triggers).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE audit SET subject = 'another' WHERE number = 2")

    await store.desk.write(change)
    assert "Entry 2: changed" in await page(client, "/audit/check")
    told = await (await client.get("/api/v1/audit/check")).json()
    assert (False, 2) == (told["ok"], told["fault"]["number"])
