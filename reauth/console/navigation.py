"""Where one can go from every page, as the table allows it.

A place is shown if it is served and whoever looks has the act that its row asks for: nobody is led
to a door that is shut.
"""

from dataclasses import dataclass
from typing import Final

from reauth.access import Who
from reauth.console.routes import Route, Table

NAMES: Final = (
    ("/", "Overview"),
    ("/alerts", "Alerts"),
    ("/users", "Users"),
    ("/coverage", "Coverage"),
    ("/live", "Live"),
    ("/integrations", "Integrations"),
    ("/audit", "Audit"),
    ("/settings", "Settings"),
    ("/system", "System"),
    ("/accounts", "Accounts"),
    ("/setup", "Set up"),
    ("/help/alerts", "Help"),
)
"""Path and name of every page that stands for a part of the console, in the order of a day."""


@dataclass(frozen=True, slots=True)
class Place:
    """One entry; `here` says whether the page that asks is of that part."""

    path: str
    name: str
    here: bool


class Navigation:
    """Made once from everything that is served.

    Parameters
    ----------
    table
        The rows of all modules.
    """

    def __init__(self, table: Table) -> None:
        acts = {row.path: row.act for row in table if isinstance(row, Route)}
        self._places = [(path, name, acts[path]) for path, name in NAMES if path in acts]

    def places(self, who: Who | None, path: str) -> list[Place]:
        """What somebody may go to; who is not logged in (None) has the open pages only."""
        return [
            Place(each, name, _within(path, each))
            for each, name, act in self._places
            if act is None or (who is not None and who.may(act))
        ]


def _within(path: str, part: str) -> bool:
    """Whether a path belongs to a part; the first page is a part of its own.

    Examples
    --------
    >>> _within("/alerts/a1", "/alerts"), _within("/alerts", "/"), _within("/alertsome", "/alerts")
    (True, False, False)
    """
    return path == part or (part != "/" and path.startswith(f"{part}/"))
