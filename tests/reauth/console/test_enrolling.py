"""Enrolling from the console: a list, what became of each line, and that nothing is half done."""

import asyncio
from contextlib import asynccontextmanager, suppress

import numpy as np
from aiohttp import FormData

from reauth.lab.synth import draw_person, recording
from reauth.recording import write_recording
from tests.reauth.console.test_users import post
from tests.reauth.console.test_views import page


def recorded(seed, movements=6):
    """A recording's text."""
    rng = np.random.default_rng(seed)
    return write_recording(recording(draw_person(rng), movements, rng))


@asynccontextmanager
async def worked(site):
    """Have lists worked through meanwhile."""
    task = asyncio.get_running_loop().create_task(site.subjects.lists.work())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def done(client, run):
    """The lines of a list once none waits."""
    async with asyncio.timeout(30):
        while True:
            told = await (await client.get(f"/api/v1/enrol/{run}")).json()
            if all(line["state"] != "waiting" for line in told["lines"]):
                return told["lines"]
            await asyncio.sleep(0.02)


async def test_the_first_step_says_what_is_needed(browse):
    """And how it goes on."""
    text = await page(await browse(), "/enrol")

    assert "300 trajectories of each" in text
    assert '<textarea id="people" name="people"' in text


async def test_a_list_is_worked_through_and_each_line_tells_what_became_of_it(browse, site, store):
    """One with a recording, one to wait for, one whose recording is bad."""
    form = FormData()
    form.add_field("people", "user,note,file\nanna,desk 4,anna.csv\nbert\ncarl,,carl.csv\n")
    form.add_field("files", recorded(1).encode(), filename="anna.csv")
    form.add_field("files", b"no,recording\n", filename="carl.csv")
    client = await browse()
    answer = await post(client, "/enrol", data=form)
    run = answer.url.path.rpartition("/")[2]
    shown = await answer.text()
    assert answer.url.path == f"/enrol/{run}" and "3 waiting" in shown and "data-again" in shown

    async with worked(site):
        lines = await done(client, run)
    assert ["done", "done", "failed"] == [line["state"] for line in lines]
    assert "trajectories imported; waits for movement" in lines[0]["told"]
    assert "waits for movement: 300 trajectories are missing" == lines[1]["told"]
    assert "carl.csv:1: the header must be" in lines[2]["told"]
    assert "desk 4" in await page(client, "/users/anna")
    assert "state-none" in await page(client, "/users/bert")
    assert await store.person("carl") is None
    text = await page(client, f"/enrol/{run}")
    assert "2 done" in text and "1 failed" in text and "data-again" not in text
    assert f'href="/enrol/{run}"' in await page(client, "/enrol")


async def test_a_list_that_breaks_its_form_is_refused_as_a_whole(browse, store):
    """With the line; nobody of it is on the list of users then."""
    client = await browse()
    for text, line in (
        ("name\nanna\n", "line 1"),
        ("user\nanna\n \n", "line 3"),
        ("user,file\nanna,a.csv\n", "line 2"),
        ("user\nanna\nanna\n", "line 3"),
        ("user\n", "line 1"),
        ("user,note\nanna,x,y\n", "line 2"),
    ):
        answer = await post(client, "/api/v1/enrol", json={"people": text})
        assert 409 == answer.status and f"{line}:" in await answer.text(), text
    assert [] == await store.people()


async def test_a_restart_forgets_no_line(browse, site, store):
    """What needs no file goes on; a file that is gone is asked for again."""
    client = await browse()
    files = [{"name": "a.csv", "text": recorded(2)}]
    people = "user,file\nanna,a.csv\nbert,\n"
    answer = await post(client, "/api/v1/enrol", json={"people": people, "files": files})
    run = (await answer.json())["run"]
    site.subjects.lists._files.clear()  # as the memory of a process that has ended

    async with worked(site):
        lines = await done(client, run)
    assert ["failed", "done"] == [line["state"] for line in lines]
    assert "a.csv is gone with a restart" in lines[0]["told"]


async def test_no_list_is_no_page(browse):
    """404."""
    assert 404 == (await (await browse()).get("/enrol/0123")).status
