"""A machine that counts the changes on its disk, and fails at one of them.

All processes of a run tell it of their changes (``hook/sitecustomize.py``), the launcher's and its
workers'. At the change it was set to, the process that is about to make it is killed with -9; or,
where the disk forgets, all of them, and only what was synced survives.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from tests.torture.power import ForgetfulDisk

ROOT = Path(__file__).parents[2]
_HOOK = Path(__file__).with_name("hook")
_LIMIT = 120.0


class Machine:
    """Runs one command of ``beam-ingest`` in ``project``, and fails at change ``at`` (0: never).

    ``disk``: the power fails with the first process, and takes what was not synced.
    """

    def __init__(self, project: Path, at: int = 0, disk: ForgetfulDisk | None = None) -> None:
        self._project, self._at, self._disk = project, at, disk
        self.changes = 0
        self.killed: int | None = None
        """The process that was about to make the change it failed at."""

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The command, to its end or the machine's."""
        with tempfile.TemporaryDirectory(prefix="torture-") as folder, contextlib.ExitStack() as on:
            path = str(Path(folder, "machine"))
            listener = on.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(path)
            listener.listen(64)
            thread = threading.Thread(target=self._serve, args=(listener,))
            thread.start()
            try:
                return self._started(path, arguments)
            finally:
                _end(path)
                thread.join()

    def _started(self, path: str, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("beam-ingest")), *arguments],
            cwd=self._project,
            env={
                **os.environ,
                "PYTHONPATH": f"{_HOOK}:{ROOT}",
                "TMPDIR": str(Path(path).parent),  # what a dead process leaves there goes with it
                "TORTURE_MACHINE": path,
                "TORTURE_FOLDER": str(self._project),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            # The workers have the same pipes: none of them lives when these are at their end.
            out, err = process.communicate(timeout=_LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            err += f"\nthis hung for {_LIMIT:g} s, and was killed"
        if self._disk is not None and self.killed is not None:
            self._disk.cut()
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def _serve(self, listener: socket.socket) -> None:
        """One change after the other, so that each is whole before the machine fails."""
        while True:
            connection, _ = listener.accept()
            with connection:
                told, synced, _, _ = socket.recv_fds(connection, 16, 1)
                if not told:
                    return
                try:
                    self._changed(int(told), synced)
                finally:
                    for descriptor in synced:
                        os.close(descriptor)
                with contextlib.suppress(OSError):  # it was killed
                    connection.send(b"+")

    def _changed(self, process: int, synced: list[int]) -> None:
        if self.killed is not None and self._disk is not None:
            return  # the power is off
        for descriptor in synced:
            if self._disk is not None:
                self._disk.synced(descriptor)
        self.changes += 1
        if self.changes == self._at:
            self.killed = process
            if self._disk is None:
                os.kill(process, signal.SIGKILL)
            else:
                os.killpg(os.getpgid(process), signal.SIGKILL)


def _end(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
