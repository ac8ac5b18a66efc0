"""``beam-ingest state``: what a workflow remembers, shown or forgotten. Needs no Beam."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from beam_ingest.cli.options import config_option, no_custom_code_option, set_option
from beam_ingest.cli.output import emit, say
from beam_ingest.cli.verb import Verb

if TYPE_CHECKING:
    from beam_ingest.flow.remembered import Remembered


@click.command("state", cls=Verb, short_help="Show or reset what a workflow goes on from.")
@config_option
@click.option("--reset", is_flag=True, help="Forget it: the next run reads everything.")
@set_option
@no_custom_code_option
def verb(config: str, reset: bool, sets: tuple[str, ...]) -> None:
    """Show what a workflow remembers of its last successful run, as JSON.

    Only sources that go on where they left off remember something.
    """
    from beam_ingest.flow.remembered import StateFolder
    from beam_ingest.workflow import Workflow

    workflow = Workflow.from_config(config, sets=sets)
    folder = StateFolder(workflow.config.beam.work_dir, workflow.state_name)
    found = folder.forget() if reset else folder.read()
    if not found.run_id:
        say(f"{found.name!r} remembers nothing")
    elif reset:
        say(f"{found.name!r} has forgotten where the run {found.run_id} had come to")
    else:
        emit(json.dumps(_shown(found), indent=2))


def _shown(found: Remembered) -> dict[str, object]:
    shown = asdict(found)
    return {"name": shown["name"], "run": shown["run_id"], "at": shown["at"], "state": found.state}
