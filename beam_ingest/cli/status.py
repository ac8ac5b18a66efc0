"""``beam-ingest status``: where a run is, on any runner, from its directory. Needs no Beam."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from beam_ingest.cli.exit_codes import ExitCode
from beam_ingest.cli.options import run_argument, work_dir_config_option, work_dir_of
from beam_ingest.cli.output import emit, say
from beam_ingest.cli.verb import Verb

if TYPE_CHECKING:
    from beam_ingest.flow.run_status import RunStatus


@click.command("status", cls=Verb, short_help="Show where a run is, on any runner.")
@run_argument
@work_dir_config_option
@click.option("--wait", is_flag=True, help="Wait until it has ended.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON on stdout.")
def verb(run: str, config: str | None, wait: bool, as_json: bool) -> int:
    """Show whether a run has ended, is under way, or died.

    RUN is a run's directory, its name below beam.workDir (without -c: runs), or latest. The exit
    code is that of a run that has ended, 0 of one under way, 1 of one that died.
    """
    from beam_ingest.flow.resume import find_run
    from beam_ingest.flow.run_status import status_of, wait_for_end

    path = find_run(work_dir_of(config), run)
    status = wait_for_end(path) if wait else status_of(path)
    if as_json:
        emit(json.dumps(status.to_json(), indent=2))
    else:
        show(status)
    return exit_code(status)


def show(status: RunStatus) -> None:
    """Print a status for a reader."""
    from rich.console import Console

    from beam_ingest.flow.run_status import Phase
    from beam_ingest.report.summary import print_summary

    if status.report is not None:
        print_summary(status.report, Console(stderr=True), kept=True)
        return
    where = "is under way" if status.phase is Phase.RUNNING else "has died"
    say(f"The run {status.run_id} {where}: {_progress(status)}.")
    if status.job is not None:
        said = status.job_state.value if status.job_state else f"unknown: {status.trouble}"
        say(f"job: {status.job}, {said}")
    if status.stopping is not None and status.phase is Phase.RUNNING:
        say(f"it was asked to stop: {status.stopping}")
        if status.job is not None:
            say(f"beam-ingest cancel {status.run_dir} ends its job, if it does not end by itself")
    if status.silence is not None:
        say(f"last sign of life of a worker: {status.silence:.0f} s ago")
    if status.phase is Phase.DEAD:
        say(f"beam-ingest run -c WORKFLOW --resume {status.run_dir} goes on with it")


def _progress(status: RunStatus) -> str:
    stream = status.stream
    if stream is None:
        total = "an unknown number of" if status.splits_total is None else status.splits_total
        return f"{status.splits_done} of {total} splits done"
    if stream.partitions is None:
        return "its partitions are not listed yet"
    partitions = "1 partition" if stream.partitions == 1 else f"{stream.partitions} partitions"
    drained = f" ({stream.drained} drained)" if stream.drained else ""
    dead = f", with {stream.dead_letters:,} dead letters" if stream.dead_letters else ""
    return f"{stream.settled:,} messages of {partitions} settled{drained}{dead}"


def exit_code(status: RunStatus) -> int:
    """What the command answers for a status."""
    from beam_ingest.flow.run_status import Phase

    if status.report is not None:
        return status.report.exit_code
    return ExitCode.FAILED if status.phase is Phase.DEAD else ExitCode.SUCCESS
