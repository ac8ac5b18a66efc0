"""What remote workers cannot have is found out before anything is submitted, each with its line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from beam_ingest.config.beam_block import BeamBlock
from beam_ingest.config.remote import path_problem, users_modules
from tests.config.conftest import Load, Problems

CLUSTER = "runner: flink, options: {flink_master: 'flink.example:8081', environment_type: EXTERNAL}"
GOOGLE = "project: p, region: europe-west1, temp_location: 'gs://bucket/temp'"


def workflow(beam: str, path: str = "/mnt/share/out.jsonl", password: str = "file:/x") -> str:
    return (
        "source:\n"
        "  type: sqlite\n"
        "  serviceName: s\n"
        "  serviceConnection: {config: {type: SQLite, databaseMode: /mnt/share/a.db}}\n"
        f"sink: {{type: file, config: {{path: '{path}'}}}}\n"
        "workflowConfig:\n"
        "  openMetadataServerConfig:\n"
        f"    {{hostPort: 'http://h', securityConfig: {{jwtToken: '{password}'}}}}\n"
        f"beam: {{{beam}}}\n"
    )


def test_a_local_work_dir_is_a_mistake_with_remote_workers(problems: Problems) -> None:
    (problem,) = problems(workflow(f"sharedPaths: [/mnt/share], {CLUSTER}"))
    assert (problem.path, problem.line) == ("beam.workDir", 9)
    assert (
        problem.message == "runs is a path of this machine, and the workers of flink are elsewhere"
    )
    assert "beam.sharedPaths" in str(problem.hint)


@pytest.mark.parametrize("work_dir", ["gs://bucket/runs", "hdfs://h/runs", "/mnt/share/runs"])
def test_a_work_dir_that_both_sides_reach_is_fine(loaded: Load, work_dir: str) -> None:
    loaded(workflow(f"sharedPaths: [/mnt/share], workDir: '{work_dir}', {CLUSTER}"))


def test_a_runner_on_this_machine_may_have_a_local_work_dir(loaded: Load) -> None:
    here = "{flink_master: 'localhost:8081', environment_type: PROCESS}"
    loaded(workflow(f"runner: flink, options: {here}", password="file:/dev/null"))


def test_files_that_workers_open_have_to_be_where_they_are(problems: Problems) -> None:
    text = workflow(f"sharedPaths: [/mnt/shar], workDir: 'gs://b/r', {CLUSTER}", path="out.jsonl")
    assert [(p.path, p.message.partition(" ")[0]) for p in problems(text)] == [
        ("source.serviceConnection.config.databaseMode", "/mnt/share/a.db"),
        ("sink.config.path", "out.jsonl"),
    ]


def test_a_variable_of_this_process_is_no_secret_of_remote_workers(
    problems: Problems, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OM_TOKEN", "eyJ")
    beam = f"sharedPaths: [/mnt/share], workDir: 'gs://b/r', {CLUSTER}"
    (problem,) = problems(workflow(beam, password="${OM_TOKEN}"))
    assert problem.path.endswith("securityConfig.jwtToken")
    assert problem.message == "the variable OM_TOKEN of this process does not reach the workers"
    assert "file:/path" in str(problem.hint)
    assert "gcp-secret:" in str(problem.hint)


def test_a_secret_of_a_store_reaches_every_worker(loaded: Load, problems: Problems) -> None:
    beam = f"sharedPaths: [/mnt/share], workDir: 'gs://b/r', {CLUSTER}"
    loaded(workflow(beam, password="gcp-secret:projects/p/secrets/token"))
    (problem,) = problems(workflow(beam, password="gcp-secret:token"))
    assert problem.message == "it is no name of a secret in Google's Secret Manager"


def test_modules_of_the_current_folder_are_not_sent_to_workers_started_by_others(
    problems: Problems, loaded: Load, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "own_parts.py").write_text(
        "from beam_ingest import Processor\n"
        "class P(Processor):\n    def process(self, record): return record\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    beam = f"sharedPaths: [/mnt/share], workDir: 'gs://b/r', {CLUSTER}"
    text = workflow(beam) + "processors: [{type: own_parts.P}]\n"
    try:
        (problem,) = problems(text)
        assert problem.path == "beam.workerCode"
        assert "(own_parts) cannot be sent to workers of an EXTERNAL environment" in problem.message
        found = loaded(text, "beam.workerCode=installed")
        loaded(text, f"beam.sharedPaths=[/mnt/share, '{tmp_path}']")
        assert users_modules(tmp_path, found.components) == {"own_parts"}
        assert users_modules(tmp_path / "elsewhere", found.components) == set()
    finally:
        sys.modules.pop("own_parts", None)


def test_dataflow_needs_to_be_told_where(problems: Problems) -> None:
    beam = "runner: dataflow, sharedPaths: [/mnt/share]"
    found = problems(workflow(beam))
    assert sorted(problem.path for problem in found) == [
        "beam.options.project",
        "beam.options.region",
        "beam.options.temp_location",
        "beam.workDir",
    ]
    assert all("\n" not in problem.message for problem in found)


def test_the_files_of_dataflow_are_in_a_bucket(problems: Problems, loaded: Load) -> None:
    beam = (
        f"runner: dataflow, sharedPaths: [/mnt/share], workDir: 'gs://b/r', options: {{{GOOGLE}}}"
    )
    loaded(workflow(beam))
    (problem,) = problems(workflow(beam), "beam.options.temp_location=/tmp/x")
    assert problem.message == "it is no folder of a bucket: /tmp/x"


def test_checkpoints_that_lose_records_are_refused(problems: Problems) -> None:
    options = "{checkpointing_interval: 1000, finish_bundle_before_checkpointing: false}"
    (problem,) = problems(workflow(f"runner: flink, options: {options}", password="file:/dev/null"))
    assert problem.path == "beam.options.finish_bundle_before_checkpointing"
    assert "lose records" in problem.message


def test_a_jar_has_no_workers_of_this_process(problems: Problems) -> None:
    options = "{output_executable_path: j.jar, environment_type: LOOPBACK}"
    (problem,) = problems(workflow(f"runner: flink, options: {options}", password="file:/dev/null"))
    assert problem.message == "a job in a jar cannot use workers of this process"


def test_a_shared_path_is_a_folder_not_a_beginning_of_a_name() -> None:
    beam = BeamBlock(runner="dataflow", shared_paths=["/mnt/share"])
    assert path_problem(beam, "/mnt/share/a") is None
    assert path_problem(beam, "/mnt/shared/a") is not None
