"""Where the workers are follows from the runner and its options, by Beam's own rules."""

from __future__ import annotations

from typing import Any

import pytest

from beam_ingest.config.place import Place, environment_of, place_of

CLUSTER = {"flink_master": "flink.example:8081"}
HERE = {"flink_master": "http://127.0.0.1:8081", "environment_type": "EXTERNAL"}


@pytest.mark.parametrize(
    ("runner", "options", "environment", "place"),
    [
        ("local", {}, "LOOPBACK", Place.INSIDE),
        ("prism", {}, "LOOPBACK", Place.INSIDE),
        ("DirectRunner", {}, "LOOPBACK", Place.INSIDE),
        ("flink", {}, "LOOPBACK", Place.INSIDE),
        ("FlinkRunner", {"flink_master": "[local]"}, "LOOPBACK", Place.INSIDE),
        ("flink", {"job_endpoint": "localhost:8099"}, "LOOPBACK", Place.INSIDE),
        ("flink", {"job_endpoint": "[::1]:8099"}, "LOOPBACK", Place.INSIDE),
        ("flink", {"job_endpoint": "js.example:8099"}, "DOCKER", Place.ELSEWHERE),
        ("flink", {"output_executable_path": "job.jar"}, "DOCKER", Place.ELSEWHERE),
        ("flink", CLUSTER, "DOCKER", Place.ELSEWHERE),
        ("flink", {**CLUSTER, "environment_type": "external"}, "EXTERNAL", Place.ELSEWHERE),
        ("flink", {**HERE, "environment_config": "localhost:50000"}, "EXTERNAL", Place.BESIDE),
        ("flink", {**HERE, "environment_config": "pool:50000"}, "EXTERNAL", Place.ELSEWHERE),
        ("flink", {**HERE, "environment_type": "PROCESS"}, "PROCESS", Place.BESIDE),
        ("flink", {**HERE, "output_executable_path": "x.jar"}, "EXTERNAL", Place.ELSEWHERE),
        ("flink", {**CLUSTER, "environment_type": "LOOPBACK"}, "LOOPBACK", Place.INSIDE),
        ("SparkRunner", {}, "LOOPBACK", Place.INSIDE),
        ("SparkRunner", {"spark_master_url": "spark://h:7077"}, "DOCKER", Place.ELSEWHERE),
        ("PortableRunner", {"job_endpoint": "embed"}, "DOCKER", Place.ELSEWHERE),
        ("PortableRunner", {"environment_type": "LOOPBACK"}, "LOOPBACK", Place.INSIDE),
        ("dataflow", {}, "DOCKER", Place.ELSEWHERE),
        ("some.module.Runner", {}, "DOCKER", Place.ELSEWHERE),
    ],
)
def test_the_place_of_the_workers(
    runner: str, options: dict[str, Any], environment: str, place: Place
) -> None:
    assert (environment_of(runner, options), place_of(runner, options)) == (environment, place)
