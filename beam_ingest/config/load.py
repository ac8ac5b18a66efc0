"""From a workflow file to a checked workflow. Imports no Beam, connects to nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from beam_ingest.api.registry import Kind
from beam_ingest.config.components import (
    SOURCE_CONFIG,
    Part,
    SourcePart,
    check_source,
    check_step,
    named,
)
from beam_ingest.config.findings import Findings
from beam_ingest.config.model import ComponentConfig, WorkflowConfig
from beam_ingest.config.overrides import apply_overrides
from beam_ingest.config.overwriting import check_overwriting
from beam_ingest.config.place import Place
from beam_ingest.config.problem import ConfigError, KeyPath, Problem
from beam_ingest.config.read import STDIN, read_document
from beam_ingest.config.remote import check_engine
from beam_ingest.config.secret_fields import check_secrets, masked
from beam_ingest.config.unbounded import check_unbounded
from beam_ingest.config.workflow_keys import WorkflowKeys

__all__ = ["ConfigError", "Problem", "load"]

_SERVER: KeyPath = ("workflowConfig", "openMetadataServerConfig")


def load(source: str | Path | Mapping[str, Any], *, sets: Sequence[str] = ()) -> WorkflowConfig:
    """The workflow in a YAML or JSON file, on standard input (``-``), or in a mapping.

    ``sets`` are overrides ``a.b=value``. Variables are expanded from the environment. Raises
    ``ConfigError`` with every problem there is. Imports the components, and with them the
    user's own modules.
    """
    document = read_document(source)
    apply_overrides(document, sets)
    findings = Findings(document)
    if not isinstance(findings.value, dict):
        findings.problem((), "a workflow is a mapping with at least 'source' and 'sink'")
        findings.raise_problems()
    path = None if isinstance(source, Mapping) or str(source) == STDIN else str(source)
    return _checked(findings, path)


def _checked(findings: Findings, path: str | None) -> WorkflowConfig:
    keys = findings.validate(WorkflowKeys, findings.value, ())
    source = check_source(findings) if "source" in findings.value else None
    _check_ends(findings)
    if keys is not None and source is not None:
        check_unbounded(findings, keys.beam, source.part.component.cls)
    steps = [
        check_step(findings, kind, findings.at(where), where)
        for kind, where in _steps(findings.value)
    ]
    first = source.part if source is not None else None
    parts = list(named(findings, [part for part in (first, *steps) if part is not None]))
    check_overwriting(findings, path, parts)
    literal = _check_all_secrets(findings, keys, source, parts)
    if keys is not None:
        check_engine(findings, keys.beam, [(part.component, part.config) for part in parts])
    findings.raise_problems()
    if keys is None or source is None:
        raise AssertionError("a workflow with problems was let through")
    components = [part.component for part in parts]
    return WorkflowConfig(
        path=path,
        source=components[0],
        service_name=source.service_name,
        source_config=source.source_config,
        processors=tuple(part for part in components if part.kind is Kind.PROCESSOR),
        sink=_only(components, Kind.SINK),
        stage=_only(components, Kind.STAGE),
        bulk_sink=_only(components, Kind.BULK_SINK),
        server=keys.workflow_config.open_metadata_server_config,
        success_threshold=keys.workflow_config.success_threshold,
        raise_on_error=keys.workflow_config.raise_on_error,
        logger_level=keys.workflow_config.logger_level,
        ingestion_pipeline_fqn=keys.ingestion_pipeline_fqn,
        pipeline_run_id=keys.pipeline_run_id,
        beam=keys.beam,
        document=masked(findings.document.value, literal),
        notices=tuple(findings.notices),
        connection_from_server=source.fetched,
    )


def _steps(workflow: dict[str, Any]) -> Iterator[tuple[Kind, KeyPath]]:
    """The sections of processors, sink, stage and bulk sink, in the order of the graph."""
    if workflow.get("processor") is not None:
        yield Kind.PROCESSOR, ("processor",)
    processors = workflow.get("processors")
    if isinstance(processors, list):
        yield from ((Kind.PROCESSOR, ("processors", index)) for index in range(len(processors)))
    for kind, key in _end_keys(workflow):
        if workflow.get(key) is not None:
            yield kind, (key,)


def _end_keys(workflow: dict[str, Any]) -> tuple[tuple[Kind, str], ...]:
    older = "bulk_sink" in workflow and "bulkSink" not in workflow
    bulk = "bulk_sink" if older else "bulkSink"
    return (Kind.SINK, "sink"), (Kind.STAGE, "stage"), (Kind.BULK_SINK, bulk)


def _check_ends(findings: Findings) -> None:
    sink, stage, bulk = (key for _, key in _end_keys(findings.value))
    has = {key for key in (sink, stage, bulk) if findings.at((key,)) is not None}
    if not has:
        findings.problem(
            (),
            "the workflow writes nothing",
            "it needs a 'sink', or a 'stage' with a 'bulkSink', or all three",
        )
    if stage in has and bulk not in has:
        findings.problem((stage,), "a stage needs a 'bulkSink' that publishes its files")
    if bulk in has and stage not in has:
        findings.problem((bulk,), "a bulk sink needs a 'stage' whose files it publishes")


def _check_all_secrets(
    findings: Findings, keys: WorkflowKeys | None, source: SourcePart | None, parts: list[Part]
) -> list[KeyPath]:
    workers = Place.INSIDE if keys is None else keys.beam.place
    models: list[tuple[BaseModel | None, KeyPath]] = [
        (part.component.config, part.config) for part in parts
    ]
    if keys is not None:
        models.append((keys.workflow_config.open_metadata_server_config, _SERVER))
    if source is not None:
        models.append((source.source_config, SOURCE_CONFIG))
    return [
        place
        for model, path in models
        if model is not None
        for place in check_secrets(findings, model, path, workers)
    ]


def _only(components: list[ComponentConfig], kind: Kind) -> ComponentConfig | None:
    return next((component for component in components if component.kind is kind), None)
