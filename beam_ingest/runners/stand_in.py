"""What Beam takes for a worker process: it has one forked by the nursery, and lives as long.

``python -I -S stand_in.py SOCKET COMMAND...``. It hands its environment, folder, standard streams
and parent to the nursery behind ``SOCKET``, and ends with what the worker ends with; where it is
killed the worker ends, and where its launcher is gone it ends. Where no nursery answers it becomes
``COMMAND``, the worker that imports everything itself.

Nothing but a little of the standard library is imported here: that is the point of it.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import time

PATIENCE = 30.0
"""Seconds for the nursery to answer: a slow machine's imports."""
CHECK_EVERY = 1.0
"""Seconds between looks at the launcher."""
STARTED = b"+"
"""The nursery's first word; the second is the exit code as a line, of a signal below zero."""


def main(path: str, command: list[str]) -> int:
    """The exit code of the worker; does not return where there is no nursery."""
    launcher = os.getppid()
    for number in (signal.SIGINT, signal.SIGTERM):  # the launcher's to handle
        signal.signal(number, signal.SIG_IGN)
    code = _through_nursery(path, command[-1], launcher)
    if code is None:
        os.execv(command[0], command)  # noqa: S606 - the command that it stands in for
    return code if code >= 0 else 128 - code


def _through_nursery(path: str, run_dir: str, launcher: int) -> int | None:
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE)
            connection.connect(path)
            body = _request(run_dir, launcher)
            socket.send_fds(connection, [len(body).to_bytes(4, "big")], [0, 1, 2])
            connection.sendall(body)
            return _wait(connection, launcher)
    except OSError:  # there is none, or it is gone: then no worker was started either
        return None


def _request(run_dir: str, launcher: int) -> bytes:
    environment = (name + b"=" + value for name, value in os.environb.items())
    told = [str(launcher).encode(), os.fsencode(run_dir), os.getcwdb()]  # noqa: PTH109 - as bytes
    return b"\0".join([*told, *environment])


def _wait(connection: socket.socket, launcher: int) -> int | None:
    connection.settimeout(CHECK_EVERY)
    begun, said = time.monotonic(), b""
    while not said.endswith(b"\n"):
        try:
            data = connection.recv(16)
        except TimeoutError:
            if os.getppid() != launcher:
                return 1
            if not said and time.monotonic() - begun > PATIENCE:
                return None
            continue
        except ConnectionResetError:
            data = b""
        if not data:  # the nursery is gone, and with it what it would have said of the end
            return 1 if said else None
        said += data
    return int(said[1:]) if said.startswith(STARTED) else None


if __name__ == "__main__":
    os._exit(main(sys.argv[1], sys.argv[2:]))
