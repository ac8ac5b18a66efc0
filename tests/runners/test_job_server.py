"""A job server of a run needs Java, does not hear Ctrl-C, and ends with its run or launcher."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from beam_ingest.api.errors import CannotStart
from beam_ingest.runners.job_server import job_server

WRAPPED = [sys.executable, "-m", "beam_ingest.runners.job_server"]
NUMBER = "import os, sys, time; print(os.getpid(), flush=True); time.sleep(60)"


def test_without_java_it_says_what_to_install() -> None:
    options = PipelineOptions(["--job_server_java_launcher=no-such-java"])
    with pytest.raises(CannotStart) as caught, job_server(options):
        raise AssertionError("it was started")
    assert caught.value.message == "Flink runs on Java, and there is no program 'no-such-java' here"
    assert "beam.options.job_endpoint" in str(caught.value.hint)


def test_it_is_in_a_session_of_its_own_and_ends_when_it_is_told() -> None:
    process = subprocess.Popen(
        [*WRAPPED, sys.executable, "-c", NUMBER], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    child = int(process.stdout.readline())
    assert os.getsid(child) == os.getsid(process.pid) == process.pid
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 128 + signal.SIGINT
    assert ended(child)
    process.stdout.close()


@pytest.mark.slow
def test_it_ends_with_its_launcher() -> None:
    code = "import subprocess, sys; subprocess.Popen(sys.argv[1:]).wait()"
    launcher = subprocess.Popen(
        [sys.executable, "-c", code, *WRAPPED, sys.executable, "-c", NUMBER],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert launcher.stdout is not None
    child = int(launcher.stdout.readline())
    launcher.kill()
    launcher.wait()
    assert ended(child)
    launcher.stdout.close()


def ended(pid: int) -> bool:
    """Whether the process ends within 20 seconds."""
    limit = time.monotonic() + 20
    while time.monotonic() < limit:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False
