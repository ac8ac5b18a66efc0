"""The job that Dataflow is given: named as the workflow is, without secrets, with what it needs."""

from __future__ import annotations

import base64
import bz2
import zlib
from collections.abc import Iterator
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import (
    GoogleCloudOptions,
    PipelineOptions,
    PortableOptions,
    SetupOptions,
    WorkerOptions,
)
from apache_beam.portability.api import beam_runner_api_pb2 as proto
from apache_beam.transforms.environments import DockerEnvironment

from beam_ingest.api.errors import MissingDependency
from beam_ingest.flow.build import build
from beam_ingest.runners import dataflow, options
from beam_ingest.runners.dataflow import dataflow_options
from beam_ingest.runners.options import engine_for
from beam_ingest.workflow import Workflow
from tests.flow.workflows import part
from tests.runners.workflows import workflow

GOOGLE = {"project": "p", "region": "europe-west1", "temp_location": "gs://bucket/temp"}
IMAGE = "europe-docker.pkg.dev/p/r/beam-ingest:1"
POSTGRES = {
    "type": "postgres",
    "serviceName": "shop",
    "serviceConnection": {
        "config": {
            "type": "Postgres", "hostPort": "db:5432", "username": "reader", "database": "shop",
            "authType": {"password": "gcp-secret:projects/p/secrets/pg"},
        }
    },
}  # fmt: skip


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The libraries are a gigabyte; the job is made without them."""
    monkeypatch.setattr(options, "check_installed", lambda: None)


def job(**told: Any) -> tuple[proto.Pipeline, PipelineOptions]:
    """The pipeline as it is sent, and its options, by a dry run: nothing is submitted."""
    block = {
        "runner": "dataflow", "workers": 5, "workDir": "gs://bucket/runs",
        "options": {**GOOGLE, **told},
    }  # fmt: skip
    config = workflow(
        block,
        source=POSTGRES,
        processors=[{"name": "only_orders", **part("Trace", label="x")}],
        sink={"type": "metadata-rest", "config": {}},
        workflowConfig={
            "openMetadataServerConfig": {
                "hostPort": "http://om:8585/api",
                "securityConfig": {"jwtToken": "gcp-secret:projects/p/secrets/om"},
            }
        },
    )
    run_id = "20261125T213547Z-eb46"
    engine = engine_for(config, run_id, f"gs://bucket/runs/{run_id}")
    with engine.surroundings():
        pipeline = beam.Pipeline(options=engine.options)
        build(pipeline, Workflow(config)._plan(run_id, f"gs://bucket/runs/{run_id}"))
        environment = DockerEnvironment.from_options(engine.options.view_as(PortableOptions))
        return pipeline.to_runner_api(default_environment=environment), engine.options


def environment_of(pipeline: proto.Pipeline) -> proto.Environment:
    found = [each for each in pipeline.components.environments.values() if each.dependencies]
    return found[0]


def files_of(pipeline: proto.Pipeline) -> set[str]:
    found = set()
    for dependency in environment_of(pipeline).dependencies:
        staged = proto.ArtifactStagingToRolePayload.FromString(dependency.role_payload)
        found.add(staged.staged_name)
    return found


def functions_of(pipeline: proto.Pipeline) -> Iterator[bytes]:
    """What is pickled of each DoFn: Beam packs it."""
    for transform in pipeline.components.transforms.values():
        if transform.spec.urn == "beam:transform:pardo:v1":
            packed = proto.ParDoPayload.FromString(transform.spec.payload).do_fn.payload
            data = base64.b64decode(packed)
            yield (bz2 if data.startswith(b"BZh") else zlib).decompress(data)


def test_steps_have_the_names_of_the_workflow() -> None:
    pipeline, _ = job()
    names = {each.unique_name for each in pipeline.components.transforms.values()}
    assert {
        "list postgres", "read postgres", "process only_orders", "write metadata-rest", "finish",
    } <= names  # fmt: skip


def test_the_job_has_references_and_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "s3cr3t-of-the-launcher")
    pipeline, _ = job()
    text = pipeline.SerializeToString() + b"".join(functions_of(pipeline))
    assert b"gcp-secret:projects/p/secrets/pg" in text
    assert b"vault:" not in text
    assert b"s3cr3t-of-the-launcher" not in text


def test_a_stock_image_is_sent_the_package_and_its_requirements() -> None:
    names = files_of(job()[0])
    assert "requirements.txt" in names
    assert any(name.startswith("beam_ingest-") and name.endswith(".whl") for name in names)


def test_an_image_of_ones_own_is_set_and_sent_the_workflows_modules_alone() -> None:
    pipeline, found = job(sdk_container_image=IMAGE)
    assert found.view_as(WorkerOptions).sdk_container_image == IMAGE
    assert found.view_as(SetupOptions).requirements_file is None
    (wheel,) = (name for name in files_of(pipeline) if name.endswith(".whl"))
    assert wheel.startswith("beam_ingest_workflow-")


def test_a_job_is_named_labelled_and_limited() -> None:
    _, found = job(labels=["team=data"], network="vpc", autoscaling_algorithm="NONE")
    google, workers = found.view_as(GoogleCloudOptions), found.view_as(WorkerOptions)
    assert google.job_name == "beam-ingest-20261125t213547z-eb46"
    assert google.labels == ["team=data", "beam-ingest-run=20261125t213547z-eb46"]
    assert google.staging_location == "gs://bucket/temp/staging"
    assert (workers.num_workers, workers.max_num_workers) == (5, 5)
    assert (workers.network, workers.autoscaling_algorithm) == ("vpc", "NONE")


def test_what_the_workflow_says_stays() -> None:
    told = dataflow_options(
        {**GOOGLE, "max_num_workers": 50, "staging_location": "gs://x/y"}, 5, "r"
    )
    assert (told["num_workers"], told["max_num_workers"]) == (5, 50)
    assert told["staging_location"] == "gs://x/y"


def test_without_its_libraries_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "apitools.base.py", None)
    with pytest.raises(MissingDependency) as caught:
        dataflow.check_installed()
    assert caught.value.hint == "pip install 'beam-ingest[dataflow]'"
