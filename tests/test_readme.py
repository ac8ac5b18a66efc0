"""What the README shows is what happens."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import yaml

from beam_ingest import Workflow
from beam_ingest.api.registry import Kind, types
from beam_ingest.cli.exit_codes import ExitCode
from beam_ingest.cli.sample import make_sample_database

TEXT = (Path(__file__).parent.parent / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.M | re.S)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])


def test_the_workflow_runs() -> None:
    make_sample_database(Path("shop.db"))
    Path("shop.yaml").write_text(blocks("yaml")[0])
    Workflow.from_config("shop.yaml").run().raise_for_status()
    assert len(Path("tables.jsonl").read_text().splitlines()) == 13


def test_the_lines_of_python_run_the_workflow() -> None:
    make_sample_database(Path("shop.db"))
    Path("shop.yaml").write_text(blocks("yaml")[0])
    exec(blocks("python")[1], {})
    assert Path("tables.jsonl").exists()


def test_the_connector_reads_and_its_check_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("notes.py").write_text(blocks("python")[0])
    Path("notes").mkdir()
    Path("notes/a.txt").write_text("first")
    Path("notes/b.txt").write_text("second")
    monkeypatch.delitem(sys.modules, "notes", raising=False)
    workflow = Workflow.from_config(yaml.safe_load(blocks("yaml")[1]))
    assert list(workflow.preview(10)) == [
        {"name": "a", "text": "first"},
        {"name": "b", "text": "second"},
    ]
    assert next(check.run() for _, check in workflow.checks()) == "2 files"
    assert len(blocks("python")[0].splitlines()) < 40


def test_the_table_names_every_component() -> None:
    shown = dict(re.findall(r"^\| ([a-z-]+) \| (`.*`) \|$", TEXT, re.M))
    assert shown == {kind.value: ", ".join(f"`{type_}`" for type_ in types(kind)) for kind in Kind}


def test_the_table_names_every_exit_code() -> None:
    section = TEXT.partition("## Exit codes")[2]
    codes = re.findall(r"^\| ([\d, ]+) \|", section, re.M)
    assert {int(code) for cell in codes for code in cell.split(", ")} == set(ExitCode)
