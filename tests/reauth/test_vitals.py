"""Rules of what a process tells of itself."""

from reauth.errors import StoreError
from reauth.store import Options, SqliteFigures, open_store
from reauth.vitals import Vitals
from tests.live import EPOCH
from tests.rows import learnt


async def test_the_age_of_the_oldest_template_is_told():
    """And what is not there is not."""
    async with open_store("sqlite://:memory:", None, Options()) as store:
        figures = SqliteFigures(store.desk, Options().keep)
        assert "model_age_seconds" not in await Vitals(figures, lambda: EPOCH).gauges()
        template = await store.save_template(learnt())
        at = template.enrolled_at + 90.0
        told = await Vitals(figures, lambda: at).gauges()

    assert (90.0, 0.0) == (told["model_age_seconds"], told["retention_overdue_rows"])
    assert told.get("clock_synchronised") in (None, 0.0, 1.0)


async def test_a_store_that_fails_costs_no_other_figure():
    """What was told last is told again."""

    class Failing:
        async def standing(self, now):
            raise StoreError("away")

    assert {} == await Vitals(Failing(), lambda: EPOCH).gauges()
