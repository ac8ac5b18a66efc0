"""Logging of the command line: short lines on stderr."""

from __future__ import annotations

import logging

import click


class ShortFormatter(logging.Formatter):
    """``level: message``, without the traceback that a record may carry."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as text."""
        message = record.getMessage()
        if record.name.startswith("apache_beam"):
            # Beam puts whole tracebacks into its messages; their first line says what happened.
            message = message.strip().partition("\n")[0]
        return f"{record.levelname.lower()}: {message}"


class StderrHandler(logging.Handler):
    """Writes to what ``sys.stderr`` is at that moment: a live display redirects it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            click.echo(self.format(record), err=True)
        except Exception:
            self.handleError(record)


def configure_logging(*, debug: bool) -> None:
    """Warnings and errors in short lines; with ``debug`` everything, with tracebacks."""
    handler = StderrHandler()
    if debug:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    else:
        handler.setFormatter(ShortFormatter())
    logging.basicConfig(level=logging.INFO if debug else logging.WARNING, force=True)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    logging.getLogger("beam_ingest").setLevel(logging.DEBUG if debug else logging.INFO)
    logging.getLogger("apache_beam").setLevel(logging.INFO if debug else logging.ERROR)
