"""Every way to fail ends in one exit code, a message that helps, and no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from beam_ingest.api.errors import (
    FatalError,
    MissingDependency,
    RecordError,
    TransientError,
    UnknownComponent,
)
from tests.cli.conftest import Run
from tests.cli.scripted import ScriptedWorkflow

Scripted = type[ScriptedWorkflow]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FatalError("the password is wrong", hint="set PG_PASSWORD"), 3),
        (TransientError("no answer", hint="is it up?"), 3),
        (MissingDependency("needs psycopg", hint="pip install 'beam-ingest[postgres]'"), 2),
        (UnknownComponent("there is no sink 'fiel'", hint="did you mean 'file'?"), 2),
        (RecordError("no JSON", hint="look at it"), 1),
    ],
)
def test_an_error_meant_for_the_reader_is_two_lines_and_a_code(
    cli: Run, workflow: Scripted, error: FatalError, code: int
) -> None:
    workflow.error = error
    result = cli("run", "-c", "w.yaml")
    assert result.exit_code == code
    assert result.stderr == f"error: {error.message}\n       {error.hint}\n"


def test_a_defect_of_ours_names_its_place_and_asks_for_debug(cli: Run, workflow: Scripted) -> None:
    workflow.error = KeyError("lost")
    result = cli("run", "-c", "w.yaml")
    assert result.exit_code == 4
    first, second = result.stderr.splitlines()
    assert first.startswith("error: a defect of beam-ingest: KeyError: 'lost' (")
    assert "cli/run.py, line " in first
    assert second == "       run it again with --debug, and report what it shows"


@pytest.mark.parametrize("args", [("--debug", "run", "-c", "w"), ("run", "-c", "w", "--debug")])
def test_debug_shows_the_traceback_before_and_after_the_verb(
    cli: Run, workflow: Scripted, args: tuple[str, ...]
) -> None:
    workflow.error = KeyError("lost")
    result = cli(*args)
    assert result.exit_code == 4
    assert "Traceback (most recent call last):" in result.stderr
    assert "run it again with --debug" not in result.stderr


def test_without_debug_no_error_shows_a_traceback(cli: Run, workflow: Scripted) -> None:
    for error in (FatalError("x"), KeyError("x"), RuntimeError(), KeyboardInterrupt()):
        workflow.error = error
        assert "Traceback" not in cli("run", "-c", "w.yaml").stderr


def test_an_exception_in_the_users_own_code_names_the_line_there(
    cli: Run, workflow: Scripted, folder: Path
) -> None:
    (folder / "exploding.py").write_text("def explode():\n    return 1 / 0\n")
    import exploding  # type: ignore[import-not-found]

    try:
        exploding.explode()
    except ZeroDivisionError as error:
        workflow.error = error
    result = cli("preview", "-c", "w.yaml")
    assert result.exit_code == 1
    assert f"{folder / 'exploding.py'}, line 2, in explode: ZeroDivisionError" in result.stderr


def test_ctrl_c_before_the_run_has_begun_is_130(cli: Run, workflow: Scripted) -> None:
    workflow.error = KeyboardInterrupt()
    result = cli("run", "-c", "w.yaml")
    assert result.exit_code == 130
    assert result.stderr == "interrupted\n"


def test_an_unknown_verb_is_answered_with_the_nearest(cli: Run) -> None:
    result = cli("rum")
    assert result.exit_code == 2
    assert "There is no command 'rum'. Did you mean 'run'?" in result.stderr


def test_an_unknown_option_is_a_usage_error(cli: Run) -> None:
    result = cli("run", "--dry")
    assert result.exit_code == 2
    assert "--dry" in result.stderr
