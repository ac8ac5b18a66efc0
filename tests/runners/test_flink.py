"""What Flink is told belongs together, and what a workflow says itself stays."""

from __future__ import annotations

from typing import Any

import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from beam_ingest.api.errors import CannotStart
from beam_ingest.runners.flink import OPTIONS, flink_options, needs_job_server

CLUSTER = "flink.example:8081"


def test_the_parallelism_is_the_number_of_workers() -> None:
    assert flink_options({}, 4)["parallelism"] == 4
    assert flink_options({"parallelism": 2}, 4)["parallelism"] == 2


def test_an_embedded_flink_keeps_its_workers_in_this_process() -> None:
    assert flink_options({}, 1)["environment_type"] == "LOOPBACK"
    assert flink_options({"flink_master": CLUSTER}, 1)["environment_type"] == "DOCKER"


def test_checkpoints_wait_for_bundles_and_bundles_are_short() -> None:
    told = flink_options({"checkpointing_interval": 1000}, 1)
    assert told["finish_bundle_before_checkpointing"] is True
    assert told["max_bundle_time_mills"] == 200
    assert "finish_bundle_before_checkpointing" not in flink_options({}, 1)
    own = flink_options({"checkpointing_interval": 1000, "max_bundle_time_mills": 50}, 1)
    assert own["max_bundle_time_mills"] == 50


def test_a_cluster_is_told_over_rest_and_goes_on_after_a_loss() -> None:
    told = flink_options({"flink_master": CLUSTER}, 1)
    assert told["flink_submit_uber_jar"] is True
    assert (told["number_of_execution_retries"], told["execution_retry_delay"]) == (3, 2000)
    assert flink_options({"flink_master": CLUSTER, "number_of_execution_retries": 0}, 1)[
        "number_of_execution_retries"
    ] == 0  # fmt: skip


def test_a_savepoint_that_beam_would_not_hand_on_is_refused() -> None:
    told = {"flink_master": CLUSTER, "savepoint_path": "s3://s/1"}
    with pytest.raises(CannotStart, match="over REST"):
        flink_options(told, 1)
    assert flink_options({**told, "flink_submit_uber_jar": False}, 1)["savepoint_path"]
    assert flink_options({**told, "job_endpoint": "localhost:8099"}, 1)["savepoint_path"]


@pytest.mark.parametrize(
    ("options", "needed"),
    [
        ({}, True),
        ({"flink_master": "[local]"}, True),
        ({"job_endpoint": "localhost:8099"}, False),
        ({"flink_master": CLUSTER}, False),
        ({"flink_master": CLUSTER, "flink_submit_uber_jar": False}, True),
        ({"output_executable_path": "job.jar"}, True),
    ],
)
def test_a_job_server_is_started_where_nothing_else_takes_the_job(
    options: dict[str, Any], needed: bool
) -> None:
    assert needs_job_server(options) is needed


def test_what_we_know_of_flink_is_not_what_beam_knows_by_itself() -> None:
    assert not OPTIONS & set(PipelineOptions([]).get_all_options())
