"""The group of verbs."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

import beam_ingest
from beam_ingest.cli.main import VERBS
from tests.cli.conftest import Run


def test_help_lists_every_verb_and_the_exit_codes(cli: Run) -> None:
    result = cli("--help")
    assert result.exit_code == 0
    listed = result.stdout.partition("Commands:")[2].splitlines()
    assert [line.split()[0] for line in listed if line.strip()] == list(VERBS)
    assert "3 cannot connect or not authorized" in " ".join(result.stdout.split())


def test_without_a_verb_the_help_is_shown_as_a_usage_error(cli: Run) -> None:
    result = cli()
    assert result.exit_code == 2
    assert "Commands:" in result.output


def test_the_version_is_the_packages(cli: Run) -> None:
    assert cli("--version").stdout == f"beam-ingest {beam_ingest.__version__}\n"


def test_a_verb_that_cannot_be_imported_is_a_defect_and_no_traceback(
    cli: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.import_module

    def broken(name: str, *args: Any) -> Any:
        if name == "beam_ingest.cli.list":
            raise ImportError("half installed")
        return real(name, *args)

    monkeypatch.setattr(importlib, "import_module", broken)
    result = cli("list")
    assert result.exit_code == 4
    assert "a defect of beam-ingest: ImportError: half installed" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_current_folder_is_searched_last(
    cli: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [each for each in sys.path if each not in ("", str(folder))])
    cli("list")
    assert sys.path[-1] == str(folder)
    cli("list")
    assert sys.path.count(str(folder)) == 1


def test_validate_names_the_steps_and_notes_keys_that_do_nothing(cli: Run, folder: Path) -> None:
    (folder / "w.yaml").write_text(
        "source:\n"
        "  type: sqlite\n"
        "  serviceName: shop\n"
        "  serviceConnection:\n"
        "    config: {type: SQLite, databaseMode: shop.db, supportsProfiler: true}\n"
        "  sourceConfig: {config: {type: DatabaseMetadata}}\n"
        "sink: {type: file, config: {path: out.jsonl}}\n"
    )
    result = cli("validate", "-c", "w.yaml")
    assert result.exit_code == 0
    assert result.stdout == "w.yaml is valid: sqlite -> file\n"
    assert result.stderr.startswith(
        "note: source.serviceConnection.config.supportsProfiler (line 5)"
    )


def test_every_problem_of_a_workflow_is_told_and_counted(cli: Run, folder: Path) -> None:
    (folder / "w.yaml").write_text("sorce: {}\nsink: {type: fiel}\n")
    result = cli("validate", "-c", "w.yaml")
    assert result.exit_code == 2
    assert "w.yaml:1:1: sorce: " in result.stderr
    assert "did you mean 'file'?" in result.stderr
    assert "problems in the workflow; nothing was run" in result.stderr


def test_a_workflow_that_is_not_there_is_told(cli: Run) -> None:
    result = cli("validate", "-c", "missing.yaml")
    assert result.exit_code == 2
    assert "missing.yaml" in result.stderr
    assert result.stderr.endswith("1 problem in the workflow; nothing was run\n")
