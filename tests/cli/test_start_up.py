"""Verbs that need no Beam start in a moment, because they import neither it nor its friends."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

CLI = "from beam_ingest.cli.main import main; main()"
WORKFLOW = """\
source:
  type: file
  serviceName: lines
  serviceConnection: {config: {type: File, path: in.jsonl}}
sink: {type: file, config: {path: out.jsonl}}
"""
LETTER = '{"step": "s", "reason": "r", "name": "n", "split": "p", "attempts": 1, "record": {}}\n'


def imported(folder: Path, *args: str) -> set[str]:
    """The modules that a command imports, as Python itself reports them."""
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", CLI, *args],
        cwd=folder, capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]
    return set(re.findall(r"^import time:.*\| +(\S+)$", ran.stderr, re.M))


def cpu_seconds(folder: Path, code: str, *args: str) -> float:
    """The processor time of the best of five starts; on a busy machine clocks prove nothing."""
    return min(_once(folder, [sys.executable, "-c", code, *args]) for _ in range(5))


def _once(folder: Path, command: list[str]) -> float:
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as child:
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        assert child.returncode == 0, child.stderr and child.stderr.read()
    return usage.ru_utime + usage.ru_stime


@pytest.fixture
def workflow(tmp_path: Path) -> Path:
    (tmp_path / "in.jsonl").write_text('{"name": "a"}\n')
    (tmp_path / "w.yaml").write_text(WORKFLOW)
    (tmp_path / "dead.jsonl").write_text(LETTER)
    return tmp_path


@pytest.mark.parametrize(
    "args",
    [
        ["--help"],
        ["run", "--help"],
        ["list"],
        ["schema"],
        ["schema", "sqlite"],
        ["validate", "-c", "w.yaml"],
        ["graph", "-c", "w.yaml"],
        ["new", "source", "shop"],
        ["new", "workflow", "shop"],
        ["dead-letters", "dead.jsonl"],
        ["preview", "-c", "w.yaml"],
        ["test-connection", "-c", "w.yaml"],
    ],
    ids=" ".join,
)
def test_a_verb_that_runs_nothing_imports_no_beam(workflow: Path, args: list[str]) -> None:
    modules = imported(workflow, *args)
    assert "beam_ingest.cli.main" in modules
    assert {name for name in modules if name.partition(".")[0] == "apache_beam"} == set()
    assert not {"rich.console", "sqlglot"} & modules


def test_help_imports_no_verb(workflow: Path) -> None:
    modules = imported(workflow, "--help")
    assert not {"beam_ingest.cli.run", "beam_ingest.cli.verb", "yaml", "sqlalchemy"} & modules


def test_help_takes_less_than_three_tenths_of_a_second(workflow: Path) -> None:
    base = cpu_seconds(workflow, "import pydantic.main, click")
    spent = cpu_seconds(workflow, CLI, "--help")
    assert spent < 0.3
    assert spent < 2.5 * base


def test_validate_takes_less_than_half_a_second(workflow: Path) -> None:
    base = cpu_seconds(workflow, "import pydantic.main, click")
    spent = cpu_seconds(workflow, CLI, "validate", "-c", "w.yaml")
    assert spent < 0.5
    assert spent < 4 * base


def test_a_reader_that_goes_away_is_no_error(workflow: Path) -> None:
    (workflow / "in.jsonl").write_text('{"name": "a"}\n' * 20_000)
    with subprocess.Popen(
        [sys.executable, "-c", CLI, "preview", "-c", "w.yaml", "--limit", "20000"],
        cwd=workflow, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as child:  # fmt: skip
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline() == b'{"name":"a"}\n'
        child.stdout.close()
        assert child.stderr.read() == b""
    assert child.returncode == 0
