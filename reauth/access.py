"""Who may do what: roles, acts, and one table between them.

A role is what an organisation gives a person; an act is what the console, the API and the command
line ask for before they do anything. Nobody has an act but by a role.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What somebody is in the house."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    APPROVER = "approver"
    ADMIN = "admin"
    PRIVACY_OFFICER = "privacy_officer"
    AUDITOR = "auditor"


class Act(StrEnum):
    """What may be asked for."""

    LOOK = "look"
    """See health, coverage and how many alerts there are; no person's movement."""
    SEE_ALERTS = "see_alerts"
    SEE_USERS = "see_users"
    SEE_MOVEMENT = "see_movement"
    """See where a pointer went: live, replayed, under an alert. Each look is audited."""
    WORK_ALERTS = "work_alerts"
    """Acknowledge, assign, note, close; make and end suppressions."""
    APPROVE = "approve"
    """Give the second opinion: what a false alarm taught may train, a template is promoted."""
    ENROL = "enrol"
    """Train, pause, resume, roll back, import."""
    DELETE_USER = "delete_user"
    SEE_SETTINGS = "see_settings"
    INTEGRATE = "integrate"
    """Send tests to sinks, deliver again, keep maintenance windows."""
    SEE_AUDIT = "see_audit"
    KEEP_ACCOUNTS = "keep_accounts"
    """Make and end accounts, tokens and other people's logins."""
    KEEP_SELF = "keep_self"
    """Keep one's own password, second factor, logins and tokens; no token has it."""


_SELF = {Act.LOOK, Act.KEEP_SELF}
_READ = {*_SELF, Act.SEE_ALERTS, Act.SEE_USERS}
_WORK = {*_READ, Act.SEE_MOVEMENT, Act.WORK_ALERTS}

MAY: Mapping[Role, frozenset[Act]] = {
    Role.VIEWER: frozenset(_READ),
    Role.ANALYST: frozenset(_WORK),
    Role.APPROVER: frozenset({*_WORK, Act.APPROVE}),
    Role.ADMIN: frozenset(
        {*_READ, Act.ENROL, Act.SEE_SETTINGS, Act.INTEGRATE, Act.SEE_AUDIT, Act.KEEP_ACCOUNTS}
    ),
    Role.PRIVACY_OFFICER: frozenset(
        {*_SELF, Act.SEE_USERS, Act.DELETE_USER, Act.SEE_SETTINGS, Act.SEE_AUDIT}
    ),
    Role.AUDITOR: frozenset({*_SELF, Act.SEE_SETTINGS, Act.SEE_AUDIT}),
}
"""An admin keeps the machine and looks at nobody's movement; who approves is an analyst too."""


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who asks.

    `acts` is what the roles, or the scopes of a token, allow. `elevated` says whether they have
    just proved anew who they are, as sensitive acts want it. `login` is the id of their login;
    empty for a token, and at the machine itself.
    """

    name: str
    acts: frozenset[Act]
    elevated: bool = False
    login: str = ""

    def may(self, act: Act) -> bool:
        """Whether an act is allowed."""
        return act in self.acts


def acts_of(roles: Iterable[Role]) -> frozenset[Act]:
    """All that several roles allow together.

    Examples
    --------
    >>> Act.APPROVE in acts_of([Role.VIEWER, Role.ANALYST])
    False
    """
    return frozenset().union(*(MAY[role] for role in roles))


EVERYTHING = frozenset(Act)
"""What whoever sits at the machine itself may do on the command line."""

SCOPES = EVERYTHING - {Act.KEEP_SELF}
"""What a token may be given: one that could change its owner's password would be its owner."""

FIRST = (Role.ADMIN, Role.APPROVER, Role.PRIVACY_OFFICER)
"""Roles of the first account: together they may do everything, as one person who tries it must."""
