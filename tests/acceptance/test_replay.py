"""Dead letters are run again from the step they failed in, until none is left."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.command import Project

pytestmark = pytest.mark.slow


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def workflow(every: int, **blocks: Any) -> dict[str, Any]:
    """200 records in two splits; one in ``every`` fails in the second of three processors."""
    return {
        "source": {"type": "tests.flow.parts.Numbers", "config": {"splits": 2, "records": 100}},
        "processors": [
            {"type": "tests.flow.parts.Trace", "name": "first", "config": {"label": "first"}},
            {"type": "tests.flow.parts.Faulty", "name": "faulty", "config": {"every": every}},
            {"type": "tests.flow.parts.Trace", "name": "last", "config": {"label": "last"}},
        ],
        "sink": {"type": "tests.flow.parts.Folder", "name": "out", "config": {"path": "out"}},
        **blocks,
    }


def written(project: Project) -> dict[str, dict[str, Any]]:
    files = [file for file in (project.folder / "out").iterdir() if file.name[0] != "."]
    return {file.name: json.loads(file.read_text()) for file in files}


def runs(project: Project) -> list[Path]:
    """The run directories, the oldest first."""
    found = list((project.folder / "runs").iterdir())
    return sorted(found, key=lambda path: (path / "run.json").stat().st_mtime_ns)


def letters(project: Project, run: Path) -> list[dict[str, Any]]:
    """The dead letters that are left of a run."""
    shown = project.run("dead-letters", str(run), "--json")
    assert shown.returncode == 0, shown.stderr
    return [json.loads(line) for line in shown.stdout.splitlines()]


@pytest.mark.parametrize("beam", [{}, {"workers": 2}], ids=["one process", "two processes"])
def test_a_processor_that_was_mended_passes_what_it_had_failed(
    project: Project, beam: dict[str, Any]
) -> None:
    project.write(workflow(2, beam=beam))
    assert project.run("run", "-c", "workflow.yaml").returncode == 1
    (first,) = runs(project)
    assert len(written(project)) == 100
    assert len(letters(project, first)) == 100

    project.write(workflow(198, beam=beam))
    replayed = project.run("replay", first.name, "-c", "workflow.yaml")

    assert replayed.returncode == 1, replayed.stderr
    assert "98 dead letters have passed, 2 have not" in replayed.stderr
    # From the step it failed in: what had passed the first step is not traced there again.
    assert {name: record["trace"] for name, record in written(project).items()} == {
        f"r{split}-{n}": ["first", "last"]
        for split in range(2) for n in range(100) if split * 100 + n not in (0, 198)
    }  # fmt: skip
    left = letters(project, first)
    assert sorted(letter["record"]["n"] for letter in left) == [0, 198]
    assert {letter["attempts"] for letter in left} == {1}
    again = letters(project, runs(project)[1])
    assert sorted(letter["record"]["n"] for letter in again) == [0, 198]
    assert {letter["attempts"] for letter in again} == {2}

    config = workflow(2, beam=beam)
    config["processors"][1]["config"] = {"every": 10**9, "drop": True}
    project.write(config)
    last = project.run("replay", first.name, "-c", "workflow.yaml")

    assert last.returncode == 0, last.stderr
    assert "2 dead letters have passed, 0 have not" in last.stderr
    assert letters(project, first) == []
    before = len(runs(project))
    nothing = project.run("replay", first.name, "-c", "workflow.yaml")
    assert nothing.returncode == 0
    assert "there is no dead letter left to replay" in nothing.stderr
    assert len(runs(project)) == before


def test_what_a_sink_rejected_is_offered_to_it_again_and_not_processed_again(
    project: Project,
) -> None:
    config = workflow(1000)
    config["sink"]["config"] |= {"rejects": ["r0-5", "r1-7"], "defer": {"r0-9": "never"}}
    project.write(config)
    assert project.run("run", "-c", "workflow.yaml").returncode == 1
    (first,) = runs(project)
    assert {letter["step"] for letter in letters(project, first)} == {
        "faulty", "out", "out (deferred)",
    }  # fmt: skip

    config["sink"]["config"] |= {"rejects": ["r1-7"], "defer": {}}
    config["processors"][1]["config"] = {"every": 1000, "drop": True}
    project.write(config)
    replayed = project.run("replay", "latest", "-c", "workflow.yaml", "--json")

    assert replayed.returncode == 1
    assert "3 dead letters have passed, 1 have not" in replayed.stderr
    report = json.loads(replayed.stdout)
    steps = {step["name"]: step for step in report["steps"]}
    # Only the letter of the processor went through the processors, and was dropped there.
    assert [steps[name]["in"] for name in ("(dead letters)", "first", "faulty", "last")] == [
        4, 0, 1, 0,
    ]  # fmt: skip
    assert (steps["out"]["in"], steps["out"]["failed"]) == (3, 1)
    assert written(project)["r0-5"]["trace"] == ["first", "last"]
    assert [letter["name"] for letter in letters(project, first)] == ["r1-7"]


def test_lines_that_were_no_records_are_said_not_to_be_replayable(project: Project) -> None:
    config = workflow(2)
    config["source"] = {"type": "tests.flow.replay_parts.Torn"}
    config["processors"] = []
    project.write(config)
    assert project.run("run", "-c", "workflow.yaml").returncode == 1
    replayed = project.run("replay", "latest", "-c", "workflow.yaml")
    assert replayed.returncode == 0
    assert "there is no dead letter left to replay" in replayed.stderr
    assert "1 cannot be replayed: there is no whole record in them" in replayed.stderr
    shown = project.run("dead-letters", "latest").stdout
    assert "1 of them cannot be replayed" in shown


def test_a_step_that_is_gone_is_named_before_anything_runs(project: Project) -> None:
    project.write(workflow(2))
    project.run("run", "-c", "workflow.yaml")
    config = workflow(2)
    del config["processors"][1]
    project.write(config)
    refused = project.run("replay", "latest", "-c", "workflow.yaml")
    assert refused.returncode == 2
    assert "dead letters of steps that the workflow does not have: faulty" in refused.stderr
    assert len(runs(project)) == 1


def test_a_good_file_is_not_replaced_by_a_handful_of_records(project: Project) -> None:
    config = workflow(2, sink={"type": "file", "config": {"path": "out.jsonl"}})
    project.write(config)
    assert project.run("run", "-c", "workflow.yaml").returncode == 1
    (first,) = runs(project)
    good = (project.folder / "out.jsonl").read_bytes()
    assert len(good.splitlines()) == 100
    config["processors"][1]["config"] = {"every": 10**9, "drop": True}
    project.write(config)

    refused = project.run("replay", "latest", "-c", "workflow.yaml")

    assert refused.returncode == 2
    place = project.folder / "out.jsonl"
    assert f"the records of a replay alone would replace {place}" in refused.stderr
    assert "--set" in refused.stderr
    assert (project.folder / "out.jsonl").read_bytes() == good
    assert runs(project) == [first]

    other = ("--set", "sink.config.path=rest.jsonl")
    replayed = project.run("replay", "latest", "-c", "workflow.yaml", *other)

    assert replayed.returncode == 0, replayed.stderr
    assert (project.folder / "out.jsonl").read_bytes() == good
    rest = (project.folder / "rest.jsonl").read_text().splitlines()
    # One was dropped: 0 is a multiple of everything.
    assert len(rest) == 99
    assert letters(project, first) == []


def test_a_file_of_letters_is_replayed_and_nothing_is_noted(project: Project) -> None:
    project.write(workflow(2))
    project.run("run", "-c", "workflow.yaml")
    (first,) = runs(project)
    copied = project.run("dead-letters", first.name, "--json").stdout.splitlines(keepends=True)
    (project.folder / "some.jsonl").write_text("".join(copied[3:6]))
    config = workflow(2)
    config["processors"][1]["config"] = {"every": 10**9}
    project.write(config)
    replayed = project.run("replay", "some.jsonl", "-c", "workflow.yaml")
    assert replayed.returncode == 0, replayed.stderr
    assert "3 dead letters have passed, 0 have not" in replayed.stderr
    assert len(written(project)) == 103
    assert len(letters(project, first)) == 100


def test_a_replay_is_not_resumed(project: Project) -> None:
    project.write(workflow(2))
    project.run("run", "-c", "workflow.yaml")
    (first,) = runs(project)
    project.run("replay", "latest", "-c", "workflow.yaml", "--run-dir", "runs/again")
    refused = project.run("run", "-c", "workflow.yaml", "--resume", "again")
    assert refused.returncode == 2
    assert f"is a replay of {first}, and is not resumed" in refused.stderr
