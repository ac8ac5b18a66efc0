"""A verb of the command line: a click command whose every error ends in an exit code."""

from __future__ import annotations

from typing import Any, NoReturn

import click

from beam_ingest.cli.errors import explain
from beam_ingest.cli.exit import exit_with
from beam_ingest.cli.logs import configure_logging
from beam_ingest.cli.options import debug_option, is_debug


class Verb(click.Command):
    """Takes ``--debug``; returns an ``ExitCode``, also where its function raises."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(debug_option())

    def invoke(self, ctx: click.Context) -> int:
        """Run the function; explain what it raises on stderr."""
        debug = is_debug(ctx)
        configure_logging(debug=debug)
        try:
            return int(super().invoke(ctx) or 0)
        except (click.ClickException, click.exceptions.Exit):
            raise  # click's own words are for the reader already
        except (Exception, KeyboardInterrupt) as error:
            return explain(error, debug=debug)

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run it as a program of its own, and exit. Arguments as click's."""
        kwargs["standalone_mode"] = False
        exit_with(lambda: super(Verb, self).main(*args, **kwargs))
