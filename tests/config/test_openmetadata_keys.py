"""Every key that OpenMetadata's own models allow is supported, ignored or refused here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from beam_ingest.api.config_model import Ignored, Refused
from beam_ingest.api.query_log_config import DatabaseLineage, DatabaseUsage
from beam_ingest.api.registry import Kind, find, types
from beam_ingest.api.server import OpenMetadataServer
from beam_ingest.api.source_config import DatabaseMetadata
from beam_ingest.config.custom_source import CustomConnection
from beam_ingest.config.workflow_keys import (
    SourceSection,
    StepSection,
    WorkflowKeys,
    WorkflowSettings,
)
from tests.servers.openmetadata_models import models

pytestmark = pytest.mark.slow  # the first time, it installs OpenMetadata's package

Keys = dict[str, Any]


def choices(annotation: Any) -> set[Any]:
    """The values of the literals inside an annotation."""
    if getattr(annotation, "__origin__", None) is not None or get_args(annotation):
        found = [choices(inner) for inner in get_args(annotation)]
        return set().union(*found)
    return {annotation} if isinstance(annotation, str) else set()


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from models_in(inner)


def unanswered(ours: list[type[BaseModel]], theirs: Keys, path: str = "") -> Iterator[str]:
    """The keys and values of ``theirs`` that none of the models ``ours`` knows."""
    for key, described in theirs.items():
        here = f"{path}.{key}".removeprefix(".")
        fields = [
            field
            for model in ours
            for name, field in model.model_fields.items()
            if key == (field.alias or name)
        ]
        if not fields:
            yield here
        elif not any(is_marked(field) for field in fields):
            yield from unanswered_values(fields, described["enum"], here)
            inner = [model for field in fields for model in models_in(field.annotation)]
            if inner:
                yield from unanswered(inner, described["keys"], here)


def is_marked(field: FieldInfo) -> bool:
    return any(isinstance(mark, (Ignored, Refused)) for mark in field.metadata)


def unanswered_values(
    fields: list[FieldInfo], values: list[Any] | None, path: str
) -> Iterator[str]:
    known = set().union(*(choices(field.annotation) for field in fields))
    if known:
        yield from (f"{path}={value}" for value in values or () if value not in known)


def service_types() -> dict[str, list[type[BaseModel]]]:
    """The models of our sources, by the service type in ``serviceConnection.config.type``."""
    found: dict[str, list[type[BaseModel]]] = {"CustomDatabase": [CustomConnection]}
    for type_ in types(Kind.SOURCE):
        model = find(Kind.SOURCE, type_).Config
        if "type" in model.model_fields:
            for value in choices(model.model_fields["type"].annotation):
                found.setdefault(value, []).append(model)
    return found


@pytest.fixture(scope="module")
def openmetadata() -> dict[str, Any]:
    return models(tuple(sorted(service_types())))


SECTIONS: dict[str, type[BaseModel]] = {
    "workflow": WorkflowKeys,
    "source": SourceSection,
    "processor": StepSection,
    "sink": StepSection,
    "stage": StepSection,
    "bulkSink": StepSection,
    "workflowConfig": WorkflowSettings,
}


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_of_a_workflow_is_answered(openmetadata: dict[str, Any], section: str) -> None:
    theirs = openmetadata["sections"][section]
    assert theirs
    described = {key: {"enum": values, "keys": {}} for key, values in theirs.items()}
    assert list(unanswered([SECTIONS[section]], described)) == []


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("databaseMetadata", DatabaseMetadata),
        ("databaseUsage", DatabaseUsage),
        ("databaseLineage", DatabaseLineage),
        ("server", OpenMetadataServer),
    ],
)
def test_every_key_of_a_shared_model_is_answered(
    openmetadata: dict[str, Any], name: str, model: type[BaseModel]
) -> None:
    theirs = openmetadata["models"][name]
    assert theirs
    assert list(unanswered([model], theirs)) == []


@pytest.mark.parametrize("service_type", sorted(service_types()))
def test_every_key_of_a_connection_is_answered(
    openmetadata: dict[str, Any], service_type: str
) -> None:
    theirs = openmetadata["connections"].get(service_type)
    if theirs is None:
        assert service_type in OURS_ALONE
    else:
        assert list(unanswered(service_types()[service_type], theirs)) == []


OURS_ALONE = {"DuckDB", "File", "SQLAlchemy"}
"""Service types that OpenMetadata has no connection for."""


def test_the_check_finds_what_is_missing() -> None:
    theirs = {
        "type": {"enum": ["DatabaseMetadata", "Other"], "keys": {}},
        "nonsense": {"enum": None, "keys": {}},
        "tableFilterPattern": {"enum": None, "keys": {"only": {"enum": None, "keys": {}}}},
        "incremental": {"enum": None, "keys": {"covered": {"enum": None, "keys": {}}}},
    }
    assert list(unanswered([DatabaseMetadata], theirs)) == [
        "type=Other", "nonsense", "tableFilterPattern.only",
    ]  # fmt: skip
