# SPDX-License-Identifier: GPL-2.0-or-later
"""job: start, wait, await, signal, and what is left when somebody dies."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

LONG = "30"


class Jobs:
    def __init__(self, program: Path, folder: Path) -> None:
        self.program, self.folder = program, folder

    def __call__(self, *words: str) -> tuple[int, str, str]:
        env = os.environ | {"TERRARIUM_JOB_DIR": str(self.folder)}
        done = subprocess.run(
            [self.program, *words], capture_output=True, text=True, env=env, timeout=60
        )
        return done.returncode, done.stdout, done.stderr

    def shell(self, name: str, script: str) -> None:
        assert self("start", name, "--", "sh", "-c", script) == (0, "", "")

    def file(self, name: str, file: str) -> str:
        return (self.folder / name / file).read_text()


@pytest.fixture
def job(tool: Callable[[str], Path], tmp_path: Path) -> Jobs:
    return Jobs(tool("job"), tmp_path / "jobs")


def gone(pid: int) -> bool:
    """Whether the process has ended (somebody may still have to collect it)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_gone(pid: int) -> bool:
    """Wait for the end of a process that is not our child."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    ready = bool(poll.poll(10_000))
    os.close(fd)
    return ready or gone(pid)


def test_status_and_output(job: Jobs) -> None:
    job.shell("a", "echo out; echo err >&2; exit 7")
    assert job("wait", "a", LONG) == (7, "7\n", "")
    assert (job.file("a", "out"), job.file("a", "err")) == ("out\n", "err\n")
    assert job.file("a", "status") == "7\n"


def test_status_of_a_signal(job: Jobs) -> None:
    job.shell("a", "kill -9 $$")
    assert job("wait", "a", LONG) == (137, "137\n", "")


def test_start_returns_while_it_runs(job: Jobs) -> None:
    before = time.monotonic()
    job.shell("a", "exec sleep 100")
    assert time.monotonic() - before < 20
    assert job("signal", "a", "KILL")[0] == 0


def test_no_such_program(job: Jobs) -> None:
    status, out, err = job("start", "a", "--", "no-such-program")
    assert (status, out) == (127, "")
    assert err == "job: cannot run no-such-program: No such file or directory\n"
    assert not (job.folder / "a").exists()


def test_same_name_twice(job: Jobs) -> None:
    job.shell("a", "exec sleep 100")
    status, _, err = job("start", "a", "--", "true")
    assert (status, err) == (125, "job: a runs already\n")
    job("signal", "a", "KILL")
    job("wait", "a", LONG)
    job.shell("a", "echo second")
    assert job("wait", "a", LONG)[0] == 0
    assert job.file("a", "out") == "second\n"


@pytest.mark.parametrize("name", ["", ".", "../x", "a/b", "x" * 65, "a b"])
def test_bad_names(job: Jobs, name: str) -> None:
    status, _, err = job("start", name, "--", "true")
    assert status == 125
    assert "a name has letters" in err


def test_wait_times_out(job: Jobs) -> None:
    job.shell("a", "exec sleep 100")
    assert job("wait", "a", "0.1") == (124, "", "job: a did not end in time\n")
    job("signal", "a", "KILL")


def test_wait_for_no_job(job: Jobs) -> None:
    status, _, err = job("wait", "a", "1")
    assert status == 125
    assert err.startswith("job: no job a")


def test_wait_sees_a_later_end(job: Jobs, tmp_path: Path) -> None:
    fifo = tmp_path / "go"
    os.mkfifo(fifo)
    job.shell("a", f"read line < {fifo}; exit 3")
    env = os.environ | {"TERRARIUM_JOB_DIR": str(job.folder)}
    waiting = subprocess.Popen([job.program, "wait", "a", LONG], env=env, stdout=subprocess.PIPE)
    fifo.write_text("go\n")
    assert waiting.communicate(timeout=60)[0] == b"3\n"
    assert waiting.returncode == 3


def test_await_finds_lines(job: Jobs) -> None:
    job.shell("a", "echo one; echo two >&2; printf 'three\\r\\n'; echo one again; exec sleep 100")
    assert job("await", "a", "out", "^one", LONG) == (0, "one\n", "")
    assert job("await", "a", "out", "^one", LONG, "--skip", "1") == (0, "one again\n", "")
    assert job("await", "a", "out", "^three$", LONG) == (0, "three\n", "")
    assert job("await", "a", "err", "t(w|x)o", LONG) == (0, "two\n", "")
    assert job("await", "a", "out", "four", "0.1")[0] == 124
    job("signal", "a", "KILL")


def test_await_sees_a_later_line(job: Jobs, tmp_path: Path) -> None:
    fifo = tmp_path / "go"
    os.mkfifo(fifo)
    job.shell("a", f"printf par; read line < {fifo}; echo tial; exec sleep 100")
    env = os.environ | {"TERRARIUM_JOB_DIR": str(job.folder)}
    argv = [job.program, "await", "a", "out", "^partial$", LONG]
    waiting = subprocess.Popen(argv, env=env, stdout=subprocess.PIPE)
    fifo.write_text("go\n")
    assert waiting.communicate(timeout=60)[0] == b"partial\n"
    job("signal", "a", "KILL")


def test_await_ends_with_the_job(job: Jobs) -> None:
    job.shell("a", "printf 'no newline'; exit 4")
    assert job("await", "a", "out", "newline$", LONG) == (0, "no newline\n", "")
    assert job("await", "a", "out", "other", LONG) == (
        1, "", "job: a ended (status 4) without such a line\n",
    )


def test_await_reads_long_output(job: Jobs) -> None:
    job.shell("a", "seq 1 60000; head -c 100000 /dev/zero | tr '\\0' x; echo; echo last")
    assert job("await", "a", "out", "^60000$", LONG)[1] == "60000\n"
    assert len(job("await", "a", "out", "^x+$", LONG)[1]) == 100001
    assert job("await", "a", "out", "^last$", LONG)[1] == "last\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("a", "neither", "x", "1"), "the stream is out or err"),
        (("a", "out", "(", "1"), "not an extended regular expression"),
        (("a", "out", "x", "soon"), "not a number of seconds"),
        (("a", "out", "x", "-1"), "not a number of seconds"),
    ],
)
def test_await_refuses(job: Jobs, words: tuple[str, ...], sentence: str) -> None:
    job.shell("a", "true")
    status, _, err = job("await", *words)
    assert status == 125
    assert sentence in err


def test_signal_reaches_the_group(job: Jobs) -> None:
    job.shell("a", "sh -c 'echo $$; exec sleep 100' & wait")
    child = int(job("await", "a", "out", "^[0-9]+$", LONG)[1])
    assert job("signal", "a", "TERM") == (0, "", "")
    assert job("wait", "a", LONG)[1] == "143\n"
    assert wait_gone(child)


def test_children_die_with_the_job(job: Jobs) -> None:
    job.shell("a", "sleep 100 & echo $!; exit 0")
    assert job("wait", "a", LONG)[0] == 0
    assert wait_gone(int(job.file("a", "out")))


@pytest.mark.parametrize(("words", "sentence"), [(("a", "TERM"), "does not run"), (("a", "NONE"), "no such signal")])
def test_signal_refuses(job: Jobs, words: tuple[str, str], sentence: str) -> None:
    job.shell("a", "true")
    job("wait", "a", LONG)
    status, _, err = job("signal", *words)
    assert status == 125
    assert sentence in err


def test_supervisor_dies(job: Jobs) -> None:
    job.shell("a", "echo $$; exec sleep 100")
    pid = int(job("await", "a", "out", "^[0-9]+$", LONG)[1])
    stat = Path(f"/proc/{pid}/stat").read_text()
    os.kill(int(stat.rpartition(")")[2].split()[1]), signal.SIGKILL)
    assert job("wait", "a", LONG) == (125, "", "job: a has no supervisor any more\n")
    assert job("await", "a", "out", "never", LONG)[0] == 125
    assert wait_gone(pid)


def test_usage(job: Jobs) -> None:
    for words in ((), ("start", "a"), ("frob", "a", "b"), ("start", "a", "true", "x")):
        status, _, err = job(*words)
        assert status == 125
        assert "usage" in err
