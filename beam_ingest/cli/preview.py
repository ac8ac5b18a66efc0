"""``beam-ingest preview``: the first records, after the processors, as JSON lines."""

from __future__ import annotations

import click

from beam_ingest.cli.options import config_option, no_custom_code_option, set_option
from beam_ingest.cli.output import emit, say
from beam_ingest.cli.verb import Verb


@click.command(
    "preview", cls=Verb, short_help="Show the first records of a workflow, after its processors."
)
@config_option
@click.option(
    "--limit", default=10, show_default=True, type=click.IntRange(min=1), help="Records to show."
)
@set_option
@no_custom_code_option
def verb(config: str, limit: int, sets: tuple[str, ...]) -> None:
    """Show the first records as they come out of the processors, as JSON lines on stdout.

    Reads from the source; touches no output.
    """
    from beam_ingest.api.codec import encode
    from beam_ingest.workflow import Workflow

    shown = 0
    for record in Workflow.from_config(config, sets=sets).preview(limit):
        if not emit(encode(record)):
            return
        shown += 1
    if not shown:
        say("no record came out of the processors")
