"""The command line in this process, in a folder of its own, with a workflow that is scripted."""

from __future__ import annotations

import json
import logging
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from beam_ingest.cli.main import main
from beam_ingest.engines import flink as flink_jobs
from beam_ingest.engines.job import FILE, Job
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.http.retry import RetryPolicy
from tests.cli.scripted import ScriptedWorkflow
from tests.engines.fakes import FakeFlink, fake_flink

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def _logging_restored() -> Iterator[None]:
    """Verbs set up logging for a whole process; pytest's own handlers are not to be closed."""
    root, ours = logging.getLogger(), logging.getLogger("beam_ingest")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    root.handlers[:] = []
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, empty."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    return tmp_path


@pytest.fixture
def cli(folder: Path) -> Iterator[Run]:
    """``cli("run", "-c", "w.yaml")``: the result, with its exit code, stdout and stderr."""
    known = set(sys.modules)

    def run(*args: str, **kwargs: object) -> Result:
        result = CliRunner().invoke(main, list(args), **kwargs)  # type: ignore[arg-type]
        print(result.stderr)  # shown where a test fails
        return result

    yield run
    for name in set(sys.modules) - known:
        # A module of the test's own folder: the next test may have another of that name.
        if str(folder) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture
def workflow(monkeypatch: pytest.MonkeyPatch) -> type[ScriptedWorkflow]:
    """What the verbs meet instead of ``beam_ingest.workflow.Workflow``."""
    scripted = type("Scripted", (ScriptedWorkflow,), {})
    module = types.ModuleType("beam_ingest.workflow")
    module.Workflow = scripted  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "beam_ingest.workflow", module)
    return scripted


@pytest.fixture
def unended(folder: Path) -> RunDir:
    """The run ``r1`` of a workflow of files, without a report."""
    run = RunDir(str(folder / "runs" / "r1"))
    workflow = {
        "source": {
            "type": "file",
            "serviceName": "lines",
            "serviceConnection": {"config": {"type": "File", "path": "in.jsonl"}},
        },
        "sink": {"type": "file", "config": {"path": "out.jsonl"}},
    }
    said = {"runId": "r1", "startedAt": "2026-01-01T00:00:00Z", "attempt": 0, "workflow": workflow}
    run.store.write("run.json", json.dumps(said).encode())
    return run


@pytest.fixture
def deaf_flink(unended: RunDir, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an engine that does not answer, at which the job of ``unended`` is."""
    monkeypatch.setattr(flink_jobs, "_POLICY", RetryPolicy(first_contact=0.0))
    url = "http://127.0.0.1:9"
    unended.store.write(FILE, Job("flink", "beam-ingest-r1", url, "a1").to_bytes())
    return url


@pytest.fixture
def flink(unended: RunDir) -> Iterator[FakeFlink]:
    """An engine at which the job of ``unended`` is running."""
    with fake_flink() as fake:
        unended.store.write(FILE, Job("flink", "beam-ingest-r1", fake.url, "a1").to_bytes())
        fake.add("a1", "beam-ingest-r1")
        yield fake
