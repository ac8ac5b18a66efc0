"""Logging of the command line: short lines on stderr."""

from __future__ import annotations

import logging

import click

from beam_ingest.api.hiding import HidingFormatter, hide


class ShortFormatter(logging.Formatter):
    """``level: message``, without the traceback that a record may carry."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as text."""
        message = record.getMessage()
        if _is_beams(record):
            # Beam puts whole tracebacks into its messages; their first line says what happened.
            message = message.strip().partition("\n")[0]
        return hide(f"{record.levelname.lower()}: {message}")


class StderrHandler(logging.Handler):
    """Writes to what ``sys.stderr`` is at that moment: a live display redirects it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            click.echo(self.format(record), err=True)
        except Exception:
            self.handleError(record)


def configure_logging(*, debug: bool) -> None:
    """Warnings and errors in short lines; with ``debug`` everything, with tracebacks.

    Of Beam only errors: its warnings are about Beam, and no reader can act on them.
    """
    handler = StderrHandler()
    if debug:
        handler.setFormatter(HidingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    else:
        handler.setFormatter(ShortFormatter())
        handler.addFilter(lambda record: not _is_beams(record) or _matters(record))
    logging.basicConfig(level=logging.INFO if debug else logging.WARNING, handlers=[handler],
                        force=True)  # fmt: skip
    logging.getLogger("beam_ingest").setLevel(logging.DEBUG if debug else logging.INFO)


def set_level(level: str) -> None:
    """Show what ``beam_ingest`` logs from ``level`` on: a workflow's ``loggerLevel``."""
    logging.getLogger("beam_ingest").setLevel({"WARN": "WARNING"}.get(level, level))


def _matters(record: logging.LogRecord) -> bool:
    # A worker's connection that the engine closes is an error to Beam even at the end of a job;
    # where it comes too early, the job has broken and says so.
    closed = record.pathname.endswith("/worker/data_plane.py")
    return record.levelno >= logging.ERROR and not closed


def _is_beams(record: logging.LogRecord) -> bool:
    # By the file, since Beam logs much through the root logger.
    return "/apache_beam/" in record.pathname.replace("\\", "/")
