"""From the sections of a workflow to components with their checked configuration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ValidationError

from beam_ingest.api.component import Component
from beam_ingest.api.config_model import ConfigModel
from beam_ingest.api.errors import IngestError
from beam_ingest.api.registry import Kind, find, types
from beam_ingest.api.source import UncheckedSourceConfig
from beam_ingest.api.source_config import ServiceReading
from beam_ingest.config.custom_source import CustomConnection, is_custom
from beam_ingest.config.findings import Findings
from beam_ingest.config.model import ComponentConfig
from beam_ingest.config.problem import KeyPath
from beam_ingest.config.workflow_keys import SourceSection, StepSection

_SOURCE: KeyPath = ("source",)
_SERVER_CONFIG: KeyPath = ("workflowConfig", "openMetadataServerConfig")
_CONNECTION: KeyPath = ("source", "serviceConnection", "config")
_SHORT: KeyPath = ("source", "config")
SOURCE_CONFIG: KeyPath = ("source", "sourceConfig", "config")


@dataclass(frozen=True, slots=True)
class Part:
    """A component with the place of its configuration in the workflow.

    Its ``step`` is the ``name`` that was written or empty, until ``named`` gives it one.
    """

    component: ComponentConfig
    section: KeyPath
    config: KeyPath


@dataclass(frozen=True, slots=True)
class SourcePart:
    """The source, and what of its section is not the component's own."""

    part: Part
    service_name: str
    source_config: ConfigModel | None
    fetched: bool
    """Whether the server is to say how to connect: the workflow does not."""


def check_source(findings: Findings) -> SourcePart | None:
    """The source; None where something is wrong with it, which is then a problem."""
    raw = findings.at(_SOURCE)
    section = findings.validate(SourceSection, raw, _SOURCE)
    if section is None:
        _check_despite(findings, raw)
        return None
    type_, data, path = _connection(findings, section)
    if type_ is None:
        return None
    fetched = section.service_connection is None and section.config is None
    fetched = fetched and findings.at(_SERVER_CONFIG) is not None
    component = _component(findings, Kind.SOURCE, type_, (data, path), _SOURCE, fetched=fetched)
    if component is None:
        return None
    cls = component.cls
    fetched = fetched and _needs_connection(cls)
    source_config, fine = _source_config(findings, cls, section)
    if issubclass(source_model(cls), ServiceReading) and not section.service_name:
        findings.problem(
            (*_SOURCE, "serviceName"),
            "the key 'serviceName' is missing",
            "the name of the database service, the first part of every name that is read",
        )
        fine = False
    part = Part(replace(component, step=section.name or ""), _SOURCE, path)
    return SourcePart(part, section.service_name, source_config, fetched) if fine else None


def check_step(findings: Findings, kind: Kind, raw: Any, path: KeyPath) -> Part | None:
    """A processor, sink, stage or bulk sink; None where something is wrong with it."""
    section = findings.validate(StepSection, raw, path)
    if section is None:
        return None
    here = (*path, "config")
    component = _component(findings, kind, section.type.strip(), (section.config, here), path)
    if component is None:
        return None
    return Part(replace(component, step=section.name or ""), path, here)


def named(findings: Findings, parts: Iterable[Part]) -> Iterator[Part]:
    """``parts`` with unique steps: the name as written, else the type, numbered from 2 on."""
    parts = list(parts)
    taken: set[str] = set()
    for part in parts:
        name = part.component.step
        if name in taken:
            findings.problem((*part.section, "name"), f"two steps are named {name!r}")
        taken |= {name} - {""}
    for part in parts:
        name = part.component.step or part.component.type
        number = 2
        while not part.component.step and name in taken:
            name = f"{part.component.type}-{number}"
            number += 1
        taken.add(name)
        yield replace(part, component=replace(part.component, step=name))


def source_model(cls: type[Component]) -> type[ConfigModel]:
    """The model of a source's ``sourceConfig.config``."""
    return getattr(cls, "SourceConfig", UncheckedSourceConfig)


def _check_despite(findings: Findings, raw: Any) -> None:
    """Find what else is wrong in a source section that is wrong itself."""
    if not isinstance(raw, dict) or not isinstance(raw.get("type"), str):
        return
    path = _CONNECTION if isinstance(findings.at(_CONNECTION), dict) else _SHORT
    data = findings.at(path)
    type_ = raw["type"].strip()
    if isinstance(data, dict) and not is_custom(type_, data):
        _component(findings, Kind.SOURCE, type_, (data, path), _SOURCE)


def _connection(
    findings: Findings, section: SourceSection
) -> tuple[str | None, dict[str, Any], KeyPath]:
    """The source's type, the data of its configuration, and where that stands."""
    type_ = section.type.strip()
    connection = section.service_connection
    if connection is not None and section.config is not None:
        findings.problem(
            _SHORT,
            "the connection is written twice",
            "'config' is a short form of 'serviceConnection.config': keep one of them",
        )
        return None, {}, _CONNECTION
    if section.config is not None:
        return type_, section.config, _SHORT
    data = connection.config if connection is not None else {}
    if not is_custom(type_, data):
        return type_, data, _CONNECTION
    custom = findings.validate(CustomConnection, data, _CONNECTION)
    if custom is None:
        return None, {}, _CONNECTION
    options = (*_CONNECTION, "connectionOptions")
    return custom.source_python_class, custom.connection_options, options


def _component(
    findings: Findings,
    kind: Kind,
    type_: str,
    config: tuple[Any, KeyPath],
    section: KeyPath,
    *,
    fetched: bool = False,
) -> ComponentConfig | None:
    data, path = config
    if kind is Kind.SOURCE and type_ not in types(kind) and type_.lower() in types(kind):
        type_ = type_.lower()  # OpenMetadata takes both
    at_type = (*section, "type")
    if path[-1] == "connectionOptions":
        at_type = (*_CONNECTION, "sourcePythonClass")
    try:
        cls = find(kind, type_)
    except IngestError as error:
        findings.error(at_type, error)
        return None
    if not _is_model(cls.Config):
        findings.problem(
            at_type,
            f"{type_}.Config is no configuration model",
            "declare it as: class Config(beam_ingest.ConfigModel)",
        )
        return None
    if fetched and _needs_connection(cls):
        # Its keys are the server's to say, when the workflow is run.
        return ComponentConfig(kind, type_, "", cls, cls.Config.model_construct())
    checked = findings.validate(cls.Config, data, path)
    return None if checked is None else ComponentConfig(kind, type_, "", cls, checked)


def _needs_connection(cls: type[Component]) -> bool:
    """Whether a source reads a service: a database, or whatever cannot do without keys."""
    if issubclass(source_model(cls), ServiceReading):
        return True
    try:
        cls.Config.model_validate({})
    except ValidationError:
        return True
    return False


def _is_model(model: Any) -> bool:
    return isinstance(model, type) and issubclass(model, BaseModel)


def _source_config(
    findings: Findings, cls: type[Component], section: SourceSection
) -> tuple[ConfigModel | None, bool]:
    """What is to be read, and whether that is fine; None where nothing is written."""
    written = section.source_config
    data = written.config if written is not None else {}
    checked = findings.validate(source_model(cls), data, SOURCE_CONFIG)
    return (checked if written is not None else None), checked is not None
