from __future__ import annotations

from datetime import UTC, datetime

import pytest

from beam_ingest.api.errors import IngestError
from beam_ingest.api.report import Failure, Report, StepReport
from beam_ingest.connectors.openmetadata.pipeline_status import PipelineStatus
from tests.connectors.openmetadata.support import server_of
from tests.servers.openmetadata import FakeOpenMetadata

PIPELINE = "shop.nightly"
START = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)


def report(**fields: object) -> Report:
    return Report.model_validate(
        {
            "runId": "r1",
            "runDir": "runs/r1",
            "status": "partialSuccess",
            "exitCode": 1,
            "sentence": "3 of 5 records were written.",
            "startedAt": START.isoformat(),
            "endedAt": "2026-11-23T01:02:04.500+00:00",
            "steps": [
                StepReport.model_validate(
                    {"name": "metadata-rest", "kind": "sink", "in": 5, "passed": 3, "failed": 2,
                     "out": 3, "filtered": 0}
                )
            ],
            "failures": [
                Failure(step="metadata-rest", reason="too long", count=2, examples=["a", "b"])
            ],
            **fields,
        }
    )  # fmt: skip


def status_of(fake: FakeOpenMetadata) -> PipelineStatus:
    fake.add("ingestionPipeline", PIPELINE)
    return PipelineStatus(server_of(fake), f'"{PIPELINE}"', "r1")


def test_the_server_shows_a_run_from_its_start_to_its_end(fake: FakeOpenMetadata) -> None:
    status = status_of(fake)
    status.started(START)
    (running,) = fake.store.pipeline_statuses[f'"{PIPELINE}"']
    assert (running["pipelineState"], running["runId"]) == ("running", "r1")
    status.ended(report())
    (ended,) = fake.store.pipeline_statuses[f'"{PIPELINE}"']
    assert ended == {
        "runId": "r1",
        "pipelineState": "partialSuccess",
        "startDate": 1795395723000,
        "timestamp": 1795395723000,
        "endDate": 1795395724500,
        "status": [
            {
                "name": "metadata-rest",
                "records": 3,
                "filtered": 0,
                "errors": 2,
                "failures": [{"name": "a, b", "error": "2: too long"}],
            }
        ],
    }


def test_a_run_that_was_interrupted_is_stopped(fake: FakeOpenMetadata) -> None:
    status = status_of(fake)
    status.ended(report(status="failed", exitCode=130))
    (ended,) = fake.store.pipeline_statuses[f'"{PIPELINE}"']
    assert ended["pipelineState"] == "stopped"


def test_a_pipeline_the_server_does_not_know_is_an_error_for_the_reader(
    fake: FakeOpenMetadata,
) -> None:
    status = PipelineStatus(server_of(fake), PIPELINE, "r1")
    with pytest.raises(IngestError, match=r"404: ingestionPipeline instance for shop\.nightly"):
        status.started(START)
