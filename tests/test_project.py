"""The project's own rules: its top level, sizes, names, and what the wheel holds."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import beam_ingest

ROOT = Path(__file__).parent.parent
TOP_LEVEL = {
    ".ci", ".gitignore", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md",
    "beam_ingest", "docs", "pipelines", "pyproject.toml", "templates", "tests",
}  # fmt: skip
MAX_LINES = 300
MAX_FUNCTION_LINES = 60
OPEN_ENDS = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")


def project_files() -> list[Path]:
    """The files that git knows or would add; all of them where there is no git."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        [git, "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def python_files() -> list[Path]:
    found = [path for room in ("beam_ingest", "pipelines", "tests") for path in
             (ROOT / room).rglob("*.py")]  # fmt: skip
    assert len(found) > 50
    return sorted(found)


def test_the_top_level_holds_what_a_reader_expects_and_nothing_else() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in project_files()} == TOP_LEVEL


def test_no_file_is_too_long_to_be_one_idea() -> None:
    lengths = {path: len(path.read_bytes().splitlines()) for path in python_files()}
    assert {path: lines for path, lines in lengths.items() if lines > MAX_LINES} == {}


def test_no_function_is_too_long_to_be_read_at_once() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in python_files()
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and (node.end_lineno or 0) - node.lineno >= MAX_FUNCTION_LINES
    ]
    assert long == []


def test_nothing_is_left_for_later_in_the_code() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in python_files()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if OPEN_ENDS.search(line)
    ]
    assert found == []


def test_every_module_of_the_package_says_what_it_is() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in python_files()
        if path.is_relative_to(ROOT / "beam_ingest")
        and not ast.get_docstring(ast.parse(path.read_bytes()))
    ]
    assert silent == []


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {path.parent for path in (ROOT / "tests").rglob("test_*.py")}
    assert {folder for folder in folders if not (folder / "__init__.py").exists()} == set()


@pytest.mark.parametrize("kind", ["sources", "processors", "sinks", "stages", "bulk_sinks"])
def test_every_registered_component_is_there_and_described(kind: str) -> None:
    entries = [entry for entry in entry_points(group=f"beam_ingest.{kind}")
               if entry.dist is not None and entry.dist.name == "beam-ingest"]  # fmt: skip
    assert entries
    for entry in entries:
        assert (entry.load().__doc__ or "").strip(), entry.name


def test_the_changelog_has_an_entry_for_this_version() -> None:
    assert f"## {beam_ingest.__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_ci_script_can_be_run_and_calls_make_test() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "make test" in script.read_text("utf-8")


def test_links_in_the_documents_lead_somewhere() -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    broken = [
        f"{document.name}: {target}"
        for document in documents
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", document.read_text("utf-8"))
        if not (document.parent / target).exists()
    ]
    assert broken == []
    assert len(documents) > 4
