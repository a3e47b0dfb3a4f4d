"""Rules of what the metrics tell of the store."""

from reauth.ports import Commit
from reauth.store import Options, SqliteFigures, open_store
from reauth.store.figures import SLACK
from tests.live import EPOCH
from tests.rows import learnt


async def test_rows_that_outstay_their_retention_are_counted():
    """Until two looks of the job have passed nothing is overdue; once it has looked, nothing."""
    keep = Options().keep
    async with open_store("sqlite://:memory:", None, Options()) as store:
        figures = SqliteFigures(store.desk, keep)
        await store.commit(Commit(rejects=[(EPOCH - n, "truncated", None) for n in range(3)]))
        due = EPOCH - 2 + keep.raw

        assert 0 == (await figures.standing(due + SLACK))[1]
        assert 3 == (await figures.standing(due + SLACK + 3))[1]
        await store.expire(due + SLACK + 3)
        assert 0 == (await figures.standing(due + SLACK + 3))[1]


async def test_the_oldest_active_template_is_found():
    """One that another took the place of is no longer of interest."""
    async with open_store("sqlite://:memory:", None, Options()) as store:
        figures = SqliteFigures(store.desk, Options().keep)
        assert (await figures.standing(EPOCH))[0] is None
        template = await store.save_template(learnt())

        assert template.enrolled_at == (await figures.standing(EPOCH))[0]
