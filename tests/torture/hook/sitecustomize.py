"""Imported by every Python that starts with this folder on its path: counts changes on disk.

A change is a file opened for writing, a rename, a link, a removal, a folder made or an fsync below
the folder of ``tests.torture.machine``, which is told of each, and kills at one of them. A worker
that is forked takes this with it.
"""

from __future__ import annotations

import os
import socket
import sys
from typing import Any

_CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.truncate"}
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT

_machine = os.environ["TORTURE_MACHINE"]
_folder = os.environ["TORTURE_FOLDER"]
_fsync = os.fsync


def _synced(fd: Any) -> None:
    _fsync(fd)
    _tell(fd if isinstance(fd, int) else fd.fileno())


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITES
    if (event in _CHANGES or writes) and _is_ours(arguments[0]):
        _tell()


def _is_ours(path: Any) -> bool:
    if not isinstance(path, (str, os.PathLike)):
        return False
    text = os.fspath(path)
    return not text.startswith("/") or text.startswith(_folder)


def _tell(*synced: int) -> None:
    # A connection for each: nothing is shared with a process that is forked, or another thread.
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(_machine)
        socket.send_fds(connection, [str(os.getpid()).encode()], synced)
        connection.recv(1)  # to go on; whoever is to die waits here for it


os.fsync = _synced  # the one change that Python does not audit
sys.addaudithook(_audit)
