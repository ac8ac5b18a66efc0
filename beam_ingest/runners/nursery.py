"""A nursery for the worker processes of a local run: they start at once, and share their memory.

A worker's imports take longer than many a run. So a process begins with them before the launcher
begins with its own, and forks the workers when Beam asks for them (``nursery_process``). Beam
starts a small process for each, which stands in for it (``stand_in``).
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from beam_ingest.config.model import WorkflowConfig
from beam_ingest.runners import stand_in

_OURS = "beam_ingest."


@contextlib.contextmanager
def nursery(config: WorkflowConfig) -> Iterator[str | None]:
    """While this lasts there is a nursery: the path of its socket, for ``in_nursery``.

    None where the run has no worker processes, and where there can be no nursery: off Linux (a
    fork of a process that has loaded macOS's own libraries may crash), or without a folder for
    a socket. Then workers import for themselves, and nothing else is different.
    """
    beam = config.beam
    if beam.runner != "local" or beam.workers == 1 or config.is_unbounded:
        yield None
        return
    with contextlib.ExitStack() as held:
        yield _started(held, beam.workers, _modules(config)) if sys.platform == "linux" else None


def in_nursery(path: str, command: list[str]) -> list[str]:
    """The command that has the nursery start ``command``, a local worker, or else does it."""
    return [sys.executable, "-I", "-S", stand_in.__file__, path, *command]


def _started(held: contextlib.ExitStack, workers: int, modules: list[str]) -> str | None:
    try:
        # Only this user gets in: what comes through the socket has secrets in it.
        folder = held.enter_context(
            tempfile.TemporaryDirectory(prefix="beam-ingest-", ignore_cleanup_errors=True)
        )
        path = str(Path(folder, "nursery"))
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen(workers)
            number = listener.fileno()
            process = subprocess.Popen(  # noqa: S603 - this interpreter
                [
                    sys.executable, "-m", "beam_ingest.runners.nursery_process",
                    str(number), str(os.getpid()), *modules,
                ],
                pass_fds=[number],
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
    except OSError:
        return None
    # It alone holds the listener now: where it dies, whoever asks is told so and does not wait.
    held.callback(process.wait)
    held.callback(process.kill)
    return path


def _modules(config: WorkflowConfig) -> list[str]:
    """Where this package's components of a workflow are; others' are the workers' to import."""
    steps = (config.source, *config.processors, config.sink, config.stage, config.bulk_sink)
    found = (step.cls.__module__ for step in steps if step is not None)
    return sorted({module for module in found if module.startswith(_OURS)})
