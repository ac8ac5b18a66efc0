"""The JSON Schemas agree with what ``load`` takes."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from beam_ingest import ConfigModel
from beam_ingest.api.errors import UnknownComponent
from beam_ingest.api.registry import Kind, types
from beam_ingest.api.server import OpenMetadataServer
from beam_ingest.api.source_config import DatabaseMetadata
from beam_ingest.config.beam_block import BeamBlock
from beam_ingest.config.load import ConfigError, load
from beam_ingest.config.schema import component_schema, workflow_schema
from beam_ingest.config.workflow_keys import WorkflowKeys


@pytest.fixture(scope="module")
def validator() -> Draft7Validator:
    schema = workflow_schema()
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


RIGHT = """\
source:
  type: sqlite
  serviceName: shop
  serviceConnection:
    config: {type: SQLite, databaseMode: shop.db}
  sourceConfig:
    config:
      type: DatabaseMetadata
      includeViews: ${INCLUDE}
      threads: 2
      tableFilterPattern: {includes: [a]}
processors:
  - {type: filter, name: some, config: {drop: {entityType: table}}}
  - {type: tests.config.parts.Step, config: }
sink: {type: console}
stage: {type: file}
bulkSink: {type: file, config: {path: out}}
workflowConfig:
  loggerLevel: INFO
  openMetadataServerConfig:
    hostPort: http://localhost:8585/api
    securityConfig: {jwtToken: $TOKEN}
beam:
  workers: $WORKERS
  skipUnchanged: off
  stallTimeout: 5m
"""


def test_what_is_right_is_right_by_both(
    validator: Draft7Validator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"INCLUDE": "no", "TOKEN": "x", "WORKERS": "2"}.items():
        monkeypatch.setenv(name, value)
    document = yaml.safe_load(RIGHT)
    document["beam"]["skipUnchanged"] = "off"  # editors read YAML 1.2
    load(document)
    assert list(validator.iter_errors(document)) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("type: sqlite", "type: sqlit"),
        ("databaseMode", "databaseMod"),
        ("type: SQLite", "type: MySQL"),
        ("threads: 2", "threads: many"),
        ("threads: 2", "threads: 0"),
        ("includes: [a]", "includes: a"),
        ("includes: [a]", "include: [a]"),
        ("serviceName", "servicename"),
        ("type: filter", "type: filtre"),
        ("name: some", "name: a/b"),
        ("type: file}", "type: file, config: {a: b}}"),
        ("path: out", "pth: out"),
        ("INFO", "LOUD"),
        ("hostPort", "hostport"),
        ("jwtToken", "token"),
        ("stallTimeout: 5m", "stallTimeout: soon"),
        ("beam:", "beams:"),
        ("source:", "sources:"),
    ],
)
def test_what_is_wrong_is_wrong_by_both(
    validator: Draft7Validator, monkeypatch: pytest.MonkeyPatch, old: str, new: str
) -> None:
    for name, value in {"INCLUDE": "no", "TOKEN": "x", "WORKERS": "2"}.items():
        monkeypatch.setenv(name, value)
    assert old in RIGHT
    document = yaml.safe_load(RIGHT.replace(old, new))
    with pytest.raises(ConfigError):
        load(document)
    assert list(validator.iter_errors(document))


def test_openmetadatas_short_forms_are_in_it(validator: Draft7Validator) -> None:
    document: dict[str, Any] = {
        "source": {"type": "file", "config": {"type": "File", "path": "x"}},
        "stage": {"type": "file"},
        "bulk_sink": {"type": "file", "config": {"path": "y"}},
    }
    assert list(validator.iter_errors(document)) == []


@pytest.mark.parametrize(
    ("kind", "type_"), [(kind, type_) for kind in Kind for type_ in types(kind)]
)
def test_every_component_has_a_schema_that_is_one(kind: Kind, type_: str) -> None:
    schema = component_schema(kind, type_)
    Draft7Validator.check_schema(schema)
    assert schema["title"] == f"{kind} {type_}"
    assert schema["description"]


@pytest.mark.parametrize("model", [BeamBlock, DatabaseMetadata, OpenMetadataServer, WorkflowKeys])
def test_every_key_of_a_workflow_is_described(model: type[ConfigModel]) -> None:
    properties = model.model_json_schema(by_alias=True)["properties"]
    bare = {key for key, value in properties.items() if not value.keys() & {"description", "$ref"}}
    assert bare <= {"type"}


def test_a_component_of_the_users_own_has_a_schema() -> None:
    schema = component_schema(Kind.PROCESSOR, "tests.config.parts.Step")
    assert set(schema["properties"]) == {"pattern", "limit", "names"}


def test_an_unknown_component_has_none() -> None:
    with pytest.raises(UnknownComponent):
        component_schema(Kind.SINK, "nonsense")


def test_ignored_and_refused_keys_are_marked_for_editors() -> None:
    properties = component_schema(Kind.SOURCE, "tests.config.parts.Db")["properties"]
    assert properties["supportsProfiler"]["deprecated"]
    assert properties["supportsProfiler"]["description"] == "Ignored: there is no profiler."
    assert properties["sslConfig"]["description"] == "Refused: there is no network."


def test_secrets_are_marked_for_editors() -> None:
    properties = component_schema(Kind.SINK, "tests.config.parts.Out")["properties"]
    assert properties["token"]["anyOf"][0]["format"] == "password"
