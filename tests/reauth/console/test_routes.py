"""The table of the console: every row is complete, no two answer the same."""

from collections import Counter

from reauth.console import TABLE
from reauth.console.routes import Action, Entrance, Route


def test_no_two_rows_answer_the_same():
    """The second one would never be asked."""
    told = Counter((type(row), row.path) for row in TABLE)

    assert [] == [row for row, times in told.items() if times > 1]


def test_every_row_says_what_it_is_for():
    """The OpenAPI document is made of nothing else."""
    for row in TABLE:
        assert row.path.startswith("/"), row
        assert row.summary.endswith("."), row


def test_the_audit_can_tell_actions_apart():
    """Each has its own name."""
    names = Counter(row.name for row in TABLE if isinstance(row, Action))

    assert all(times == 1 for times in names.values())
    assert all(isinstance(row, Action | Entrance | Route) for row in TABLE)
