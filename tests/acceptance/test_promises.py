"""What is seen to go wrong in metadata ingestion, each through the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.command import Project

pytestmark = pytest.mark.slow

AS_IT_WAS = '{"name":"as it was"}\n'


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "out.jsonl").write_text(AS_IT_WAS)
    return Project(tmp_path)


def workflow(source: dict[str, Any], **blocks: Any) -> dict[str, Any]:
    return {
        "source": {"type": "tests.flow.parts.Numbers", "config": source},
        "sink": {"type": "file", "config": {"path": "out.jsonl"}},
        **blocks,
    }


def part(name: str, **config: Any) -> dict[str, Any]:
    return {"type": f"tests.flow.parts.{name}", "config": config}


def dead_letters(project: Project) -> list[dict[str, Any]]:
    files = project.report()["deadLetters"]["files"]
    return [
        json.loads(line)
        for file in files
        for line in (project.run_dir / file).read_text().splitlines()
    ]


def test_a_transformer_that_raises_on_every_second_record_is_no_success(project: Project) -> None:
    project.write(workflow({"splits": 2, "records": 100}, processors=[part("Faulty", every=2)]))
    done = project.run("run", "-c", "workflow.yaml")
    assert done.returncode == 1
    assert "The run failed: 100 of 200 records failed" in done.stderr
    assert len((project.folder / "out.jsonl").read_text().splitlines()) == 100
    assert len(dead_letters(project)) == 100


def test_a_sink_that_refuses_every_write_is_no_success(project: Project) -> None:
    names = [f"r0-{number}" for number in range(50)]
    sink = part("Folder", path="stored", rejects=names)
    project.write(workflow({"splits": 1, "records": 50}, sink=sink))
    done = project.run("run", "-c", "workflow.yaml")
    assert done.returncode == 1
    assert project.report()["status"] == "failed"
    # The last one is there too: the log of failures does not close before the sink has answered.
    letters = dead_letters(project)
    assert [letter["name"] for letter in letters] == names
    assert {letter["reason"] for letter in letters} == {"the server said no"}


def test_nothing_is_committed_although_there_were_errors(project: Project) -> None:
    config = workflow(
        {"splits": 1, "records": 50},
        processors=[part("Faulty", every=10)],
        stage=part("Tally", keep=True),
        bulkSink=part("Shelf", path="shelf"),
    )
    del config["sink"]
    project.write(config)
    assert project.run("run", "-c", "workflow.yaml").returncode == 1
    assert not (project.folder / "shelf" / "current").exists()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--dry-run"], 0), (["--set", "source.config.recrods=5"], 2)],
    ids=["dry run", "typo"],
)
def test_neither_a_dry_run_nor_a_typo_empties_the_output(
    project: Project, arguments: list[str], code: int
) -> None:
    out = project.folder / "out.jsonl"
    before = out.stat().st_mtime_ns
    project.write(workflow({"splits": 1, "records": 10}))
    assert project.run("run", "-c", "workflow.yaml", *arguments).returncode == code
    assert (out.read_text(), out.stat().st_mtime_ns) == (AS_IT_WAS, before)
    assert not (project.folder / "runs").exists()


def test_a_source_that_dies_after_500_records_is_not_complete(project: Project) -> None:
    source = {"splits": 1, "records": 900, "failSplit": 0, "failAfter": 500}
    project.write(workflow(source))
    done = project.run("run", "-c", "workflow.yaml")
    assert done.returncode == 1
    assert "1 of 2 splits failed" in done.stderr
    assert project.report()["splits"] == {"total": 2, "done": 1, "failed": 1, "notRead": 0}
    assert len((project.folder / "out.jsonl").read_text().splitlines()) == 500


def test_a_server_that_is_away_for_a_moment_loses_nothing(project: Project) -> None:
    source = {
        "splits": 2, "records": 300, "failSplit": 1, "failAfter": 150,
        "error": "transient", "once": "fired",
    }  # fmt: skip
    project.write(workflow(source))
    assert project.run("run", "-c", "workflow.yaml").returncode == 0
    lines = (project.folder / "out.jsonl").read_text().splitlines()
    assert sorted(json.loads(line)["n"] for line in lines) == list(range(600))


def test_a_success_of_99_percent_is_none_unless_it_was_asked_for(project: Project) -> None:
    project.write(workflow({"splits": 1, "records": 800}, processors=[part("Faulty", every=400)]))
    done = project.run("run", "-c", "workflow.yaml")
    assert done.returncode == 1
    assert "2 of 800 records failed (99.75 % passed)" in done.stderr


def test_a_listing_that_failed_deletes_nothing(project: Project) -> None:
    stored = project.folder / "stored"
    stored.mkdir()
    for number in range(5):
        (stored / f"held-{number}").touch()
    source = {"splits": 3, "records": 5, "scope": True, "listFailsAfter": 0}
    project.write(workflow(source, sink=part("Folder", path="stored")))
    done = project.run("run", "-c", "workflow.yaml")
    assert done.returncode == 1
    assert "the catalogue went away" in done.stderr
    assert len([file for file in stored.iterdir() if file.name[0] != "."]) == 5
