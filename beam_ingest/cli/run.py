"""``beam-ingest run``: the workflow, with its progress and its summary."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from beam_ingest.cli.exit_codes import ExitCode
from beam_ingest.cli.logs import set_level
from beam_ingest.cli.options import config_option, is_debug, set_option
from beam_ingest.cli.output import emit, say
from beam_ingest.cli.verb import Verb

if TYPE_CHECKING:
    from beam_ingest.api.report import Report
    from beam_ingest.workflow import Workflow


def _writable(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    # Found out before the run, not after hours of it.
    if value is not None and "://" not in value:
        folder = Path(value).absolute().parent
        if not (folder.is_dir() and os.access(folder, os.W_OK)) or Path(value).is_dir():
            raise click.BadParameter(f"{value} cannot be written.", context, parameter)
    return value


@click.command("run", cls=Verb, short_help="Run a workflow.")
@config_option
@click.option("--dry-run", is_flag=True, help="Read and process everything, write nothing.")
@click.option("--run-dir", metavar="DIR", help="Keep this run in DIR, instead of beam.workDir.")
@click.option(
    "--resume", metavar="RUN", help="Go on with a run that did not end well: its name, or latest."
)
@click.option(
    "--report", "report_file", metavar="FILE", callback=_writable, help="Copy the report to FILE."
)
@set_option
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON on stdout.")
@click.option(
    "--allow-retire", is_flag=True, help="For this run, retire more than beam.retire allows."
)
def verb(
    config: str,
    dry_run: bool,
    run_dir: str | None,
    resume: str | None,
    report_file: str | None,
    sets: tuple[str, ...],
    as_json: bool,
    allow_retire: bool,
) -> int:
    """Run a workflow: read, process, write, account for every record.

    Progress and the summary go to stderr. Ctrl-C ends the run; what is durable stays.
    """
    from rich.console import Console

    from beam_ingest.report.progress import progress
    from beam_ingest.report.summary import print_summary
    from beam_ingest.workflow import Workflow

    if resume and (dry_run or run_dir):
        raise click.UsageError("--resume goes with neither --dry-run nor --run-dir.")
    workflow = Workflow.from_config(config, sets=sets)
    if not is_debug(click.get_current_context()):
        set_level(workflow.config.logger_level)
    for notice in workflow.config.notices:
        say(f"note: {notice}")
    # A log is read by lines, however long; a terminal has a width of its own.
    console = Console(stderr=True, width=None if sys.stderr.isatty() else 160)
    with progress(console) as listener:
        report = workflow.run(
            dry_run=dry_run,
            run_dir=run_dir,
            resume=resume,
            allow_retire=allow_retire,
            listener=listener,
            handle_signals=True,
        )
    if report_file is not None:
        _copy(report, report_file)
    print_summary(report, console, kept=not dry_run)
    if as_json:
        emit(report.to_json())
    code = _exit_code(report, workflow)
    _leave_engine(code)
    return code


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


def _leave_engine(code: int) -> None:
    from beam_ingest.flow import launch

    if launch.engines_left_behind:
        # Threads of the engine would keep the interpreter from ending; all is written.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
