"""Every case has its test and its defect, and each defect can still be planted."""

import pytest

from tests.cases.registry import NAMES, ROOT, UNABLE, plants

PLANTS = [(number, one) for number, given in plants().items() for one in given]


@pytest.mark.parametrize(("number", "defect"), PLANTS, ids=lambda it: str(it)[:60])
def test_a_planted_defect_stands_where_it_says(number, defect):
    """One line of a file that is there, once; `make cases-planted` shows that it is noticed."""
    assert defect.text(ROOT) != (ROOT / defect.file).read_text("utf-8")
    assert defect.file.startswith("proxy_addon/")


def test_there_are_120_cases():
    """As many as the list has, numbered from one."""
    assert list(range(1, 121)) == list(NAMES)


def test_a_reason_belongs_to_a_case():
    """And says why."""
    assert UNABLE.keys() <= NAMES.keys()
    assert all(UNABLE.values())
