"""``beam-ingest test-connection``: named checks, one line each."""

from __future__ import annotations

from collections.abc import Callable

from beam_ingest.api.component import Check
from beam_ingest.api.errors import FatalError
from tests.cli.conftest import Run
from tests.cli.scripted import ScriptedWorkflow

Scripted = type[ScriptedWorkflow]


def fails(message: str) -> Callable[[], str | None]:
    def run() -> str | None:
        raise FatalError(message, hint="look again")

    return run


def test_each_check_is_a_line_with_what_it_found(cli: Run, workflow: Scripted) -> None:
    workflow.named_checks = [
        ("sqlite", Check("the file can be read", lambda: "9 tables")),
        ("file", Check("the folder can be written", lambda: None)),
    ]
    result = cli("test-connection", "-c", "w.yaml")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "ok       sqlite: the file can be read: 9 tables",
        "ok       file: the folder can be written",
    ]


def test_after_a_required_check_the_components_others_are_skipped(
    cli: Run, workflow: Scripted
) -> None:
    workflow.named_checks = [
        ("pg", Check("the server answers", fails("refused"))),
        ("pg", Check("tables can be listed", lambda: "never run")),
        ("file", Check("the folder can be written", lambda: None)),
    ]
    result = cli("test-connection", "-c", "w.yaml")
    assert result.exit_code == 3
    assert result.stdout.splitlines() == [
        "failed   pg: the server answers: refused (look again)",
        "skipped  pg: tables can be listed",
        "ok       file: the folder can be written",
    ]


def test_a_check_that_is_not_required_is_a_warning(cli: Run, workflow: Scripted) -> None:
    workflow.named_checks = [
        ("pg", Check("statements can be read", fails("no rights"), required=False)),
        ("pg", Check("tables can be listed", lambda: None)),
    ]
    result = cli("test-connection", "-c", "w.yaml")
    assert result.exit_code == 0
    assert result.stdout.startswith("warning  pg: statements can be read: no rights")
    assert "ok       pg: tables can be listed" in result.stdout


def test_a_workflow_without_checks_says_so(cli: Run, workflow: Scripted) -> None:
    result = cli("test-connection", "-c", "w.yaml", "--set", "a.b=c")
    assert result.exit_code == 0
    assert "nothing" not in result.stderr
    assert result.stdout == "no component of this workflow has anything to check\n"
    assert workflow.calls == [{"config": "w.yaml", "sets": ("a.b=c",)}]
