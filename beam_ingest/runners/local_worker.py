"""A local worker process: Beam's own, started so that it cannot outlive or upset its launcher.

``python -m beam_ingest.runners.local_worker RUN_DIR``. Its first heartbeat comes before Beam is
imported, so that a worker that dies early is noticed; Ctrl-C is the launcher's to handle; a
worker whose launcher is gone ends.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
import time

from beam_ingest.api.hiding import hide_in_logs
from beam_ingest.flow.worker import Worker

CHECK_EVERY = 1.0
"""Seconds between looks at the launcher."""


def main(run_dir: str) -> None:
    """Run the worker until the launcher ends it."""
    launcher = os.getppid()
    begin(run_dir)
    log_to_stderr()
    threading.Thread(target=_end_with, args=(launcher,), daemon=True).start()
    run_to_end()


def begin(run_dir: str) -> None:
    """Leave signals to the launcher, and say that this worker is there."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    Worker(run_dir, None).heartbeat()


def log_to_stderr() -> None:
    """Warnings on stderr; of Beam only errors: no reader can act on its warnings."""
    hide_in_logs()
    logging.basicConfig(handlers=[_log_handler()])


def run_to_end() -> None:
    """Do what the launcher asks for, as Beam's own worker does. Its address is in the environment.

    What this worker did is durable then and its components are closed.
    """
    from apache_beam.runners.worker import sdk_worker_main

    try:
        sdk_worker_main.main(sys.argv)
    finally:
        logging.shutdown()
        with contextlib.suppress(BrokenPipeError):  # nobody reads it any more
            for stream in filter(None, (sys.stdout, sys.stderr)):  # None where it was closed
                stream.flush()


def _log_handler() -> logging.Handler:
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    handler.setLevel(logging.WARNING)
    handler.addFilter(
        lambda record: record.levelno >= logging.ERROR or "/apache_beam/" not in record.pathname
    )
    return handler


def _end_with(launcher: int) -> None:
    while os.getppid() == launcher:
        time.sleep(CHECK_EVERY)
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1])
    # To take the interpreter apart costs a tenth of a second, and the launcher waits for one
    # worker after the other.
    os._exit(0)
