"""A real MariaDB server on loopback, for as long as a test session."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.servers.free_port import free_port
from tests.servers.missing import missing

USER = "tester"
PASSWORD = "s3cret-of-the-tests"
_START_LIMIT = 60  # seconds


def program(name: str) -> str | None:
    """The path of a server program; Debian puts it where only root looks."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


class MariadbServer:
    """One server in a folder of its own; ``USER`` may do everything."""

    def __init__(self, folder: Path, daemon: str, installer: str) -> None:
        self.port = free_port()
        self._folder, self._daemon, self._installer = folder, daemon, installer
        self._data = folder / "data"
        self._process: subprocess.Popen[bytes] | None = None

    def create(self) -> None:
        """``mariadb-install-db``, and the user of the tests."""
        subprocess.run(
            [
                self._installer, "--no-defaults", *self._user_option(), f"--datadir={self._data}",
                "--auth-root-authentication-method=normal", "--skip-test-db",
            ],
            check=True, capture_output=True,
        )  # fmt: skip
        self.start(root=True)
        with self.connect(user="root", password="") as connection, connection.cursor() as cursor:
            for host in ("localhost", "127.0.0.1"):
                account = f"'{USER}'@'{host}'"
                cursor.execute(f"CREATE USER {account} IDENTIFIED BY '{PASSWORD}'")
                cursor.execute(f"GRANT ALL ON *.* TO {account} WITH GRANT OPTION")

    def start(self, *, root: bool = False) -> None:
        """Start, and wait until it lets a user in."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    self._daemon, "--no-defaults", *self._user_option(), f"--datadir={self._data}",
                    f"--port={self.port}", "--bind-address=127.0.0.1", "--skip-name-resolve",
                    # A server that starts clears its folder of temporary tables: not another's.
                    f"--tmpdir={self._folder}",
                    f"--socket={self._folder / 's.sock'}", "--innodb-flush-log-at-trx-commit=0",
                    "--innodb-file-per-table=0", "--innodb-doublewrite=0", "--sync-binlog=0",
                    "--lower-case-table-names=0", "--character-set-server=utf8mb4",
                ],
                stdout=log, stderr=log,
            )  # fmt: skip
        login = {"user": "root", "password": ""} if root else {}
        self._wait(login)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop; SIGKILL is a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=_START_LIMIT)
            self._process = None

    def connect(self, **settings: Any) -> Any:
        """A connection that commits every statement."""
        import pymysql

        return pymysql.connect(
            host="127.0.0.1", port=self.port, autocommit=True, charset="utf8mb4",
            **{"user": USER, "password": PASSWORD, **settings},
        )  # fmt: skip

    def execute(self, statements: Iterable[str], **settings: Any) -> None:
        """One after the other."""
        with self.connect(**settings) as connection, connection.cursor() as cursor:
            for statement in statements:
                if statement.strip():
                    cursor.execute(statement)

    def rows(self, statement: str) -> list[Any]:
        """What a statement answers."""
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())

    def connection(self, **keys: Any) -> dict[str, Any]:
        """``serviceConnection.config`` for this server, as MariaDB's."""
        return {
            "type": "MariaDB",
            "hostPort": f"127.0.0.1:{self.port}",
            "username": USER,
            "password": PASSWORD,
            **keys,
        }

    def _wait(self, login: dict[str, Any]) -> None:
        import pymysql

        limit = time.monotonic() + _START_LIMIT
        while True:
            try:
                self.connect(**login).close()
                return
            except pymysql.err.OperationalError:
                if time.monotonic() > limit or self._process is None or self._process.poll():
                    log = (self._folder / "log").read_text()
                    raise AssertionError(log[-2000:]) from None
                time.sleep(0.02)

    def _user_option(self) -> list[str]:
        if os.getuid() != 0:
            return []
        names = {entry.pw_name for entry in pwd.getpwall()}
        return [f"--user={'mysql' if 'mysql' in names else 'nobody'}"]


def mariadb_server() -> Iterator[MariadbServer]:
    """Start one; stop it and remove it at the end."""
    daemon, installer = program("mariadbd"), program("mariadb-install-db")
    if daemon is None or installer is None:
        missing("MariaDB", "mariadb-server")
    folder = Path(tempfile.mkdtemp(prefix="beam-ingest-mariadb-"))
    folder.chmod(0o777)  # the server's user makes its socket here
    server = MariadbServer(folder, daemon, installer)
    try:
        server.create()
        yield server
    finally:
        server.stop(signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)
