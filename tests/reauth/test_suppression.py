"""Rules that hold alerts back: what they cover, when they stand, and what may be none."""

from dataclasses import replace

import pytest

from reauth.suppression import LONGEST, MAINTENANCE, RULE, NoRule, Rule, Scope, holder, made
from tests.rows import DAY, NOON, alarm

WHOLE = Rule("", RULE, "bert", "new mice", NOON, NOON + DAY, Scope(user="anna"), NOON)


@pytest.mark.parametrize(
    ("scope", "covers"),
    [
        (Scope(), True),
        (Scope(user="anna"), True),
        (Scope(user="bert"), False),
        (Scope(lane="identity", kind="impostor", site="5e1f"), True),
        (Scope(lane="bot"), False),
        (Scope(kind="replay"), False),
        (Scope(site="0000"), False),
        (Scope(network="10.0.0.0/8"), True),
        (Scope(network="10.0.0.1/32"), True),
        (Scope(network="192.168.0.0/16"), False),
        (Scope(network="2001:db8::/32"), False),
        (Scope(user="anna", network="192.168.0.0/16"), False),
    ],
)
def test_a_scope_covers_what_fits_all_of_it(scope, covers):
    """What is left out asks for nothing."""
    assert covers is scope.covers(alarm())


def test_a_client_without_an_address_lies_in_no_network():
    """An imported recording has none."""
    assert not Scope(network="0.0.0.0/0").covers(alarm(client="import"))


@pytest.mark.parametrize(
    ("now", "stands"),
    [(NOON - 1, False), (NOON, True), (NOON + DAY - 1, True), (NOON + DAY, False)],
)
def test_a_rule_stands_from_its_beginning_to_before_its_end(now, stands):
    """Nothing is held back a moment longer."""
    rule = made(WHOLE)

    assert stands is rule.stands(now)
    assert (rule if stands else None) == holder([rule], alarm(), now)


def test_the_first_rule_that_covers_an_alert_holds_it():
    """One reason is told."""
    other = replace(WHOLE, scope=Scope(user="bert"))
    first, second = made(WHOLE), made(replace(WHOLE, scope=Scope(lane="identity")))

    assert first == holder([made(other), first, second], alarm(), NOON)


def test_a_rule_is_named_by_all_that_it_says():
    """The same twice is one; its network is written one way."""
    rule = made(replace(WHOLE, scope=Scope(network="10.0.0.1")))

    assert "10.0.0.1/32" == rule.scope.network
    assert rule == made(rule)
    assert rule.id.startswith("rule-")
    names = {made(replace(WHOLE, reason=reason)).id for reason in ("a", "b", "a")}
    assert 2 == len(names)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"owner": " "}, "who answers"),
        ({"reason": ""}, "why"),
        ({"ends": NOON}, "end after it begins"),
        ({"ends": NOON + LONGEST + 1}, "within a year"),
        ({"begins": NOON - DAY, "ends": NOON - 1}, "ended already"),
        ({"scope": Scope()}, "only maintenance"),
        ({"scope": Scope(network="ten")}, "no address"),
        ({"scope": Scope(network="10.0.0.1/8")}, "no address"),
    ],
)
def test_what_may_be_no_rule_is_refused_with_the_reason(wrong, why):
    """A rule without an end or an owner stands for ever."""
    with pytest.raises(NoRule, match=why):
        made(replace(WHOLE, **wrong))


def test_maintenance_may_be_of_everything():
    """For a time, with a reason."""
    window = made(replace(WHOLE, kind=MAINTENANCE, scope=Scope()))

    assert window == holder([window], alarm(user=None, client=""), NOON)
