"""Workflows for the graph's tests, as mappings, and the four ways in which each must run alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from beam_ingest.api.report import Report, StepReport
from beam_ingest.flow.ledger import Counts, unbalanced
from beam_ingest.workflow import Workflow

RUNNERS: dict[str, dict[str, Any]] = {
    "one process": {},
    "two processes": {"workers": 2},
    "every bundle twice": {"options": {"direct_runner_bundle_repeat": 1}},
    "portable": {
        "runner": "PortableRunner",
        "options": {"job_endpoint": "embed", "environment_type": "LOOPBACK"},
    },
}


def workflow(tmp_path: Path, source: dict[str, Any], **blocks: Any) -> dict[str, Any]:
    """A workflow with ``Numbers`` as its source, its run directories below ``tmp_path``."""
    beam = {"workDir": str(tmp_path / "runs"), **blocks.pop("beam", {})}
    return {
        "source": {"type": "tests.flow.parts.Numbers", "serviceName": "s", "config": source},
        "beam": beam,
        **blocks,
    }


def part(name: str, **config: Any) -> dict[str, Any]:
    """A component of ``tests.flow.parts``."""
    return {"type": f"tests.flow.parts.{name}", "config": config}


def run(config: dict[str, Any], **options: Any) -> Report:
    """Run it, and hold the report against the rule of the ledger."""
    report = Workflow.from_config(config).run(**options)
    check(report)
    return report


def check(report: Report) -> None:
    """in = passed + filtered + failed at every step; every split is accounted for."""
    counts = [(s.name, Counts(s.in_, s.passed, s.filtered, s.failed, s.out)) for s in report.steps]
    assert unbalanced(counts) == []
    splits = report.splits
    if splits.total is not None:
        assert splits.total == splits.done + splits.failed + splits.not_read


def step(report: Report, name: str) -> StepReport:
    """The step whose name ends so."""
    return next(step for step in report.steps if step.name.endswith(name))
