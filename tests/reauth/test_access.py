"""Roles and what they allow: no act is nobody's, and duties stay apart."""

import pytest

from reauth.access import EVERYTHING, MAY, Act, Role, Who, acts_of


def test_every_role_may_something_and_every_act_is_somebodys():
    """An act that no role has could never be done; a role without one is a name."""
    assert set(MAY) == set(Role)
    assert acts_of(Role) == EVERYTHING
    assert all(MAY.values())


@pytest.mark.parametrize("act", [Act.SEE_MOVEMENT, Act.WORK_ALERTS, Act.APPROVE])
def test_who_keeps_the_machine_judges_nobody(act):
    """An admin who could also close alerts could hide a takeover of his own."""
    assert act not in MAY[Role.ADMIN]


def test_an_auditor_only_reads():
    """And reads no person."""
    assert {Act.LOOK, Act.KEEP_SELF, Act.SEE_SETTINGS, Act.SEE_AUDIT} == MAY[Role.AUDITOR]


def test_roles_add_up():
    """Somebody may have several."""
    who = Who("eve", acts_of([Role.VIEWER, Role.AUDITOR]))

    assert who.may(Act.SEE_ALERTS)
    assert who.may(Act.SEE_AUDIT)
    assert not who.may(Act.WORK_ALERTS)
