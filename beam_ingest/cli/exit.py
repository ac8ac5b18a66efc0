"""How a command line ends its process: whatever it comes to is an exit code."""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import click

from beam_ingest.cli.exit_codes import ExitCode

# What is imported stays, Beam above all: by its default thresholds the collector looks through it
# again and again, and several times more as the interpreter ends (see ``_collect_once``). Together
# that was a sixth of a short run's time.
_THRESHOLDS = (50_000, 20, 100)


def exit_with(run: Callable[[], Any]) -> NoReturn:
    """Run a command line and end the process; every error is told, and becomes an exit code."""
    gc.set_threshold(*_THRESHOLDS)
    atexit.register(_collect_once)
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


def _collect_once() -> None:
    # Once, so that what a component left in a cycle of references still comes to its end.
    gc.collect()
    gc.freeze()
