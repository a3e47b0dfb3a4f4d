"""The id of a request belongs to what is done for it, and to nothing else."""

import asyncio

from reauth.correlation import REQUEST


async def test_work_beside_has_none_or_its_own():
    """A job that a request starts carries its id on; one that began before does not."""

    async def told():
        await asyncio.sleep(0)
        return REQUEST.get()

    before = asyncio.ensure_future(told())
    REQUEST.set("ab")
    after = asyncio.ensure_future(told())

    assert [None, "ab"] == [await before, await after]
