"""The table of ingredients."""

import json
from dataclasses import replace

import pytest

from reauth.errors import SettingsError
from reauth.lab.ablate import CLOCKS, ablate, chosen, ingredients, text
from reauth.lab.work import unwatched
from reauth.settings import Settings
from reauth.verify import RECOMMENDED, VERIFIERS
from tests.reauth.lab.towns import build, request

ROWS = ingredients(Settings(), 20)


def test_every_row_differs_from_what_ships_in_something():
    """And all of them can be built: a field that a verifier does not have fails here."""
    first, *others = ROWS

    assert VERIFIERS[RECOMMENDED] == first.method.verifier
    assert len(ROWS) == len({row.name for row in ROWS})
    assert all(row.votes or row.method != first.method for row in others)
    assert len(ROWS) - 1 == len({(row.method.enrolling_key, row.method.verifier) for row in ROWS})
    groups = {f"without-{group}" for group in first.method.features.groups}
    assert groups | {"votes", "trees", "ten-points", "without-timing"} <= {r.name for r in ROWS}
    for row in others:
        assert not row.name.startswith("without-") or (
            len(row.method.features.names) < len(first.method.features.names)
        )


def test_some_rows_may_be_chosen_and_the_first_is_always_there():
    """Nothing can be compared with nothing; an unknown row is answered with those there are."""
    assert ["recommended", "trees"] == [row.name for row in chosen(ROWS, ("trees",))]
    assert ROWS == chosen(ROWS, ())
    with pytest.raises(SettingsError, match="no row 'tea'; there are: recommended, votes"):
        chosen(ROWS, ("tea",))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_table_tells_every_row_under_both_clocks(tmp_path):
    """Beside the first row, with the interval of the difference; resumed, nothing is done anew."""
    data = build(tmp_path / "data", twice=5, once=0, movements=45)
    asked = replace(request(data, tmp_path / "out"), users=("p00", "p01", "p02", "p03", "p04"))
    rows = chosen(ROWS, ("votes", "without-timing"))

    found = ablate(asked, rows, unwatched)

    json.dumps(found, allow_nan=False)
    names = ["recommended", "votes", "without-timing"]
    assert names == [row["name"] for row in found["ablation"]]
    first, votes, timeless = found["ablation"]
    for clock in CLOCKS:
        assert None is first[clock]["20"]["any"]["above"]
        for row in (votes, timeless):
            told = row[clock]["20"]["same"]
            expected = told["pooled"] - first[clock]["20"]["same"]["pooled"]
            assert expected == pytest.approx(told["above"]["above"])
    assert first["as_recorded"] != first["on_grid"]
    assert (5, 5, 25.0) == tuple(
        found["setting"][name] for name in ("only_users", "users_enrolled", "grid_ms")
    )
    assert "p00" not in json.dumps(found)
    assert 2 * 2 == len(list((tmp_path / "out" / "work" / "runs").iterdir()))
    assert found == ablate(asked, rows, unwatched)
    lines = text(found).splitlines()
    assert "data (5 of its users), impostors unseen, seed 1; 5 users enrolled" in lines[0]
    assert lines[4].startswith("| recommended | movement, as it ships | ")
