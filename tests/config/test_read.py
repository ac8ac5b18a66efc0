"""Where a workflow comes from: a file, standard input, a mapping."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from beam_ingest.config.load import ConfigError, load
from tests.config import parts
from tests.config.conftest import config_of

SMALL = """\
source: {type: tests.config.parts.Lines, config: {path: x}}
sink: {type: tests.config.parts.Out}
"""


def test_a_mapping_is_a_workflow_too() -> None:
    workflow = load(
        {
            "source": {"type": "tests.config.parts.Lines", "config": {"path": Path("x")}},
            "sink": {"type": "tests.config.parts.Out"},
        }
    )
    assert workflow.path is None
    assert config_of(parts.Lines.Config, workflow.source).path == "x"


def test_a_mapping_given_is_not_changed() -> None:
    given = {
        "source": {"type": "tests.config.parts.Lines", "config": {"path": "x"}},
        "sink": {"type": "tests.config.parts.Out", "config": {"path": "y"}},
    }
    before = json.dumps(given)
    load(given, sets=["sink.config.path=z"])
    assert json.dumps(given) == before


def test_problems_of_a_mapping_name_the_key() -> None:
    with pytest.raises(ConfigError) as caught:
        load({"source": {"type": "tests.config.parts.Lines", "config": {"pat": {1}}}})
    assert [(problem.path, problem.line) for problem in caught.value.problems] == [
        ("source.config.pat", None), ("source.config.pat", None), ("", None),
    ]  # fmt: skip
    assert caught.value.problems[0].message.endswith("not set")


def test_a_workflow_comes_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(SMALL.encode())))
    assert load("-").path is None


def test_problems_of_standard_input_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"source: 1")))
    with pytest.raises(ConfigError, match="<stdin>:1:1: source: expected a mapping"):
        load("-")


def test_a_json_file_is_a_workflow(tmp_path: Path) -> None:
    file = tmp_path / "workflow.json"
    file.write_text(
        '{"source": {"type": "tests.config.parts.Lines", "config": {"path": "x"}},\n'
        '\t"sink": {"type": "tests.config.parts.Out", "config": {"path": "\\ud83d\\ude00"}}}'
    )
    assert config_of(parts.Out.Config, load(file).sink).path == "\N{GRINNING FACE}"


def test_a_json_file_has_lines_too(tmp_path: Path) -> None:
    file = tmp_path / "workflow.json"
    file.write_text('{"source": {\n  "type": "tests.config.parts.Lines",\n  "confg": {}}}')
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert (3, 3) in [(problem.line, problem.column) for problem in caught.value.problems]


def test_a_file_that_is_not_there_names_one_that_is(tmp_path: Path) -> None:
    (tmp_path / "workflow.yml").write_text("")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "workflow.yaml")
    (problem,) = caught.value.problems
    assert problem.message == "there is no such file"
    assert problem.hint == f"did you mean '{tmp_path}/workflow.yml'?"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no folder '.*missing'"):
        load(tmp_path / "missing" / "workflow.yaml")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path)


def test_a_file_that_is_no_text_says_where(tmp_path: Path) -> None:
    file = tmp_path / "workflow.yaml"
    file.write_bytes(b"source:\n  type: \xff\n")
    with pytest.raises(ConfigError) as caught:
        load(file)
    (problem,) = caught.value.problems
    assert (problem.line, problem.column, problem.message) == (2, 9, "not UTF-8 text")


def test_json_is_known_by_its_first_characters_too(monkeypatch: pytest.MonkeyPatch) -> None:
    sink = {"type": "tests.config.parts.Out", "config": {"path": "\N{GRINNING FACE}"}}
    text = json.dumps({"source": {"type": "tests.config.parts.Endless"}, "sink": sink})
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text.encode())))
    assert config_of(parts.Out.Config, load("-").sink).path == "\N{GRINNING FACE}"


def test_a_mapping_that_holds_itself_is_refused() -> None:
    given: dict[str, object] = {}
    given["source"] = given
    with pytest.raises(ConfigError, match="nested more than 60 levels deep"):
        load(given)


def test_a_byte_order_mark_is_no_part_of_a_key(tmp_path: Path) -> None:
    file = tmp_path / "workflow.yaml"
    file.write_text(SMALL, encoding="utf-8-sig")
    assert load(file).sink is not None
