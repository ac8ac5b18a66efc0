"""The examples of docs/usage.md are valid, and do what they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from beam_ingest.config.load import load
from beam_ingest.processors.query_parser import QueryParserProcessor

TEXT = (Path(__file__).parents[4] / "docs" / "usage.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.M | re.S)


def test_the_workflow_is_valid_with_a_notice_for_each_filename(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable in ("PG_PASSWORD", "OPENMETADATA_TOKEN"):
        monkeypatch.setenv(variable, "x")
    (example,) = blocks("yaml")
    loaded = load(yaml.safe_load(example))
    assert sum("filename" in str(notice) for notice in loaded.notices) == 2


def test_the_lines_of_python_run(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = blocks("python")
    exec(example, {})
    shown = capsys.readouterr().out
    assert "select * from u where y = ?" in shown
    assert "target=TableName(database='', schema='', name='t')" in shown


def test_every_key_of_the_parser_is_there_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (\d+) \|", TEXT, re.M))
    assert {key: int(value) for key, value in rows.items()} == {
        field.alias: field.default for field in QueryParserProcessor.Config.model_fields.values()
    }
