"""``beam-ingest replay``: what it hands on, what it says, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from beam_ingest.api.errors import CannotStart
from beam_ingest.flow.replay import Replayed
from tests.cli.conftest import Run
from tests.cli.scripted import ScriptedWorkflow, a_report

Scripted = type[ScriptedWorkflow]


def test_options_reach_the_workflow(cli: Run, workflow: Scripted) -> None:
    result = cli(
        "replay", "r1", "-c", "w.yaml", "--step", "out", "--run-dir", "here", "--set", "a.b=2"
    )
    assert result.exit_code == 0
    loaded, options = workflow.calls
    assert loaded == {"config": "w.yaml", "sets": ("a.b=2",)}
    assert callable(options.pop("listener"))
    assert options == {"target": "r1", "step": "out", "run_dir": "here", "handle_signals": True}


def test_what_passed_is_told_after_the_summary(cli: Run, workflow: Scripted) -> None:
    workflow.replayed = Replayed(a_report(exit_code=1, status="failed"), 7, 2, 1)
    result = cli("replay", "r1", "-c", "w.yaml")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.endswith(
        "report: runs/r1/report.json\n"
        "7 dead letters have passed, 2 have not\n"
        "1 cannot be replayed: there is no whole record in them\n"
    )


def test_nothing_left_to_replay_is_a_success_without_a_report(cli: Run, workflow: Scripted) -> None:
    workflow.replayed = Replayed(None, 0, 0, 0)
    result = cli("replay", "r1", "-c", "w.yaml", "--json")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "there is no dead letter left to replay\n"


def test_the_report_goes_where_it_was_asked_for(cli: Run, workflow: Scripted, folder: Path) -> None:
    result = cli("replay", "r1", "-c", "w.yaml", "--json", "--report", "copy.json")
    assert json.loads(result.stdout)["runId"] == "r1"
    assert json.loads((folder / "copy.json").read_text())["runId"] == "r1"


def test_what_cannot_start_says_why(cli: Run, workflow: Scripted) -> None:
    workflow.error = CannotStart("the sink would lose what it has", hint="give it another output")
    result = cli("replay", "r1", "-c", "w.yaml")
    assert result.exit_code == 2
    assert "error: the sink would lose what it has\n       give it" in result.stderr


@pytest.mark.parametrize("args", [["replay", "-c", "w.yaml"], ["replay", "r1"]])
def test_both_the_letters_and_the_workflow_are_needed(
    cli: Run, workflow: Scripted, args: list[str]
) -> None:
    assert cli(*args).exit_code == 2
    assert workflow.calls == []
