"""What becomes of a workflow that is right."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from beam_ingest.api.registry import Kind
from beam_ingest.api.source_config import DatabaseMetadata
from tests.config import parts
from tests.config.conftest import Load, Problems, config_of

WHOLE = """\
source:
  type: tests.config.parts.Db
  serviceName: shop
  serviceConnection:
    config:
      type: Db
      hostPort: db.example:5432
  sourceConfig:
    config:
      type: DatabaseMetadata
      tableFilterPattern:
        includes: ['^orders$']
processor: {type: tests.config.parts.Step, config: {pattern: first}}
processors:
  - {type: tests.config.parts.Step, config: {pattern: second}}
  - {type: tests.config.parts.upper, name: shout}
sink: {type: tests.config.parts.Out, config: {path: here}}
stage: {type: tests.config.parts.Keep, config: {}}
bulkSink: {type: tests.config.parts.Publish}
workflowConfig:
  loggerLevel: DEBUG
  raiseOnError: false
  successThreshold: 95
  openMetadataServerConfig:
    hostPort: http://localhost:8585/api
ingestionPipelineFQN: shop.nightly
pipelineRunId: 3f1f6a3e-2c52-4b7e-9f54-0c1d2e3f4a5b
beam: {workers: 2, batchSize: 100, skipUnchanged: off, stallTimeout: 5m}
"""


def test_every_part_of_a_workflow_arrives(loaded: Load, file: Path) -> None:
    workflow = loaded(WHOLE)

    assert workflow.path == str(file)
    assert workflow.service_name == "shop"
    assert workflow.source.kind is Kind.SOURCE
    assert workflow.source.cls is parts.Db
    assert config_of(parts.Db.Config, workflow.source).host_port == "db.example:5432"
    assert isinstance(workflow.source_config, DatabaseMetadata)
    tables = workflow.source_config.table_filter_pattern
    assert tables and tables.passes("Orders")
    assert config_of(parts.Out.Config, workflow.sink).path == "here"
    assert workflow.stage and workflow.bulk_sink
    assert (workflow.stage.kind, workflow.bulk_sink.kind) == (Kind.STAGE, Kind.BULK_SINK)
    assert (workflow.logger_level, workflow.raise_on_error) == ("DEBUG", False)
    assert workflow.success_threshold == 95
    assert workflow.server and workflow.server.host_port == "http://localhost:8585/api"
    assert workflow.ingestion_pipeline_fqn == "shop.nightly"
    assert workflow.pipeline_run_id == "3f1f6a3e-2c52-4b7e-9f54-0c1d2e3f4a5b"
    assert (workflow.beam.workers, workflow.beam.batch_size) == (2, 100)
    assert workflow.beam.skip_unchanged == "off"
    assert workflow.beam.stall_timeout == 300


def test_openmetadatas_processor_comes_before_ours_in_order(loaded: Load) -> None:
    processors = loaded(WHOLE).processors
    assert [processor.config.model_dump().get("pattern") for processor in processors] == [
        "first", "second", None,
    ]  # fmt: skip


def test_steps_are_named_by_name_or_type_and_are_unique(loaded: Load) -> None:
    workflow = loaded(
        """\
source: {type: file, config: {path: x, type: File}}
processors:
  - {type: tests.config.parts.Step}
  - {type: tests.config.parts.Step, name: file-2}
  - {type: tests.config.parts.Step}
sink: {type: file, config: {path: y}}
stage: {type: file}
bulkSink: {type: file, config: {path: z}, name: last}
"""
    )
    assert [component.step for component in workflow.components] == [
        "file", "tests.config.parts.Step", "file-2", "tests.config.parts.Step-2", "file-3",
        "file-4", "last",
    ]  # fmt: skip


def test_two_steps_of_one_name_are_refused(problems: Problems) -> None:
    (problem,) = problems(
        """\
source: {type: tests.config.parts.Lines, config: {path: x}, name: same}
sink: {type: tests.config.parts.Out, name: same}
"""
    )
    assert (problem.line, problem.path) == (2, "sink.name")
    assert "two steps are named 'same'" in problem.message


def test_a_step_name_is_fit_for_a_file_name(problems: Problems) -> None:
    (problem,) = problems(
        """\
source: {type: tests.config.parts.Lines, config: {path: x}}
sink: {type: tests.config.parts.Out, name: ../x}
"""
    )
    assert problem.path == "sink.name"


SMALL = """\
source: {type: tests.config.parts.Lines, config: {path: x}}
sink: {type: tests.config.parts.Out}
"""


def test_what_is_not_written_has_a_default(loaded: Load) -> None:
    workflow = loaded(SMALL)
    assert workflow.success_threshold == 100
    assert workflow.raise_on_error
    assert workflow.source_config is None
    assert workflow.server is None
    assert workflow.beam.runner == "local"
    assert workflow.beam.work_dir == "runs"
    assert workflow.notices == ()


def test_a_key_without_a_value_counts_as_not_written(loaded: Load) -> None:
    workflow = loaded(SMALL.replace("Out}", "Out, config: , name: }") + "workflowConfig:\nbeam:\n")
    assert config_of(parts.Out.Config, workflow.sink).path == "out"
    assert workflow.success_threshold == 100


def test_an_older_spelling_of_the_bulk_sink_is_read(loaded: Load) -> None:
    workflow = loaded(
        SMALL
        + "stage: {type: tests.config.parts.Keep}\nbulk_sink: {type: tests.config.parts.Publish}\n"
    )
    assert workflow.bulk_sink and workflow.bulk_sink.cls is parts.Publish


def test_types_of_sources_are_found_in_any_case(loaded: Load) -> None:
    workflow = loaded(SMALL.replace("tests.config.parts.Lines", "FILE"))
    assert workflow.source.type == "file"


def test_an_unbounded_source_is_a_source(loaded: Load) -> None:
    workflow = loaded(
        "source: {type: tests.config.parts.Endless}\nsink: {type: tests.config.parts.Out}"
    )
    assert workflow.source.cls is parts.Endless


def test_the_document_is_what_was_written(loaded: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOLDER", "/data")
    workflow = loaded(SMALL.replace("path: x", "path: '${FOLDER}/x'"), "beam.workers=3")
    assert config_of(parts.Lines.Config, workflow.source).path == "/data/x"
    assert workflow.document == {
        "source": {"type": "tests.config.parts.Lines", "config": {"path": "${FOLDER}/x"}},
        "sink": {"type": "tests.config.parts.Out"},
        "beam": {"workers": 3},
    }


def test_a_checked_workflow_can_be_pickled(loaded: Load) -> None:
    workflow = loaded(WHOLE.replace("parts.upper", "parts.Step"))
    assert pickle.loads(pickle.dumps(workflow)) == workflow


def test_a_database_source_needs_a_service_name(problems: Problems) -> None:
    (problem,) = problems(
        "source: {type: tests.config.parts.Db}\nsink: {type: tests.config.parts.Out}"
    )
    assert (problem.path, problem.line) == ("source.serviceName", 1)


def test_a_source_that_has_to_be_told_what_to_read_says_so(problems: Problems) -> None:
    (problem,) = problems(
        "source: {type: tests.config.parts.Picky}\nsink: {type: tests.config.parts.Out}"
    )
    assert problem.path == "source.sourceConfig.config.topics"
    assert problem.hint == "The topics to read."


@pytest.mark.parametrize(
    ("ends", "where"),
    [
        ("", ""),
        ("stage: {type: tests.config.parts.Keep}", "stage"),
        ("bulkSink: {type: tests.config.parts.Publish}", "bulkSink"),
        ("sink: {type: tests.config.parts.Out}\nstage: {type: tests.config.parts.Keep}", "stage"),
    ],
)
def test_what_a_workflow_ends_in_has_to_be_whole(problems: Problems, ends: str, where: str) -> None:
    (problem,) = problems(f"source: {{type: tests.config.parts.Endless}}\n{ends}\n")
    assert problem.path == where


@pytest.mark.parametrize("text", ["", "# nothing", "just text", "[1, 2]", "5"])
def test_a_file_that_is_no_mapping_says_so(problems: Problems, text: str) -> None:
    (problem,) = problems(text)
    assert "a workflow is a mapping" in problem.message


def test_each_ignored_key_that_is_written_gives_one_notice(loaded: Load) -> None:
    workflow = loaded(
        """\
source:
  type: tests.config.parts.Db
  serviceName: shop
  serviceConnection:
    config: {supportsProfiler: false}
  sourceConfig:
    config:
      queryLogDuration: 2
sink: {type: tests.config.parts.Out}
workflowConfig: {config: {}}
"""
    )
    assert workflow.notices == (
        "workflowConfig.config (line 10): ignored: it configures OpenMetadata's own applications",
        "source.serviceConnection.config.supportsProfiler (line 5): ignored: there is no profiler",
        "source.sourceConfig.config.queryLogDuration (line 8): ignored: the lineage of stored "
        "procedures is not read from query logs by a metadata workflow",
    )


def test_a_refused_key_is_a_problem_with_its_reason(problems: Problems) -> None:
    (problem,) = problems(
        """\
source:
  type: tests.config.parts.Db
  serviceName: shop
  config:
    sslConfig: {caCertificate: x}
sink: {type: tests.config.parts.Out}
"""
    )
    assert (problem.path, problem.line) == ("source.config.sslConfig", 5)
    assert problem.message == "this cannot be done here: there is no network"


def test_a_refused_key_that_asks_for_nothing_is_let_through(loaded: Load) -> None:
    workflow = loaded(
        "source: {type: tests.config.parts.Db, serviceName: shop, config: {sslConfig: null}}\n"
        "sink: {type: tests.config.parts.Out}\n"
    )
    assert workflow.source.type == "tests.config.parts.Db"
