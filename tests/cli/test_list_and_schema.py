"""``beam-ingest list`` and ``beam-ingest schema``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from beam_ingest.api.registry import Kind, types
from tests.cli.conftest import Run


def test_every_component_is_listed_with_what_it_is_for(cli: Run) -> None:
    result = cli("list")
    assert result.exit_code == 0
    rows = [line.split(maxsplit=2) for line in result.stdout.splitlines()]
    assert [(kind, type_) for kind, type_, _ in rows] == [
        (kind.value, type_) for kind in Kind for type_ in types(kind)
    ]
    assert all(summary.strip() for _, _, summary in rows)


def test_one_kind_can_be_listed(cli: Run) -> None:
    lines = cli("list", "processor").stdout.splitlines()
    assert [line.split()[1] for line in lines] == list(types(Kind.PROCESSOR))
    assert cli("list", "procesor").exit_code == 2


def test_a_components_schema_is_json_schema(cli: Run) -> None:
    schema = json.loads(cli("schema", "sqlite").stdout)
    assert "databaseMode" in json.dumps(schema)


def test_the_workflows_schema_is_json_schema(cli: Run) -> None:
    schema = json.loads(cli("schema").stdout)
    assert {"source", "processors", "sink", "beam"} <= set(schema["properties"])


def test_a_type_of_several_kinds_needs_the_kind(cli: Run) -> None:
    result = cli("schema", "file")
    assert result.exit_code == 2
    assert "--kind source, --kind sink" in result.stderr
    chosen = cli("schema", "file", "--kind", "sink")
    assert chosen.exit_code == 0
    assert "path" in json.dumps(json.loads(chosen.stdout))


@pytest.mark.parametrize("args", [["nosuch"], ["mine.Thing"], ["sqlte", "--kind", "source"]])
def test_a_type_that_is_not_there_is_a_usage_error(cli: Run, args: list[str]) -> None:
    assert cli("schema", *args).exit_code == 2


def test_a_class_in_the_current_folder_has_a_schema_too(cli: Run, folder: Path) -> None:
    (folder / "ownsource.py").write_text(
        "from beam_ingest import ConfigModel, Source\n"
        "class Own(Source):\n"
        "    class Config(ConfigModel):\n"
        "        how_many: int\n"
    )
    result = cli("schema", "ownsource.Own", "--kind", "source")
    assert result.exit_code == 0
    assert "howMany" in json.dumps(json.loads(result.stdout))
