"""How a command line ends its process: whatever it comes to is an exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NoReturn

import click

from beam_ingest.cli.exit_codes import ExitCode


def exit_with(run: Callable[[], Any]) -> NoReturn:
    """Run a command line and end the process; every error is told, and becomes an exit code."""
    try:
        code = run()
    except click.ClickException as error:
        error.show()
        code = ExitCode.USAGE
    except click.Abort:
        code = ExitCode.INTERRUPTED
    except Exception as error:
        from beam_ingest.cli.errors import explain  # not needed unless something is broken

        code = explain(error, debug="--debug" in sys.argv)
    sys.exit(int(code or ExitCode.SUCCESS))
