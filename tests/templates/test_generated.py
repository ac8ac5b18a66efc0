"""What is generated from a declaration: metadata, flags, documentation, workflow file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.cloud.dataflow_v1beta3 import TemplateMetadata
from pydantic import Field

from beam_ingest.api.secrets import variables
from beam_ingest.cli.launch_template import launcher
from beam_ingest.config.load import load
from beam_ingest.templates.build import build, built
from beam_ingest.templates.catalog import TEMPLATES
from beam_ingest.templates.check import check
from beam_ingest.templates.database_to_files import TEMPLATE, DatabaseToFiles
from beam_ingest.templates.template import Template, parameters_of

ROOT = Path(__file__).parents[2]
VALUES = {
    "HOST_PORT": "db.example:5432",
    "SEARCH_URL": "https://search.example:9200",
    "SERVER_URL": "https://metadata.example/api",
}
BY_NAME = pytest.mark.parametrize("template", TEMPLATES, ids=lambda each: each.name)


class WithOneMore(DatabaseToFiles):
    paint_it: int = Field(7, description="A parameter that the test adds.")


@BY_NAME
def test_dataflow_takes_the_metadata(template: Template[Any]) -> None:
    text = built([template])[f"{template.name}/metadata.json"]
    parsed = TemplateMetadata.from_json(text, ignore_unknown_fields=False)
    declared = parameters_of(template.parameters)
    assert [each.name for each in parsed.parameters] == [each.name for each in declared]
    assert [not each.is_optional for each in parsed.parameters] == [
        each.required for each in declared
    ]
    assert all(each.help_text.endswith(".") and each.label for each in parsed.parameters)
    assert parsed.streaming == template.streaming


@BY_NAME
def test_the_workflow_file_is_a_workflow(
    template: Template[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = built([template])[f"{template.name}/workflow.yaml"]
    for name in variables(text):
        monkeypatch.setenv(name, VALUES.get(name, name.lower()))
    checked = load(yaml.safe_load(text))
    assert checked.notices == ()


def test_a_parameter_added_to_a_declaration_appears_everywhere() -> None:
    more: Template[Any] = replace(TEMPLATE, parameters=WithOneMore)
    before, after = built([TEMPLATE]), built([more])
    assert "paintIt" not in "".join(before.values())
    metadata = json.loads(after["database-to-files/metadata.json"])
    added = [each for each in metadata["parameters"] if each["name"] == "paintIt"]
    assert [each["defaultValue"] for each in added] == ["7"]
    readme = after["database-to-files/README.md"]
    assert "| `paintIt` | number | `7` | A parameter that the test adds. |" in readme
    flags = [name for each in launcher(more).params for name in each.opts]
    assert "--paintIt" in flags
    assert "--paintIt" not in [name for each in launcher(TEMPLATE).params for name in each.opts]


def test_the_templates_of_the_project_are_what_is_declared() -> None:
    folder = ROOT / "templates"
    assert [problem for each in TEMPLATES for problem in check(each, folder)] == []
    held = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert held == set(built(TEMPLATES)) | {"README.md"}


def test_a_changed_file_and_a_missing_one_are_found(tmp_path: Path) -> None:
    build(TEMPLATES, tmp_path)
    assert [problem for each in TEMPLATES for problem in check(each, tmp_path)] == []
    (tmp_path / "database-to-files" / "main.py").unlink()
    path = tmp_path / "database-to-files" / "metadata.json"
    path.write_text(path.read_text().replace('"helpText"', '"helptext"', 1))
    found = list(check(TEMPLATE, tmp_path))
    assert f"{tmp_path}/database-to-files/main.py is missing: build the template again" in found
    assert any("is not what database-to-files declares" in problem for problem in found)
    assert any("Dataflow does not take it" in problem for problem in found)


def test_building_leaves_what_else_is_in_the_folder(tmp_path: Path) -> None:
    mine = tmp_path / "database-to-files" / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("mine")
    written = build([TEMPLATE], tmp_path)
    assert mine.read_text() == "mine"
    files = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {*written, mine}
