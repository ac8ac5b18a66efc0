"""What engines are told of a run's counts."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from beam_ingest.flow.counters import NAMESPACE, counter_name
from beam_ingest.flow.worker import Worker
from tests.flow.workflows import part, run, workflow

ALLOWED = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")


@pytest.mark.parametrize(
    ("step", "name"),
    [
        ("file-2 (stage)", "file_2_stage_out"),
        ("my.package.Mine", "my_package_Mine_out"),
        ("2nd", "step_2nd_out"),
        ("größer", "gr_er_out"),
        ("(state)", "state_out"),
        ("№ 1", "step_1_out"),
        ("–", "step_out"),
        ("x" * 200, "x" * 96 + "_out"),
    ],
)
def test_a_counter_has_a_name_that_cloud_monitoring_accepts(step: str, name: str) -> None:
    assert counter_name(step, "out") == name
    assert ALLOWED.fullmatch(name)


def test_what_was_told_once_is_not_told_again(tmp_path: Path) -> None:
    worker = Worker(str(tmp_path), None)
    worker.count("filter", 5, 3, 2)
    assert worker.news() == [("filter", (5, 3, 2))]
    worker.count("filter", 1, 1, 0)
    worker.count("sink", 4, 4, 0)
    assert worker.news() == [("filter", (1, 1, 0)), ("sink", (4, 4, 0))]
    assert worker.news() == []


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_the_engine_counts_as_the_report_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    results: list[Any] = []
    real = FnApiRunner.run_pipeline

    def kept(*arguments: Any) -> Any:
        results.append(real(*arguments))
        return results[-1]

    monkeypatch.setattr(FnApiRunner, "run_pipeline", kept)
    config = workflow(
        tmp_path,
        {"splits": 4, "records": 300, "parents": 3},
        processors=[part("Faulty", every=2)],
        sink={"type": "file", "config": {"path": str(tmp_path / "out.jsonl")}},
        beam={"workers": workers},
    )
    report = run(config)
    (result,) = results
    told: Counter[str] = Counter()
    for counter in result.metrics().query()["counters"]:  # one for each transform
        if counter.key.metric.namespace == NAMESPACE:
            told[counter.key.metric.name] += counter.committed
    expected = {
        counter_name(step.name, what): count
        for step in report.steps
        for what, count in (("in", step.in_), ("out", step.out), ("failed", step.failed))
        if count
    }
    assert told == expected
