"""A run that goes on without this process: what is said of it, and what Ctrl-C asks."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import click

from beam_ingest.cli.output import say

if TYPE_CHECKING:
    from beam_ingest.execution import Submitted


def tell(submitted: Submitted) -> None:
    """Say where a run is that was left to its engine, and how to watch it."""
    if submitted.jar is not None:
        say(f"The run {submitted.run_id} is packed into {submitted.jar}.")
        say(f"start it:  flink run {submitted.jar}")
    else:
        say(f"The run {submitted.run_id} was submitted: {submitted.place}.")
    say(f"watch it:  beam-ingest status {submitted.run_dir}")
    say(f"end it:    beam-ingest cancel {submitted.run_dir}")


def cancels(number: int, choice: str) -> bool:
    """Whether a signal ends the job of a run: ``cancel``, ``leave``, or ``ask`` the user once.

    Nobody is asked about SIGTERM, or where there is no terminal: then it does. Ctrl-C at the
    question is for good.
    """
    if choice != "ask":
        return choice == "cancel"
    if number != signal.SIGINT or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return click.confirm("Cancel the job on the engine, too?", default=False, err=True)
    except (KeyboardInterrupt, click.Abort):
        return True
    finally:
        signal.signal(signal.SIGINT, previous)
