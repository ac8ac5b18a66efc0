"""The command line in this process, in a folder of its own, with a workflow that is scripted."""

from __future__ import annotations

import logging
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from beam_ingest.cli.main import main
from tests.cli.scripted import ScriptedWorkflow

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
