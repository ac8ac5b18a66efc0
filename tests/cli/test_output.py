"""Data that nobody reads any more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from beam_ingest.api.errors import IngestError
from beam_ingest.cli.output import emit


def test_a_closed_pipe_ends_the_data_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        assert emit("lost") is False
        # What Python does at exit: it fails no more.
        stdout.flush()
        assert emit("into the void") is True


FULL = Path("/dev/full")
on_linux = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


@on_linux
def test_a_full_disk_is_told_and_the_exit_fails_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    with FULL.open("w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        with pytest.raises(IngestError, match="cannot write the output: No space left"):
            emit("lost")
        stdout.flush()


@on_linux
@pytest.mark.parametrize("verb", ["list", "schema"])
def test_output_to_a_full_disk_ends_in_one_line_and_one(verb: str) -> None:
    with FULL.open("w") as stdout:
        ended = subprocess.run(
            [sys.executable, "-c", "from beam_ingest.cli.main import main; main()", verb],
            stdout=stdout, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert ended.stderr == "error: cannot write the output: No space left on device\n"
    assert ended.returncode == 1
