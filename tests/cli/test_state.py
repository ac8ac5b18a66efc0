"""What a workflow remembers advances with a success, never before and never without one."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import Remember, Split
from tests.acceptance.command import Project, wait_for
from tests.cli.conftest import Run
from tests.flow.parts import Numbers

pytestmark = pytest.mark.slow


class Counter(Numbers):
    """Goes on with the number behind the last one; says so when a split was read."""

    def remembers(self) -> bool:
        return True

    def splits(self) -> Iterator[Any]:
        start = self.context.state.get("next", 0)
        for index in range(self.config.splits):
            yield Split(f"part/{index}", {"index": start + index})

    def read(self, split: Split) -> Iterator[Any]:
        first = self.context.state.get("next", 0)
        moved = Split(split.key, {"index": split.payload["index"] - first})
        for record in super().read(moved):
            assert isinstance(record, dict)
            yield {**record, "name": f"{split.payload['index']}-{record['name']}"}
        yield Remember("next", split.payload["index"] + 1)


@pytest.fixture
def project(folder: Path) -> Project:
    return Project(folder)


def workflow(source: dict[str, Any] | None = None, **blocks: Any) -> dict[str, Any]:
    config = {"splits": 2, "records": 10, **(source or {})}
    return {
        "source": {"type": "tests.cli.test_state.Counter", "config": config},
        "sink": {"type": "tests.flow.parts.Folder", "config": {"path": "out"}},
        **blocks,
    }


def appended(project: Project, *numbers: int) -> None:
    with (project.folder / "log.jsonl").open("a") as log:
        log.writelines(json.dumps({"name": f"r{n}", "n": n}) + "\n" for n in numbers)


def of_log(**blocks: Any) -> dict[str, Any]:
    return {
        "source": {"type": "file", "config": {"path": "log.jsonl", "appended": True}},
        "sink": {"type": "tests.flow.parts.Folder", "config": {"path": "out"}},
        **blocks,
    }


@pytest.fixture
def run(cli: Run) -> Callable[..., dict[str, Any]]:
    """Run it and give its report, with the exit code and what was said."""

    def once(*more: str) -> dict[str, Any]:
        done = cli("run", "-c", "workflow.yaml", "--json", *more)
        report: dict[str, Any] = json.loads(done.stdout) if done.stdout else {}
        return {**report, "code": done.exit_code, "err": done.stderr}

    return once


def state(cli: Run) -> Any:
    shown = cli("state", "-c", "workflow.yaml")
    assert shown.exit_code == 0, shown.stderr
    return json.loads(shown.stdout)["state"] if shown.stdout else None


def read(report: dict[str, Any]) -> int:
    return int(report["steps"][0]["in"])


def test_a_log_is_read_from_where_the_last_success_ended(
    project: Project, run: Any, cli: Run
) -> None:
    appended(project, 1, 2, 3)
    project.write(of_log())
    first = run()
    assert (first["code"], read(first), first["state"]["advanced"]) == (0, 3, True)
    appended(project, 4)
    dry = run("--dry-run")
    assert (dry["code"], read(dry), dry["state"]["why"]) == (0, 1, "a dry run writes nothing")

    project.write(of_log(processors=[{"type": "tests.flow.parts.Faulty", "config": {"every": 4}}]))
    refused = run()
    assert refused["code"] == 2
    assert "processors changed since" in refused["err"]
    failed = run("--keep-state")
    assert (failed["code"], read(failed)) == (1, 1)
    assert (failed["state"]["advanced"], failed["state"]["why"]) == (False, "the run failed")
    assert "the next run goes on from where this one did" in failed["err"]

    project.write(of_log())
    again = run()
    assert (again["code"], read(again)) == (0, 1)
    assert run()["steps"][0]["in"] == 0
    assert sorted(path.name for path in (project.folder / "out").glob("r*")) == [
        "r1", "r2", "r3", "r4",
    ]  # fmt: skip

    forgot = cli("state", "-c", "workflow.yaml", "--reset")
    assert "has forgotten where the run" in forgot.stderr
    assert state(cli) is None
    assert read(run()) == 4
    assert read(run("--from-start")) == 4


def test_a_run_that_was_killed_has_remembered_nothing_and_resume_does(
    project: Project, run: Any, cli: Run
) -> None:
    waits = {"failSplit": 1, "failAfter": 5, "reached": "reached", "gate": "gate"}
    project.write(workflow(waits))
    process = project.start("run", "-c", "workflow.yaml")
    marks = project.folder / "runs"
    wait_for(
        lambda: (project.folder / "reached").exists() and len([*marks.glob("*/marks/*.json")]) == 2,
        process,
    )
    second = run()
    assert second["code"] == 2
    assert f"the state of 'tests.cli.test_state.Counter' is in use: process {process.pid}" \
        in second["err"]  # fmt: skip
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)
    killed = next(path for path in (project.folder / "runs").iterdir() if path.name != "state")
    assert state(cli) is None

    (project.folder / "gate").touch()
    resumed = run("--resume", killed.name)
    assert (resumed["code"], resumed["state"]["advanced"]) == (0, True)
    assert state(cli) == {"next": 2}
    assert read(run()) == 20
    assert state(cli) == {"next": 4}
    assert len(list((project.folder / "out").glob("[0-9]*"))) == 40


def test_what_is_new_alone_does_not_replace_the_file_of_all(
    project: Project, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    appended(project, 1)
    monkeypatch.setenv("OUT", "one")
    config = of_log(sink={"type": "file", "config": {"path": "${OUT}.jsonl"}})
    project.write(config)
    assert run()["code"] == 0
    appended(project, 2)
    refused = run()
    assert refused["code"] == 2
    assert "one.jsonl" in refused["err"]
    assert "alone would replace" in refused["err"]
    monkeypatch.setenv("OUT", "two")
    assert run()["code"] == 0
    assert [json.loads((project.folder / f"{name}.jsonl").read_text())["n"] for name in
            ("one", "two")] == [1, 2]  # fmt: skip
