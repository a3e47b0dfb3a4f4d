"""Other names for users."""

from reauth.alert import Resemblance, Step
from reauth.pseudonym import disguised, pseudonym
from tests.rows import NOON, alarm


def test_the_same_user_has_the_same_pseudonym_under_one_key():
    """So that alerts of one user are seen to be that; with another key nobody can join them."""
    assert pseudonym(b"a", "anna") == pseudonym(b"a", "anna") != pseudonym(b"b", "anna")
    assert pseudonym(b"a", "anna") != pseudonym(b"a", "berta")
    assert "anna" not in pseudonym(b"a", "anna")


def test_nothing_that_names_anybody_is_left():
    """Who it is, whom they resemble, what people wrote."""
    alert = alarm(
        note="anna called",
        resembles=Resemblance("berta", 0.9),
        history=(Step(NOON, "ack", "eva", "asking anna"),),
    )
    hidden = disguised(b"k", alert)

    assert pseudonym(b"k", "anna") == hidden.user
    assert pseudonym(b"k", "berta") == hidden.resembles.user
    assert ("", "") == (hidden.note, hidden.history[0].note)
    assert (None, None) == (disguised(b"k", alarm(user=None)).user, alarm().resembles)
