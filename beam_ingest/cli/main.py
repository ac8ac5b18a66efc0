"""``beam-ingest``: the command line. Each verb is imported when it is called, not before."""

from __future__ import annotations

import difflib
import importlib
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from beam_ingest import __version__
from beam_ingest.cli.exit import exit_with
from beam_ingest.cli.options import debug_option

VERBS = {
    "run": "Run a workflow.",
    "validate": "Check a workflow without running it.",
    "test-connection": "Check that every component of a workflow can connect.",
    "preview": "Show the first records of a workflow, after its processors.",
    "graph": "Draw what a workflow would run.",
    "list": "List the components there are.",
    "schema": "Print the JSON Schema of a workflow or a component.",
    "new": "Write a new workflow, or a component with its test.",
    "status": "Show where a run is, on any runner.",
    "cancel": "End a run, on any runner.",
    "dead-letters": "Show the records of a run that failed.",
    "replay": "Run dead letters again, from the step they failed in.",
    "state": "Show or reset what a workflow goes on from.",
    "template": "List, build or check the packaged pipeline templates.",
}
"""The verbs with their one line of help; each is ``verb`` in the module of its name."""

ALIASES = {"ingest": "run"}


class Cli(click.Group):
    """The group of all verbs: imports them lazily, and turns every end into an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, in the order in which they are used."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the verb."""
        name = ALIASES.get(cmd_name, cmd_name)
        if name not in VERBS:
            return None
        module = importlib.import_module(f"beam_ingest.cli.{name.replace('-', '_')}")
        verb: click.Command = module.verb
        return verb

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, but an unknown verb is answered with the nearest one."""
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            near = difflib.get_close_matches(name, [*VERBS, *ALIASES], n=1)
            hint = f" Did you mean {near[0]!r}?" if near else f" There are: {', '.join(VERBS)}."
            raise click.UsageError(f"There is no command {name!r}.{hint}", ctx=ctx)
        return super().resolve_command(ctx, args)

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run the command line and exit. Arguments as click's."""
        _see_current_folder()
        kwargs = {"prog_name": "beam-ingest", **kwargs, "standalone_mode": False}
        exit_with(lambda: super(Cli, self).main(*args, **kwargs))


@click.command(cls=Cli, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", message="beam-ingest %(version)s")
def main() -> None:
    """Run metadata ingestion workflows, written as OpenMetadata's YAML, on Apache Beam.

    Exit codes: 0 success; 1 records or splits failed; 2 usage or configuration; 3 cannot
    connect or not authorized; 4 a defect of beam-ingest; 130 and 143 interrupted.
    """


main.params.append(debug_option())


def _see_current_folder() -> None:
    # A user's own components lie in files of the current folder. Appended, so that a file
    # named like a module of the standard library does not shadow it.
    here = str(Path.cwd())
    if not {here, ""} & set(sys.path):
        sys.path.append(here)
