"""``beam-ingest replay``: dead letters run again, each from the step it failed in."""

from __future__ import annotations

import click

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


@click.command(
    "replay", cls=Verb, short_help="Run dead letters again, from the step they failed in."
)
@click.argument("target", metavar="RUN|FILE")
@config_option
@click.option("--step", metavar="STEP", help="Only those of this step.")
@run_dir_option
@report_option
@set_option
@no_custom_code_option
@report_json_option
def verb(
    target: str,
    config: str,
    step: str | None,
    run_dir: str | None,
    report_file: str | None,
    sets: tuple[str, ...],
    as_json: bool,
) -> int:
    """Run the dead letters of a run again, each from the step it failed in.

    RUN is a run's directory, its name below beam.workDir, or latest: what passes is noted there,
    and not replayed again. FILE is a file of dead letters, of which nothing is noted.
    """
    from beam_ingest.report.progress import progress
    from beam_ingest.workflow import Workflow

    workflow = Workflow.from_config(config, sets=sets)
    console = begin(workflow)
    with progress(console) as listener:
        replayed = workflow.replay(
            target, step=step, run_dir=run_dir, listener=listener, handle_signals=True
        )
    code: int = ExitCode.SUCCESS
    if replayed.report is not None:
        code = end(replayed.report, workflow, console, report_file=report_file, as_json=as_json)
        say(f"{replayed.passed} dead letters have passed, {replayed.failed} have not")
    else:
        say("there is no dead letter left to replay")
    if replayed.lost:
        say(f"{replayed.lost} cannot be replayed: there is no whole record in them")
    if replayed.report is not None:
        leave_engine(code)
    return code
