"""Long work: every unit once, in other processes, however often it is started."""

import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from reauth.lab.work import WorkError, finished, unwatched


@dataclass(frozen=True)
class Note:
    """Write down who did it."""

    out: Path
    how: str = "write"


def do(job):
    """What a process does with a note."""
    if job.how == "orphan":
        job.out.with_suffix(".pid").write_text(str(os.getpid()))
        os.kill(os.getppid(), signal.SIGKILL)
        threading.Event().wait()
    if job.how == "die":
        os._exit(1)
    if job.how == "fail":
        raise ValueError("this one cannot be done")
    with job.out.open("a") as out:
        out.write(f"{os.getpid()} {os.environ.get('GIVEN', '')}\n")


def give(value):
    """What a process does first."""
    os.environ["GIVEN"] = value


def test_every_job_is_done_once_and_elsewhere(tmp_path):
    """A second start finds all of it done, and starts nobody."""
    jobs = [Note(tmp_path / str(number)) for number in range(3)]

    assert jobs == sorted(finished(jobs, do, 2, (give, ("a",))), key=lambda job: job.out)
    written = [job.out.read_text().split() for job in jobs]
    assert jobs == list(unwatched(finished(jobs, do, 2), 3, "notes"))

    assert written == [job.out.read_text().split() for job in jobs]
    assert {"a"} == {given for _, given in written}
    assert str(os.getpid()) not in {who for who, _ in written}


def test_what_was_finished_before_a_failure_is_kept(tmp_path):
    """One unit is lost at most, and the next start does it."""
    first, second = Note(tmp_path / "1"), Note(tmp_path / "2", "fail")

    with pytest.raises(ValueError, match="cannot be done"):
        list(finished([first, second], do, 1))

    assert first.out.exists()
    assert [first.out, second.out] == [
        job.out for job in finished([first, Note(second.out)], do, 1)
    ]


def test_a_process_that_is_ended_is_told(tmp_path):
    """With the next step; no trace."""
    with pytest.raises(WorkError, match="fewer --jobs"):
        list(finished([Note(tmp_path / "1", "die")], do, 1))


def test_nobody_goes_on_for_one_who_was_killed(tmp_path):
    """A process whose parent is gone, without a word, goes too: it holds a core for nobody."""
    program = (
        "from pathlib import Path; from tests.reauth.lab.test_work import Note, do; "
        "from reauth.lab.work import finished; "
        f"list(finished([Note(Path({str(tmp_path / '1')!r}), 'orphan')], do, 1))"
    )
    home = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", program], cwd=home, check=False)

    assert -signal.SIGKILL == done.returncode
    orphan = int((tmp_path / "1.pid").read_text())
    psutil.wait_procs([psutil.Process(orphan)] if psutil.pid_exists(orphan) else [], timeout=60)
    assert not psutil.pid_exists(orphan) or psutil.Process(orphan).status() == "zombie"
