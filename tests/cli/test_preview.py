"""``beam-ingest preview``: records as JSON lines on stdout."""

from __future__ import annotations

import json

from beam_ingest.api.entities import Database
from beam_ingest.api.errors import FatalError
from tests.cli.conftest import Run
from tests.cli.scripted import ScriptedWorkflow

Scripted = type[ScriptedWorkflow]


def test_records_are_json_lines_as_the_file_sink_writes_them(cli: Run, workflow: Scripted) -> None:
    workflow.records = [{"name": "a"}, Database(name="d", service="s")]
    result = cli("preview", "-c", "w.yaml")
    assert result.exit_code == 0
    first, second = map(json.loads, result.stdout.splitlines())
    assert first == {"name": "a"}
    assert second["entityType"] == "database"
    assert second["fullyQualifiedName"] == "s.d"
    assert result.stderr == ""


def test_the_limit_is_ten_unless_given(cli: Run, workflow: Scripted) -> None:
    workflow.records = [{"name": str(number)} for number in range(20)]
    assert len(cli("preview", "-c", "w.yaml").stdout.splitlines()) == 10
    assert len(cli("preview", "-c", "w.yaml", "--limit", "3").stdout.splitlines()) == 3
    assert cli("preview", "-c", "w.yaml", "--limit", "0").exit_code == 2


def test_no_record_at_all_is_said_on_stderr(cli: Run, workflow: Scripted) -> None:
    result = cli("preview", "-c", "w.yaml")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "no record came out of the processors\n"


def test_what_came_before_an_error_is_shown(cli: Run, workflow: Scripted) -> None:
    workflow.records = [{"name": "a"}]
    workflow.error = FatalError("the connection was lost")
    result = cli("preview", "-c", "w.yaml")
    assert result.exit_code == 3
    assert result.stdout == '{"name":"a"}\n'
    assert result.stderr == "error: the connection was lost\n"
