"""The wheel holds what the package needs, and does its work away from the repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

import beam_ingest
from tests.test_project import ROOT, project_files
from tests.wheel import build_wheel

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``bin`` of an environment that has the wheel, and this one's libraries behind it."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    _run(
        folder, sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet",
        "--no-deps", "--no-index", str(wheel),
    )  # fmt: skip
    (packages,) = folder.glob("lib/python*/site-packages")
    # A path in a .pth file is searched, but the .pth files in it are not read: the libraries
    # are found, this repository, which is installed as an editable one, is not.
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin"


def test_the_wheel_holds_the_package_with_its_data_and_no_more(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    info = f"beam_ingest-{beam_ingest.__version__}.dist-info"
    assert {name.partition("/")[0] for name in names} == {"beam_ingest", info}
    expected = {
        str(path.relative_to(ROOT))
        for path in project_files()
        if path.is_relative_to(ROOT / "beam_ingest")
    }
    assert {name for name in names if name.startswith("beam_ingest/")} == expected
    assert {
        "beam_ingest/py.typed",
        "beam_ingest/cli/templates/source.tmpl",
        "beam_ingest/cli/templates/shop.sql",
        f"{info}/licenses/LICENSE",
    } <= set(names)


def test_the_installed_wheel_makes_checks_and_runs_a_workflow(
    installed: Path, tmp_path: Path
) -> None:
    where = _run(tmp_path, installed / "python", "-c", "import beam_ingest; print(beam_ingest)")
    assert str(installed.parent) in where

    command = installed / "beam-ingest"
    _run(tmp_path, command, "new", "workflow", "shop")
    _run(tmp_path, command, "validate", "-c", "shop.yaml")
    checks = _run(tmp_path, command, "test-connection", "-c", "shop.yaml")
    assert {line.split()[0] for line in checks.splitlines()} == {"ok"}
    report = json.loads(_run(tmp_path, command, "run", "-c", "shop.yaml", "--json"))
    assert report["status"] == "success"
    assert len((tmp_path / "out" / "shop.jsonl").read_text().splitlines()) == 13


def test_a_component_in_the_current_folder_is_found_by_the_installed_command(
    installed: Path, tmp_path: Path
) -> None:
    command = installed / "beam-ingest"
    _run(tmp_path, command, "new", "processor", "tidy")
    _run(tmp_path, command, "new", "workflow", "shop")
    _run(
        tmp_path, command, "run", "-c", "shop.yaml",
        "--set", "processors=[{type: tidy.TidyProcessor}]", "--set", "beam.workers=2",
    )  # fmt: skip
    lines = (tmp_path / "out" / "shop.jsonl").read_text().splitlines()
    tables = [each["entity"] for each in map(json.loads, lines) if each["entityType"] == "table"]
    assert len(tables) == 7
    assert {table["description"] for table in tables} == {"Not described yet."}


def _run(folder: Path, *command: str | Path) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    ran = subprocess.run(
        [str(part) for part in command], cwd=folder, capture_output=True, text=True,
        env=environment,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout
