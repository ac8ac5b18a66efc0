"""``beam-ingest cancel``: end a run on any runner, from its directory."""

from __future__ import annotations

import json

import click

from beam_ingest.cli.exit_codes import ExitCode
from beam_ingest.cli.options import run_argument, work_dir_config_option, work_dir_of
from beam_ingest.cli.output import say
from beam_ingest.cli.status import show
from beam_ingest.cli.verb import Verb


@click.command("cancel", cls=Verb, short_help="End a run, on any runner.")
@run_argument
@work_dir_config_option
@click.option("--now", is_flag=True, help="Cancel the job without waiting for its workers.")
@click.option(
    "--drain",
    is_flag=True,
    help="Of a run without end: read no more, publish all that was read, then end it.",
)
@click.option(
    "--savepoint",
    metavar="DIR",
    help="On Flink: take a savepoint in DIR first, from which an unbounded run can go on.",
)
def verb(run: str, config: str | None, now: bool, drain: bool, savepoint: str | None) -> int:
    """End a run: its workers are asked to stop, its job is cancelled where that is not enough.

    RUN is as in status. What is durable stays, and --resume goes on from it; what the run has
    begun and not committed (an index half filled) is taken back.
    """
    from beam_ingest.flow import run_status
    from beam_ingest.flow.resume import find_run
    from beam_ingest.flow.run_status import Phase, status_of

    if now + drain + (savepoint is not None) > 1:
        raise click.UsageError(
            "--now, --drain and --savepoint are three ways to end a run: take one."
        )
    path = find_run(work_dir_of(config), run)
    if status_of(path).phase is Phase.ENDED:
        say("The run has ended already: there is nothing to cancel.")
        return ExitCode.SUCCESS
    if savepoint is not None:
        say(f"savepoint: {_savepoint(path, savepoint)}")
        return ExitCode.SUCCESS
    status = run_status.drain(path) if drain else run_status.cancel(path, at_once=now)
    if status.phase is Phase.RUNNING:
        show(status)
        say("The run did not end: its job is still at work.")
        return ExitCode.FAILED
    if status.report is None:
        _settle(path, config)
        status = status_of(path)
    show(status)
    return ExitCode.SUCCESS


def _savepoint(path: str, folder: str) -> str:
    from beam_ingest.api.errors import CannotStart
    from beam_ingest.engines.flink import FlinkJob
    from beam_ingest.flow.run_dir import RunDir
    from beam_ingest.flow.under_way import job_of

    job = job_of(RunDir(path))
    if job is None or job.engine != "flink":
        raise CannotStart("only a job on a Flink cluster has savepoints")
    return FlinkJob(job).stop_with_savepoint(folder)


def _settle(path: str, config: str | None) -> None:
    """Write the report of a run that nobody works in any more, and take back what it began."""
    from beam_ingest.api.errors import CannotStart
    from beam_ingest.api.secrets import MASK
    from beam_ingest.config.problem import ConfigError
    from beam_ingest.flow.resume import read_run
    from beam_ingest.workflow import Workflow

    document = read_run(path)["workflow"]
    if config is None and MASK in json.dumps(document):
        raise CannotStart(
            "the job is cancelled, but what it began is not taken back: that needs its secrets",
            hint="name its workflow: beam-ingest cancel RUN -c FILE",
        )
    try:
        workflow = Workflow.from_config(config or document)
    except ConfigError as error:
        raise CannotStart(
            f"the job is cancelled, but what it began is not taken back: {error.problems[0]}",
            hint="name its workflow, where its variables are set: beam-ingest cancel RUN -c FILE",
        ) from None
    workflow.settle(path)
