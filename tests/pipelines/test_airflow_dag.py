"""The Airflow example, with Airflow's two decorators replaced by ones that just call."""

from __future__ import annotations

import runpy
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.api.report import RunFailed


@pytest.fixture(autouse=True)
def _airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    sdk = types.ModuleType("airflow.sdk")

    def dag(**settings: Any) -> Callable[[Callable[[], None]], Callable[[], None]]:
        assert {"schedule", "start_date", "catchup"} <= set(settings)
        return lambda function: function

    sdk.dag = dag  # type: ignore[attr-defined]
    sdk.task = lambda function: function  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "airflow", types.ModuleType("airflow"))
    monkeypatch.setitem(sys.modules, "airflow.sdk", sdk)


def test_the_dag_runs_the_workflow(quickstart: Path) -> None:
    runpy.run_path("pipelines/airflow_dag.py")
    assert (quickstart / "out" / "tables.jsonl").exists()


def test_the_task_fails_where_the_run_failed(
    quickstart: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (quickstart / "failing.py").write_text("def process(record):\n    raise ValueError('no')\n")
    text = (quickstart / "pipelines" / "quickstart.yaml").read_text()
    head = text[: text.index("processors:")] + text[text.index("sink:") :]
    (quickstart / "failing.yaml").write_text(head + "processors: [{type: failing.process}]\n")
    monkeypatch.setenv("BEAM_INGEST_WORKFLOW", "failing.yaml")
    monkeypatch.syspath_prepend(str(quickstart))
    with pytest.raises(RunFailed, match="records failed"):
        runpy.run_path("pipelines/airflow_dag.py")
