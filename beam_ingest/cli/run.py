"""``beam-ingest run``: the workflow, with its progress and its summary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from beam_ingest.api.errors import LeftRunning
from beam_ingest.cli.detached import cancels, tell
from beam_ingest.cli.ending import (
    begin,
    end,
    leave_engine,
    report_json_option,
    report_option,
    run_dir_option,
)
from beam_ingest.cli.exit_codes import ExitCode
from beam_ingest.cli.options import config_option, no_custom_code_option, set_option
from beam_ingest.cli.output import say
from beam_ingest.cli.verb import Verb

if TYPE_CHECKING:
    from beam_ingest.api.report import Report
    from beam_ingest.flow.remembered import How
    from beam_ingest.workflow import Workflow


@click.command("run", cls=Verb, short_help="Run a workflow.")
@config_option
@click.option("--dry-run", is_flag=True, help="Read and process everything, write nothing.")
@run_dir_option
@click.option(
    "--resume", metavar="RUN", help="Go on with a run that did not end well: its name, or latest."
)
@report_option
@set_option
@no_custom_code_option
@report_json_option
@click.option(
    "--allow-retire", is_flag=True, help="For this run, retire more than beam.retire allows."
)
@click.option(
    "--no-wait", is_flag=True, help="Hand the run to its engine, say how to watch it, and end."
)
@click.option(
    "--on-interrupt",
    type=click.Choice(["ask", "cancel", "leave"]),
    default="ask",
    show_default=True,
    help="What Ctrl-C means to a job on an engine; ask means cancel where nobody can be asked.",
)
@click.option(
    "--from-start", is_flag=True, help="Read all of a source that goes on where it left off."
)
@click.option(
    "--keep-state", is_flag=True, help="Go on where it left off although the workflow has changed."
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
    no_wait: bool,
    on_interrupt: str,
    from_start: bool,
    keep_state: bool,
) -> int:
    """Run a workflow: read, process, write, account for every record.

    Progress and the summary go to stderr. Ctrl-C ends the run, and asks first where it has a job
    on an engine that can go on without this process; what is durable stays.
    """
    from beam_ingest.report.progress import progress
    from beam_ingest.workflow import Workflow

    if resume and (dry_run or run_dir):
        raise click.UsageError("--resume goes with neither --dry-run nor --run-dir.")
    if from_start and (keep_state or resume):
        raise click.UsageError("--from-start goes with neither --keep-state nor --resume.")
    if no_wait and (dry_run or as_json or report_file):
        raise click.UsageError("--no-wait goes with neither --dry-run, --json nor --report.")
    workflow = Workflow.from_config(config, sets=sets)
    console = begin(workflow)
    state: How = "start" if from_start else "keep" if keep_state else "go on"
    if no_wait:
        tell(
            workflow.submit(run_dir=run_dir, resume=resume, allow_retire=allow_retire, state=state)
        )
        return ExitCode.SUCCESS
    options: dict[str, Any] = {"allow_retire": allow_retire, "state": state, "handle_signals": True}
    options["cancels"] = lambda number: cancels(number, on_interrupt)
    try:
        with progress(console) as listener:
            if workflow.config.beam.poll is not None and not dry_run:
                report = _polled(workflow, run_dir or resume, listener=listener, **options)
            else:
                report = workflow.run(
                    dry_run=dry_run, run_dir=run_dir, resume=resume, listener=listener, **options
                )
    except LeftRunning as left:
        say(f"{left.message}: {left.hint}")
        leave_engine(left.exit_code)
        return left.exit_code
    code = end(
        report, workflow, console, report_file=report_file, as_json=as_json, kept=not dry_run
    )
    leave_engine(code)
    return code


def _polled(workflow: Workflow, named: str | None, **options: Any) -> Report:
    from beam_ingest.polling import run_polled

    if named:
        raise click.UsageError("beam.poll goes with neither --run-dir nor --resume.")
    return run_polled(workflow, told=lambda report: say(report.sentence), **options)
