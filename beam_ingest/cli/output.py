"""Where output goes: data to stdout, everything for the reader's eyes to stderr."""

from __future__ import annotations

import os
import sys

import click

from beam_ingest.api.errors import IngestError


def emit(data: str | bytes) -> bool:
    """Write one piece of data (without its line break) to stdout.

    False where the reader has gone (``| head``): write no more, and say nothing about it.
    Raises ``IngestError`` where it cannot be written, as on a full disk.
    """
    try:
        click.echo(data)
    except BrokenPipeError:
        _abandon_stdout()
        return False
    except OSError as error:
        _abandon_stdout()
        raise IngestError(f"cannot write the output: {error.strerror or error}") from None
    return True


def say(message: str = "") -> None:
    """Tell the reader something, on stderr."""
    click.echo(message, err=True)


def _abandon_stdout() -> None:
    # Python flushes stdout once more at exit; without this that prints an error of its own.
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
