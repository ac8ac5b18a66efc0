"""Workers that lack the package say so in one sentence: it is no defect, and no traceback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import PipelineRunner

from beam_ingest.flow.launch import launch
from tests.flow.scripted import plan_of

TRACE = (
    "Error from SDK harness: Traceback ...\nModuleNotFoundError: No module named 'beam_ingest'\n"
)


class WithoutPackage(PipelineRunner):
    def run_pipeline(self, pipeline: Any, options: Any) -> Any:
        raise RuntimeError(TRACE)


def test_it_is_said_in_one_sentence(tmp_path: Path) -> None:
    report = launch(plan_of(tmp_path), WithoutPackage(), PipelineOptions([]))
    assert report.exit_code == 2
    assert report.sentence == "The run was stopped: the workers cannot import beam_ingest."
    assert "beam.workerCode" in str(report.failures[0].hint)
