"""``beam-ingest template``, and the launcher that it builds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from beam_ingest.cli.sample import make_sample_database
from beam_ingest.templates.catalog import TEMPLATES
from tests.cli.conftest import Run

DATABASE = ["--databaseType=sqlite", "--databaseFile=shop.db", "--serviceName=shop"]


def test_list_shows_every_template(cli: Run) -> None:
    shown = cli("template", "list").stdout
    assert [line.split()[0] for line in shown.splitlines()] == [each.name for each in TEMPLATES]


def test_what_was_built_is_checked(cli: Run, folder: Path) -> None:
    assert cli("template", "build", "-o", "t").exit_code == 0
    assert cli("template", "check", "-o", "t").exit_code == 0
    (folder / "t" / "database-to-files" / "main.py").write_text("")
    checked = cli("template", "check", "-o", "t")
    assert checked.exit_code == 2
    assert "t/database-to-files/main.py is not what database-to-files declares" in checked.stderr


def test_one_template_may_be_built_alone(cli: Run, folder: Path) -> None:
    assert cli("template", "build", "database-to-files", "-o", "t").exit_code == 0
    assert {path.parent.name for path in folder.rglob("metadata.json")} == {"database-to-files"}


@pytest.mark.parametrize("verb", ["build", "check"])
def test_an_unknown_template_is_refused(cli: Run, folder: Path, verb: str) -> None:
    result = cli("template", verb, "oracle-to-mars")
    assert result.exit_code == 2
    assert "there is no template 'oracle-to-mars'" in result.stderr
    assert "database-to-files" in result.stderr
    assert list(folder.iterdir()) == []


def test_a_file_in_the_way_is_told(cli: Run, folder: Path) -> None:
    (folder / "t").write_text("mine")
    assert cli("template", "build", "-o", "t").exit_code == 2
    assert (folder / "t").read_text() == "mine"


def launch(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    main = folder / "templates" / "database-to-files" / "main.py"
    return subprocess.run(
        [sys.executable, main, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_the_launcher_runs_the_quickstart(cli: Run, folder: Path) -> None:
    cli("template", "build")
    make_sample_database(folder / "shop.db")
    arguments = [*DATABASE, "--output=out.jsonl", "--tableExcludes=^tmp_", "--report=r.json"]
    launched = launch(folder, *arguments, "--runner=local", "--job_name=a-job")
    assert launched.returncode == 0, launched.stderr
    lines = (folder / "out.jsonl").read_text().splitlines()
    names = {json.loads(line)["fullyQualifiedName"] for line in lines}
    assert "shop.default.main.orders" in names
    assert not any("tmp_" in name for name in names)
    assert json.loads((folder / "r.json").read_text())["status"] == "success"


def test_the_launcher_tells_mistakes_before_it_runs(cli: Run, folder: Path) -> None:
    cli("template", "build")
    for arguments, told in (
        (DATABASE, "--output is missing"),
        ([*DATABASE, "--output=o", "--outputt=x"], "did you mean --output?"),
        ([*DATABASE, "--output=o", "--regio=x"], "did you mean --region?"),
        (["--databaseType=oracle"], "--databaseType: is one of postgres"),
        ([*DATABASE, "--output=o", "--hostPort=h:1"], "SQLite is a file"),
    ):
        launched = launch(folder, *arguments)
        assert launched.returncode == 2
        assert told in launched.stderr
        assert "Traceback" not in launched.stderr
    assert not (folder / "runs").exists()
