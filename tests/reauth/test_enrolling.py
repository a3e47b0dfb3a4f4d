"""Enrolment as people do it, on a real store."""

import asyncio
from contextlib import suppress

import pytest

from reauth.doors import doors_of
from reauth.enrol import Enroller
from reauth.enrolling import MOST_LINES, Cut, Enrolling, ListError, Lists, read_list
from reauth.errors import NotEnrolled, RecordingError, StoreError
from reauth.lanes import identity_recipe
from reauth.ports.roster import Line, LineState
from reauth.settings import Enrolment, Settings
from tests.reauth.console.test_enrolling import recorded
from tests.rows import NOON, learnt

SETTINGS = Settings(enrolment=Enrolment(min_trajectories=25))


@pytest.fixture
def doors(store):
    """The groups of tables."""
    return doors_of(store)


@pytest.fixture
def enrolling(doors):
    """Enrolment that needs little."""
    enroller = Enroller(doors.store, SETTINGS, lambda: NOON)
    cut = Cut(identity_recipe(SETTINGS), SETTINGS.identity_lane.session_gap)
    return Enrolling(doors.store, doors.roster, enroller, cut, lambda: NOON)


async def test_a_line_with_enough_movement_is_trained(enrolling, store):
    """Once; the same line again changes nothing."""
    for other in range(1, 5):
        await enrolling.take(f"other{other}", "x.csv", recorded(other, 30).encode())
    content = recorded(9, 40).encode()
    done = await enrolling.enrol(Line(1, "anna", "desk 4", "a.csv"), content)
    assert LineState.DONE is done.state and "trained: template 1, active" in done.told
    again = await enrolling.enrol(Line(1, "anna"), None)
    assert "is enrolled already: template 1" == again.told
    assert 1 == (await store.person("anna")).version


async def test_a_line_tells_why_it_failed(enrolling, store):
    """And nothing of it is kept."""
    for line, content, why in (
        (Line(1, "anna", file="a.csv"), b"x\n", "a.csv:1:"),
        (Line(1, "anna", file="a.csv"), None, "gone with a restart"),
        (Line(1, "a\nb", file="a.csv"), recorded(1).encode(), "no user can be called so"),
    ):
        done = await enrolling.enrol(line, content)
        assert LineState.FAILED is done.state and why in done.told
    assert [] == await store.people()


async def test_a_store_in_trouble_leaves_the_line_waiting(enrolling, monkeypatch):
    """It is tried again, rather than failed."""

    async def busy(*_):
        raise StoreError("busy")

    monkeypatch.setattr(enrolling._roster, "expect", busy)
    with pytest.raises(StoreError):
        await enrolling.enrol(Line(1, "anna"), None)


async def test_what_is_done_to_a_user_is_done_to_one_who_exists(enrolling, store):
    """Pause, resume, roll back, delete."""
    await store.save_template(learnt())
    assert "paused" == (await enrolling.pause("anna", "arm"))["state"]
    assert "active" == (await enrolling.resume("anna"))["state"]
    assert 1 == (await enrolling.rollback("anna", 1))["version"]
    assert 0 < (await enrolling.delete("anna"))["rows"]
    assert None is await enrolling.person("anna")
    for act in (enrolling.resume, enrolling.delete, enrolling.known, enrolling.train):
        with pytest.raises(NotEnrolled):
            await act("anna")
    with pytest.raises(RecordingError):
        await enrolling.take("", "a.csv", recorded(1).encode())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "line 1: the header"),
        ("user;note\n", "line 1: the header"),
        ("user\n", "line 1: a list has"),
        ("user\n" + "".join(f"u{n}\n" for n in range(MOST_LINES + 1)), "a list has"),
        ('user\n"anna\n', "line 2: "),
        (f"user,note\nanna,{'x' * 501}\n", "line 2: a note"),
        ("user,file\nanna,a.csv\nbert,a.csv\n", "line 3: a user, or a file"),
        (f"user\n{'x' * 257}\n", "line 2: a user has"),
    ],
)
def test_a_list_is_good_as_a_whole_or_not_at_all(text, why):
    """With the line that is wrong."""
    with pytest.raises(ListError, match="nothing was done") as refused:
        read_list(text, ["a.csv"])
    assert why in str(refused.value)


def test_lists_may_come_from_anywhere():
    """With a byte order mark, quoted, with empty lines, without the last columns."""
    lines = read_list('\ufeffuser,note,file\r\n"an,na",desk\r\n\r\nbert,,a.csv\r\n', ["a.csv"])

    assert [Line(1, "an,na", "desk"), Line(2, "bert", "", "a.csv")] == lines


async def test_a_file_is_forgotten_with_its_line(enrolling, doors):
    """Memory does not keep what is done."""
    lists = Lists(enrolling, doors.runs, lambda: NOON)
    run = await lists.begin(read_list("user,file\nanna,a.csv\n", ["a.csv"]),
                            {"a.csv": recorded(1).encode()}, "eve")  # fmt: skip
    with suppress(TimeoutError):
        async with asyncio.timeout(10):
            task = asyncio.get_running_loop().create_task(lists.work())
            while await doors.runs.waiting() or lists._files:  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.01)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert {} == lists._files
    assert LineState.DONE is (await doors.runs.run(run.id)).lines[0].state
