"""The nursery: a process that has imported what a worker needs, and forks one when asked.

``python -m beam_ingest.runners.nursery_process LISTENER LAUNCHER [MODULE...]``: the number of a
listening socket that it inherits, the process it ends with, and which modules of this package the
workflow's components are in. It has no thread of Python's and no channel of gRPC, so that a fork of
it is whole. A user's own modules are imported by the workers.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import select
import shutil
import signal
import socket
import sys
import threading
import traceback
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from beam_ingest.api.hiding import hide
from beam_ingest.flow.worker import belong_to
from beam_ingest.runners.local_worker import begin, log_to_stderr, run_to_end
from beam_ingest.runners.stand_in import CHECK_EVERY, STARTED

_NEEDED = ("apache_beam.runners.worker.sdk_worker_main", "beam_ingest.flow.build")
_PATIENCE = 10.0
"""Seconds for a stand-in to say all it has to say, which it does at once."""


def main(listener: socket.socket, launcher: int, modules: Iterable[str]) -> None:
    """Serve until the launcher is gone."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the launcher's to handle
        signal.signal(number, signal.SIG_IGN)
    log_to_stderr()
    gc.disable()
    for module in _NEEDED:
        importlib.import_module(module)
    for module in modules:
        # A worker tries it again, and says what is missing as it always does.
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    gc.freeze()  # no collection of a worker writes to, and so copies, what all have in common
    gc.enable()
    _Nursery(listener, launcher).serve()
    shutil.rmtree(Path(listener.getsockname()).parent, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Request:
    launcher: int
    run_dir: str
    folder: bytes
    environment: dict[bytes, bytes]
    streams: list[int]


class _Nursery:
    def __init__(self, listener: socket.socket, launcher: int) -> None:
        self._listener, self._launcher = listener, launcher
        self._stand_ins: dict[int, socket.socket] = {}
        self._ended, wake = socket.socketpair()
        wake.setblocking(False)
        self._ended.setblocking(False)
        self._wake = wake
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)

    def serve(self) -> None:
        while os.getppid() == self._launcher:
            ready, _, _ = select.select([self._listener, self._ended], [], [], CHECK_EVERY)
            if self._ended in ready:
                self._ended.recv(4096)
            self._reap()
            if self._listener in ready:
                self._accept()

    def _reap(self) -> None:
        while self._stand_ins:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            with self._stand_ins.pop(pid) as connection, contextlib.suppress(OSError):
                connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        try:
            connection.settimeout(_PATIENCE)
            request = _received(connection)
            connection.settimeout(None)
        except (OSError, EOFError):  # the stand-in is gone: nobody wants this worker
            connection.close()
            return
        pid = _fork()
        if pid == 0:
            self._leave()
            _work(request, connection)
        for stream in request.streams:
            os.close(stream)
        self._stand_ins[pid] = connection

    def _leave(self) -> None:
        """In the worker: hold nothing of the nursery's."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for held in (self._listener, self._ended, self._wake, *self._stand_ins.values()):
            held.close()


def _fork() -> int:
    with warnings.catch_warnings():
        # Newer Pythons warn of any thread. Those there are belong to OpenBLAS and to Arrow's
        # jemalloc, which know how to be forked.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _received(connection: socket.socket) -> _Request:
    head, streams, _, _ = socket.recv_fds(connection, 4, 3)
    try:
        if len(head) != 4 or len(streams) != 3:
            raise EOFError
        body = bytearray()
        while len(body) < int.from_bytes(head, "big"):
            data = connection.recv(1 << 16)
            if not data:
                raise EOFError
            body += data
        if _is_gone(connection):
            raise EOFError
    except BaseException:
        for stream in streams:
            os.close(stream)
        raise
    launcher, run_dir, folder, *environment = bytes(body).split(b"\0")
    pairs = (entry.partition(b"=") for entry in environment)
    variables = {name: value for name, _, value in pairs}
    return _Request(int(launcher), os.fsdecode(run_dir), folder, variables, streams)


def _is_gone(connection: socket.socket) -> bool:
    ready, _, _ = select.select([connection], [], [], 0)
    return bool(ready)  # a stand-in says nothing more


def _work(request: _Request, connection: socket.socket) -> None:
    """Be the worker; does not return."""
    code = 1
    try:
        for number, stream in enumerate(request.streams):
            os.dup2(stream, number)
            os.close(stream)
        os.environb.clear()
        os.environb.update(request.environment)
        os.chdir(request.folder)
        belong_to(request.launcher)
        begin(request.run_dir)
        connection.sendall(STARTED)
        threading.Thread(target=_end_with, args=(connection,), daemon=True).start()
        _reseed()
        sys.argv[1:] = [request.run_dir]
        run_to_end()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # as an interpreter ends
        sys.stderr.write(hide(traceback.format_exc()))
    finally:
        os._exit(code)


def _reseed() -> None:
    # Python's own generator is seeded anew in a fork, NumPy's is not: two workers would draw alike.
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()


def _end_with(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.recv(1)
    os._exit(1)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]), sys.argv[3:])
