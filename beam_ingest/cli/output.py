"""Where output goes: data to stdout, everything for the reader's eyes to stderr."""

from __future__ import annotations

import os
import sys

import click


def emit(data: str | bytes) -> bool:
    """Write one piece of data (without its line break) to stdout.

    False where the reader has gone (``| head``): write no more, and say nothing about it.
    """
    try:
        click.echo(data)
    except BrokenPipeError:
        _abandon_stdout()
        return False
    return True


def say(message: str = "") -> None:
    """Tell the reader something, on stderr."""
    click.echo(message, err=True)


def _abandon_stdout() -> None:
    # Python flushes stdout once more at exit; without this that prints an error of its own.
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
