"""``beam-ingest run``: what it passes on, prints, writes and answers."""

from __future__ import annotations

import json
import logging
import os
import signal
import threading
from pathlib import Path

import pytest

from beam_ingest.api.report import Report
from tests.cli.conftest import Run
from tests.cli.scripted import ScriptedWorkflow, a_report

Scripted = type[ScriptedWorkflow]


def test_options_reach_the_workflow(cli: Run, workflow: Scripted) -> None:
    result = cli(
        "run", "-c", "w.yaml", "--dry-run", "--run-dir", "here", "--allow-retire", "--keep-state",
        "--set", "beam.workers=2", "--set", "source.serviceName=x",
    )  # fmt: skip
    assert result.exit_code == 0
    loaded, options = workflow.calls
    assert loaded == {"config": "w.yaml", "sets": ("beam.workers=2", "source.serviceName=x")}
    assert callable(options.pop("listener"))
    assert options.pop("cancels")(signal.SIGTERM)
    assert options == {
        "dry_run": True, "run_dir": "here", "allow_retire": True, "handle_signals": True,
        "resume": None, "state": "keep",
    }  # fmt: skip


def test_ingest_is_another_name_for_run(cli: Run, workflow: Scripted) -> None:
    result = cli("ingest", "-c", "w.yaml")
    assert result.exit_code == 0
    assert len(workflow.calls) == 2


def test_progress_and_summary_go_to_stderr(cli: Run, workflow: Scripted) -> None:
    result = cli("run", "-c", "w.yaml")
    assert result.stdout == ""
    assert "splits 1/1 done" in result.stderr
    assert "3 of 3 records written." in result.stderr
    assert result.stderr.rstrip().endswith("report: runs/r1/report.json")


def test_the_report_as_json_is_all_that_goes_to_stdout(cli: Run, workflow: Scripted) -> None:
    result = cli("run", "-c", "w.yaml", "--json")
    assert Report.model_validate(json.loads(result.stdout)) == workflow.report
    assert json.loads(result.stdout)["steps"][0]["in"] == 3


def test_the_report_is_copied_to_a_file(cli: Run, workflow: Scripted, folder: Path) -> None:
    target = folder / "copy.json"
    target.write_text("an older report")
    assert cli("run", "-c", "w.yaml", "--report", str(target)).exit_code == 0
    assert Report.model_validate_json(target.read_bytes()) == workflow.report
    assert [path.name for path in folder.iterdir()] == ["copy.json"]
    assert cli("run", "-c", "w.yaml", "--report", "beside.json").exit_code == 0
    assert (folder / "beside.json").exists()


@pytest.mark.parametrize("target", ["missing/report.json", "."])
def test_a_report_file_that_cannot_be_written_is_found_out_before_the_run(
    cli: Run, workflow: Scripted, target: str
) -> None:
    result = cli("run", "-c", "w.yaml", "--report", target)
    assert result.exit_code == 2
    assert f"{target} cannot be written" in result.stderr
    assert workflow.calls == []


@pytest.mark.parametrize("code", [0, 1, 3, 4, 130, 143])
def test_the_exit_code_is_the_reports(cli: Run, workflow: Scripted, code: int) -> None:
    workflow.report = a_report(status="failed" if code else "success", exit_code=code)
    assert cli("run", "-c", "w.yaml").exit_code == code


@pytest.mark.parametrize(("code", "answered"), [(1, 0), (3, 3), (4, 4), (130, 130)])
def test_raise_on_error_false_forgives_what_failed_but_the_status_stays(
    cli: Run, workflow: Scripted, code: int, answered: int
) -> None:
    workflow.raise_on_error = False
    workflow.report = a_report(status="failed", exit_code=code, sentence="1 of 3 failed.")
    result = cli("run", "-c", "w.yaml")
    assert result.exit_code == answered
    assert "1 of 3 failed." in result.stderr


def test_a_dry_run_names_no_place_since_it_leaves_nothing(cli: Run, workflow: Scripted) -> None:
    result = cli("run", "-c", "w.yaml", "--dry-run")
    assert "3 of 3 records written." in result.stderr
    assert "runs/r1" not in result.stderr


def test_an_engine_that_hangs_does_not_keep_the_process(
    cli: Run, workflow: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    from beam_ingest.flow import launch

    workflow.report = a_report(status="failed", exit_code=130)
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    cli("run", "-c", "w.yaml")
    assert codes == []
    monkeypatch.setattr(launch, "engines_left_behind", [threading.Thread()])
    cli("run", "-c", "w.yaml")
    assert codes == [130]


def test_keys_that_do_nothing_here_are_told_before_the_run(cli: Run, workflow: Scripted) -> None:
    workflow.notices = ("source.x (line 3): ignored: no profiler",)
    result = cli("run", "-c", "w.yaml")
    assert result.stderr.startswith("note: source.x (line 3): ignored: no profiler\n")


def test_the_workflows_logger_level_holds_unless_debug_is_given(
    cli: Run, workflow: Scripted
) -> None:
    cli("run", "-c", "w.yaml")
    assert logging.getLogger("beam_ingest").level == logging.WARNING
    cli("run", "-c", "w.yaml", "--debug")
    assert logging.getLogger("beam_ingest").level == logging.DEBUG


def test_a_workflow_must_be_named(cli: Run, workflow: Scripted) -> None:
    result = cli("run")
    assert result.exit_code == 2
    assert "Missing option '-c' / '--config'" in result.stderr


@pytest.mark.parametrize(
    "args", [("-c", "w.yaml", "--report"), ("--config", "./w.yaml", "--report")]
)
def test_a_report_does_not_go_over_the_workflow(
    cli: Run, workflow: type[ScriptedWorkflow], folder: Path, args: tuple[str, ...]
) -> None:
    (folder / "w.yaml").write_text("as it was")
    for order in ((*args, "w.yaml"), ("--report", "w.yaml", *args[:2])):
        result = cli("run", *order)
        assert result.exit_code == 2
        assert "w.yaml is the workflow itself: name another file." in result.stderr
    assert (folder / "w.yaml").read_text() == "as it was"
