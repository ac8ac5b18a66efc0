"""A run does not write over the workflow, nor over what it reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from beam_ingest.config.load import ConfigError, load

SQLITE = """
source:
  type: sqlite
  serviceName: s
  serviceConnection: {config: {type: SQLite, databaseMode: odd.db}}
  sourceConfig: {config: {type: DatabaseMetadata}}
"""
FILE = """
source: {type: file, serviceName: s, config: {path: in.jsonl}}
"""


def loaded(folder: Path, text: str, target: str) -> list[str]:
    """The problems of a workflow that writes to ``target``."""
    path = folder / "w.yaml"
    path.write_text(f"{text}\nsink:\n  type: file\n  config:\n    path: {target}\n")
    try:
        load("w.yaml")
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "target", "what"),
    [
        (SQLITE, "odd.db", "what the source reads, its databaseMode"),
        (FILE, "./in.jsonl", "what the source reads, its path"),
        (FILE, "link/in.jsonl", "what the source reads, its path"),
        (FILE, "w.yaml", "the workflow itself"),
    ],
)
def test_a_target_that_is_read_is_refused_at_its_key(
    folder: Path, text: str, target: str, what: str
) -> None:
    (problem,) = loaded(folder, text, target)
    assert "sink.config.path: " in problem
    assert f" is {what}: the run would write over it" in problem


def test_another_target_is_fine(folder: Path) -> None:
    assert loaded(folder, FILE, "out.jsonl") == []
    assert loaded(folder, SQLITE, "in.jsonl") == []
