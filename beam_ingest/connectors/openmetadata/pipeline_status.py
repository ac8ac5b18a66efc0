"""A run's status on the server's own page of the ingestion pipeline (``ingestionPipelineFQN``)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

from pydantic_core import to_json

from beam_ingest.api.report import Failure, Report
from beam_ingest.api.server import OpenMetadataServer
from beam_ingest.connectors.openmetadata.connect import connect
from beam_ingest.http import RetryPolicy, Timeouts

Json = dict[str, Any]

_STATES = {"success": "success", "partialSuccess": "partialSuccess", "failed": "failed"}
_EXAMPLES = 10
"""Failures shown for a step at most."""


class PipelineStatus:
    """Posts what became of a run.

    Each call raises an ``IngestError`` where the server cannot be told; that is no reason for a
    run to fail, so the caller says so and goes on. A server that is gone is given up on soon.
    """

    def __init__(self, server: OpenMetadataServer, pipeline_fqn: str, run_id: str) -> None:
        self._server = server
        self._path = (
            f"/{server.api_version}/services/ingestionPipelines/"
            f"{quote(pipeline_fqn, safe='')}/pipelineStatus"
        )
        self._run_id = run_id

    def started(self, at: datetime) -> None:
        """The run goes on since ``at``."""
        self._post("running", at, {})

    def ended(self, report: Report) -> None:
        """The run has ended as ``report`` says."""
        stopped = report.exit_code in (130, 143)
        ended = datetime.fromisoformat(report.ended_at)
        self._post(
            "stopped" if stopped else _STATES[report.status],
            datetime.fromisoformat(report.started_at),
            {"endDate": _milliseconds(ended), "status": step_summaries(report)},
        )

    def _post(self, state: str, started: datetime, more: Json) -> None:
        start = _milliseconds(started)
        body = {
            "runId": self._run_id,
            "pipelineState": state,
            "startDate": start,
            "timestamp": start,
            **more,
        }
        session = connect(
            self._server,
            connections=1,
            timeouts=Timeouts(5, 30),
            policy=RetryPolicy(tries=3, budget=15),
        )
        try:
            session.json("PUT", self._path, body=to_json(body))
        finally:
            session.close()


def step_summaries(report: Report) -> list[Json]:
    """The report's steps as the server's ``StepSummary``."""
    return [
        {
            "name": step.name,
            "records": step.out,
            "filtered": step.filtered,
            "errors": step.failed,
            "failures": [
                {"name": ", ".join(each.examples[:3]) or step.name, "error": _error(each)}
                for each in report.failures
                if each.step == step.name
            ][:_EXAMPLES],
        }
        for step in report.steps
    ]


def _error(failure: Failure) -> str:
    hint = f" ({failure.hint})" if failure.hint else ""
    return f"{failure.count}: {failure.reason}{hint}"


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
