"""A worker is forked with what its stand-in has, and the two end together; else it starts alone."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from beam_ingest.runners.nursery import in_nursery, nursery
from tests.acceptance.command import ROOT
from tests.runners.workflows import workflow

SCRIPT = """
import json, os, socket, sys, time
from beam_ingest.runners import nursery_process

def work():
    job = os.environ["JOB"]
    print("out", os.getpid(), flush=True)
    print("err", job, file=sys.stderr, flush=True)
    if job == "tell":
        told = {"argv": sys.argv[1:], "folder": os.getcwd(), "in": sys.stdin.read()}
        print(json.dumps({**told, "old": os.environ.get("OLD"), "key": os.environ["KEY"]}))
        sys.stdout.flush()
    elif job == "exit":
        raise SystemExit(7)
    elif job == "break":
        raise ValueError("it broke")
    elif job == "wait":
        time.sleep(600)

nursery_process.run_to_end = work
nursery_process._NEEDED = ("json",)
listener, launcher = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])
nursery_process.main(listener, launcher, ["no_such_module"])
"""


class Nursery:
    """A nursery whose workers do a job of this test instead of Beam's."""

    def __init__(self, folder: Path, held: contextlib.ExitStack) -> None:
        self.folder, self._held = folder, held
        self.path = folder / "nursery"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self.path))
            listener.listen(2)
            number = listener.fileno()
            command = [sys.executable, "-c", SCRIPT, str(number), str(os.getpid())]
            environment = {**os.environ, "OLD": "of the nursery"}
            self.process = held.enter_context(
                subprocess.Popen(command, pass_fds=[number], env=environment)
            )
        held.callback(self.process.kill)

    def ask(self, job: str, **variables: str) -> subprocess.Popen[str]:
        """A stand-in for a worker with this job."""
        process = self._held.enter_context(
            ask(self.path, self.folder / "run", JOB=job, **variables)
        )
        self._held.callback(process.kill)
        return process

    def worker(self, process: subprocess.Popen[str]) -> int:
        """The worker of a stand-in: it has begun."""
        assert process.stdout is not None
        return int(process.stdout.readline().split()[1])


def ask(path: Path, run_dir: Path, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        in_nursery(str(path), [sys.executable, "-c", "print('alone')", str(run_dir)]),
        env={"PATH": os.environ["PATH"], **variables},
        cwd=path.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Nursery]:
    with contextlib.ExitStack() as held:
        yield Nursery(tmp_path, held)


def ends(pid: int) -> bool:
    """Whether a process that is no child of this one ends soon."""
    try:
        number = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([number], [], [], 20)[0])
    finally:
        os.close(number)


def test_a_worker_has_what_its_stand_in_has(served: Nursery, tmp_path: Path) -> None:
    process = served.ask("tell", KEY="s3cr3t\n=x")
    out, err = process.communicate("typed", timeout=20)
    assert (process.returncode, err) == (0, "err tell\n")
    assert json.loads(out.splitlines()[1]) == {
        "argv": [str(tmp_path / "run")], "folder": str(tmp_path), "in": "typed",
        "old": None, "key": "s3cr3t\n=x",
    }  # fmt: skip


def test_its_first_heartbeat_has_come_and_names_the_launcher(
    served: Nursery, tmp_path: Path
) -> None:
    worker = served.worker(served.ask("wait"))
    (beat,) = (tmp_path / "run/heartbeats").iterdir()
    told = json.loads(beat.read_bytes())
    assert (told["pid"], told["parent"]) == (worker, os.getpid())


def test_a_secret_of_the_environment_is_in_no_list_of_arguments(served: Nursery) -> None:
    process = served.ask("wait", KEY="s3cr3t")
    worker = served.worker(process)
    for pid in (worker, process.pid, served.process.pid):
        assert b"s3cr3t" not in Path(f"/proc/{pid}/cmdline").read_bytes()
    assert b"s3cr3t" not in Path(f"/proc/{worker}/environ").read_bytes()


@pytest.mark.parametrize(("job", "code", "said"), [("exit", 7, ""), ("break", 1, "it broke")])
def test_a_stand_in_ends_with_what_its_worker_ends_with(
    served: Nursery, job: str, code: int, said: str
) -> None:
    process = served.ask(job)
    _, err = process.communicate(timeout=20)
    assert process.returncode == code
    assert said in err


def test_a_worker_that_is_killed_ends_its_stand_in_and_no_other(served: Nursery) -> None:
    first, second = served.ask("wait"), served.ask("exit")
    second.wait(20)
    os.kill(served.worker(first), signal.SIGTERM)  # the launcher's to handle
    third = served.ask("wait")
    os.kill(served.worker(third), signal.SIGKILL)
    assert third.wait(20) == 128 + signal.SIGKILL
    assert first.poll() is None


def test_a_stand_in_that_is_killed_ends_its_worker(served: Nursery) -> None:
    process = served.ask("wait")
    worker = served.worker(process)
    process.kill()
    assert ends(worker)


def test_a_worker_outlives_its_nursery_and_ends_with_its_stand_in(served: Nursery) -> None:
    first = served.ask("wait")
    one = served.worker(first)
    second = served.ask("wait")
    two = served.worker(second)
    served.process.kill()
    served.process.wait()
    os.kill(one, signal.SIGKILL)
    assert first.wait(20) == 1
    assert second.poll() is None
    second.kill()
    assert ends(two)


def test_without_a_nursery_a_stand_in_becomes_the_worker(tmp_path: Path) -> None:
    with ask(tmp_path / "none", tmp_path / "run") as process:
        assert process.communicate(timeout=20) == ("alone\n", "")
    assert process.returncode == 0


def test_a_nursery_that_dies_before_it_answers_leaves_nobody_waiting(tmp_path: Path) -> None:
    path = tmp_path / "nursery"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(1)
        process = ask(path, tmp_path / "run")
        connection, _ = listener.accept()
        connection.close()
    with process:
        assert process.communicate(timeout=20) == ("alone\n", "")


def test_a_nursery_ends_with_its_launcher_and_leaves_no_folder(tmp_path: Path) -> None:
    code = (
        "import sys; from tests.runners.test_nursery import Nursery; import contextlib, os;"
        "from pathlib import Path; held = contextlib.ExitStack();"
        "print(Nursery(Path(sys.argv[1]), held).process.pid, flush=True); os._exit(0)"
    )
    folder = tmp_path / "of the nursery"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert ends(int(done.stdout))
    assert not folder.exists()


def test_there_is_one_for_worker_processes_only() -> None:
    for beam in ({"workers": 1}, {"workers": 2, "runner": "prism"}):
        with nursery(workflow(beam=beam)) as path:
            assert path is None


def test_there_is_none_where_a_socket_cannot_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with nursery(workflow(beam={"workers": 2})) as path:
        assert path is None
    assert list(folder.iterdir()) == []


def test_there_is_none_off_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with nursery(workflow(beam={"workers": 2})) as path:
        assert path is None


def test_nobody_else_gets_at_it_and_it_is_gone_after_the_run() -> None:
    with nursery(workflow(beam={"workers": 2})) as path:
        assert path is not None
        folder = Path(path).parent
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()
