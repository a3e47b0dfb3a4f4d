"""Rules of one tab's order."""

from hypothesis import given
from hypothesis import strategies as st

from reauth.order import HELD, RECENT, Offer, TabStream, digest


def delivered(stream, now=0.0, wait=5.0):
    return [(ready.seq, ready.missing) for ready in stream.take(now, wait)]


def offer(stream, seq, now=0.0, content=None):
    return stream.offer(seq, digest(content or b"%d" % seq), seq, now)


def test_batches_are_delivered_in_the_order_of_their_numbers():
    """What comes early waits for what is missing."""
    stream = TabStream()

    assert offer(stream, 1) is Offer.NEW
    assert delivered(stream) == []
    assert stream.waiting and stream.is_held(1)
    offer(stream, 0)
    assert delivered(stream) == [(0, 0), (1, 0)]
    assert not stream.waiting


def test_a_repeated_batch_changes_nothing():
    """The browser sends at least once; delivered or still held, the second is a duplicate."""
    stream = TabStream()
    offer(stream, 0)
    offer(stream, 2)
    delivered(stream)

    assert offer(stream, 0) is Offer.DUPLICATE
    assert offer(stream, 2) is Offer.DUPLICATE


def test_the_same_number_with_another_content_is_a_fork():
    """Two senders claim to be one page."""
    stream = TabStream()
    offer(stream, 0)

    assert offer(stream, 0, content=b"other") is Offer.FORKED


def test_a_hole_is_given_up_after_the_wait_and_said():
    """The gap's size is told; what comes into it later is late and never delivered."""
    stream = TabStream()
    offer(stream, 3, now=10.0)

    assert delivered(stream, now=14.9) == []
    assert delivered(stream, now=15.0) == [(3, 3)]
    assert offer(stream, 1, now=16.0) is Offer.LATE
    assert delivered(stream, now=16.0) == []


def test_too_many_waiting_batches_give_up_the_hole_at_once():
    """Memory of one tab is bounded."""
    stream = TabStream()
    for seq in range(1, HELD + 2):
        offer(stream, seq)

    assert len(delivered(stream)) == HELD + 1


def test_a_number_from_long_ago_is_late():
    """Its digest is forgotten, so it is kept again rather than lost."""
    stream = TabStream(next_seq=RECENT + 10)

    assert offer(stream, 5) is Offer.LATE


def test_memory_is_bounded_however_many_batches_come():
    """Only the last numbers' digests are remembered, and they survive a restart."""
    stream = TabStream()
    for seq in range(1000):
        offer(stream, seq)
        delivered(stream)
    again = TabStream(stream.next_seq, stream.recent_bytes())

    assert len(stream.recent_bytes()) <= 2 * RECENT * 12
    assert offer(again, 999) is Offer.DUPLICATE
    assert offer(again, 999, content=b"other") is Offer.FORKED
    assert offer(again, 1000) is Offer.NEW


def test_what_was_held_is_put_back_after_a_restart():
    """An acknowledged batch that waited is delivered all the same."""
    stream = TabStream(next_seq=1)
    stream.hold(2, 2, 0.0)
    offer(stream, 1)

    assert delivered(stream) == [(1, 0), (2, 0)]


@given(st.permutations(range(12)), st.lists(st.integers(0, 11), max_size=8))
def test_any_order_with_repetitions_delivers_each_once_in_order(order, repeated):
    """Whatever the network does inside the wait, the session sees one stream."""
    stream = TabStream()
    seen = []
    for seq in [*order, *repeated]:
        offer(stream, seq)
        seen += delivered(stream)

    assert seen == [(seq, 0) for seq in range(12)]
