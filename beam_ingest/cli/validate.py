"""``beam-ingest validate``: everything that can be found out without a network."""

from __future__ import annotations

import click

from beam_ingest.cli.options import config_option, no_custom_code_option, set_option
from beam_ingest.cli.output import emit, say
from beam_ingest.cli.verb import Verb


@click.command("validate", cls=Verb, short_help="Check a workflow without running it.")
@config_option
@set_option
@no_custom_code_option
def verb(config: str, sets: tuple[str, ...]) -> None:
    """Check a workflow: its keys and types, its variables, and that its components exist.

    Every problem is told at once, with its line. Uses no network, and starts no Beam.
    """
    from beam_ingest.config.load import load

    checked = load(config, sets=sets)
    for notice in checked.notices:
        say(f"note: {notice}")
    last = (checked.sink, checked.stage, checked.bulk_sink)
    components = (checked.source, *checked.processors, *(each for each in last if each))
    steps = " -> ".join(component.step for component in components)
    emit(f"{checked.path or 'the workflow'} is valid: {steps}")
