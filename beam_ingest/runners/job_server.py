"""A job server with a Flink of its own, for as long as one run.

Beam starts it; this module stands between, since what Beam starts gets the terminal's Ctrl-C
(and dies before the run has ended in order) and outlives a launcher that is killed.

``python -m beam_ingest.runners.job_server COMMAND ...`` runs the command in a session of its
own, and ends it with SIGINT, SIGTERM, or its launcher.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from beam_ingest.runners.flink_configuration import without_slots

CHECK_EVERY = 0.5
"""Seconds between looks at the launcher."""
_READERS = ("read_grpc_client_inputs", "read_state", "run_worker_")
_READERS_END = 2.0
"""Seconds for the threads of these names to notice that the job server is gone."""

_log = logging.getLogger(__name__)


@contextlib.contextmanager
def job_server(options: Any) -> Iterator[None]:
    """Have one while this lasts; ``options`` (Beam's) are told its endpoint.

    Raises ``CannotStart`` where there is no Java, no jar, or it does not start.
    """
    from apache_beam.options.pipeline_options import JobServerOptions, PortableOptions
    from apache_beam.runners.portability.flink_runner import FlinkJarJobServer

    from beam_ingest.api.errors import CannotStart

    class Server(FlinkJarJobServer):
        def subprocess_cmd_and_endpoint(self) -> tuple[list[str], str]:
            command, self.endpoint = super().subprocess_cmd_and_endpoint()
            return [sys.executable, "-m", __name__, *command], self.endpoint

    java = options.view_as(JobServerOptions).job_server_java_launcher
    if shutil.which(java) is None:
        raise CannotStart(
            f"Flink runs on Java, and there is no program {java!r} here",
            hint="install a Java runtime (11 or newer), or name a job server that runs elsewhere "
            "with beam.options.job_endpoint",
        )
    server = Server(options)
    try:
        server.start()
    except Exception as error:  # it cannot be fetched, or ends at once
        raise CannotStart(
            f"the job server of Flink does not start: {error}",
            hint="name its jar with beam.options.flink_job_server_jar; --debug shows what it says",
        ) from None
    try:
        portable = options.view_as(PortableOptions)
        portable.job_endpoint = server.endpoint
        yield
    finally:
        stop_readers(server.stop)


def stop_readers(stop: Callable[[], object]) -> None:
    """Call ``stop``, which ends a job server, and await Beam's threads that still read from it.

    They end in an exception each, which is for the log, and no traceback for a reader.
    """
    previous = threading.excepthook
    threading.excepthook = lambda args: _log.debug("%s ended: %s", args.thread, args.exc_value)
    try:
        stop()
        limit = time.monotonic() + _READERS_END
        for thread in threading.enumerate():
            if thread.name.startswith(_READERS):
                thread.join(max(0.0, limit - time.monotonic()))
    finally:
        threading.excepthook = previous


def main(command: list[str]) -> int:
    """Run ``command`` until it ends, is to end, or the launcher is gone; its exit code."""
    launcher = os.getppid()
    os.setsid()

    def stop(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    with without_slots(os.environ) as environment:
        process = subprocess.Popen(command, env=environment)  # noqa: S603 - Beam's command
        try:
            while os.getppid() == launcher:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    return process.wait(timeout=CHECK_EVERY)
            return 1
        finally:
            process.kill()
            process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
