"""How the verbs that run something begin and end: console, summary, report, exit code."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from beam_ingest.cli.exit_codes import ExitCode
from beam_ingest.cli.logs import set_level
from beam_ingest.cli.options import is_debug
from beam_ingest.cli.output import emit, say

if TYPE_CHECKING:
    from rich.console import Console

    from beam_ingest.api.report import Report
    from beam_ingest.workflow import Workflow


def _writable(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    # Found out before the run, not after hours of it.
    if value is not None and "://" not in value:
        folder = Path(value).absolute().parent
        if not (folder.is_dir() and os.access(folder, os.W_OK)) or Path(value).is_dir():
            raise click.BadParameter(f"{value} cannot be written.", context, parameter)
        if _is_workflow(value, context.params.get("config")):
            raise click.BadParameter(
                f"{value} is the workflow itself: name another file.", context, parameter
            )
    return value


def _is_workflow(file: str, config: str | None) -> bool:
    from beam_ingest.config.overwriting import is_same_file

    return config is not None and is_same_file(file, config)


report_option = click.option(
    "--report", "report_file", metavar="FILE", callback=_writable, help="Copy the report to FILE."
)
report_json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print the report as JSON on stdout."
)
run_dir_option = click.option(
    "--run-dir", metavar="DIR", help="Keep this run in DIR, instead of beam.workDir."
)


def begin(workflow: Workflow) -> Console:
    """Set the log's level, tell the workflow's notices; the console for what follows."""
    from rich.console import Console

    if not is_debug(click.get_current_context()):
        set_level(workflow.config.logger_level)
    for notice in workflow.config.notices:
        say(f"note: {notice}")
    # A log is read by lines, however long; a terminal has a width of its own.
    return Console(stderr=True, width=None if sys.stderr.isatty() else 160)


def end(
    report: Report,
    workflow: Workflow,
    console: Console,
    *,
    report_file: str | None,
    as_json: bool,
    kept: bool = True,
) -> int:
    """Show the report and copy it where that was asked for; the exit code of the command."""
    from beam_ingest.report.summary import print_summary

    if report_file is not None:
        _copy(report, report_file)
    print_summary(report, console, kept=kept)
    if as_json:
        emit(report.to_json())
    return _exit_code(report, workflow)


def leave_engine(code: int) -> None:
    """End the process here where an engine that hung would keep it from ending."""
    from beam_ingest.flow import launch

    if launch.engines_left_behind:
        # Threads of the engine would keep the interpreter from ending; all is written.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _copy(report: Report, file: str) -> None:
    from beam_ingest.flow.store import store_of

    folder, _, name = file.rpartition("/")
    store_of(folder or ("/" if file.startswith("/") else ".")).write(
        name, report.to_json().encode()
    )


def _exit_code(report: Report, workflow: Workflow) -> int:
    # `raiseOnError: false` forgives what failed in a run, not a run that could not start.
    if report.exit_code == ExitCode.FAILED and not workflow.config.raise_on_error:
        return ExitCode.SUCCESS
    return report.exit_code
