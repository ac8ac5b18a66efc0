"""A real PostgreSQL server on loopback, for as long as a test session."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers.free_port import free_port
from tests.servers.missing import missing

SUPERUSER = "postgres"
PASSWORD = "s3cret-of-the-tests"
_START_LIMIT = 60  # seconds


def binaries() -> Path | None:
    """The folder of the newest server's programs, or None where there is no server."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    program = shutil.which("initdb")
    return Path(program).resolve().parent if program else None


class PostgresServer:
    """One cluster in a folder of its own. All users log in with ``PASSWORD``.

    ``settings`` are those of ``postgresql.conf``, beside and before the ones that all tests want.
    """

    def __init__(
        self, folder: Path, programs: Path, settings: Mapping[str, str] | None = None
    ) -> None:
        self.port = free_port()
        self.data = folder / "data"
        self.log = folder / "log"
        self.settings = settings or {}
        self._folder, self._programs = folder, programs
        self._process: subprocess.Popen[bytes] | None = None

    def create(self) -> None:
        """``initdb``. PostgreSQL refuses to run as root, so root lends it another user."""
        password = self._folder / "password"
        password.write_text(PASSWORD)
        if user := self._user():
            for path in (self._folder, password):
                shutil.chown(path, user)
        subprocess.run(
            [
                self._programs / "initdb", "-D", self.data, "-U", SUPERUSER, "-A", "scram-sha-256",
                "--pwfile", password, "-E", "UTF8", "--locale=C", "--no-sync",
            ],
            check=True, capture_output=True, cwd=self._folder, **self._identity(),
        )  # fmt: skip

    def start(self) -> None:
        """Start, and wait until it lets a user in."""
        settings = {
            "listen_addresses": "127.0.0.1", "unix_socket_directories": str(self._folder),
            "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
            "shared_buffers": "256MB", "max_locks_per_transaction": "4096", "jit": "off",
            "autovacuum": "off", "log_line_prefix": "%u@%d ",
            **self.settings,
        }  # fmt: skip
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self.data, "-p", str(self.port), *options],
                stdout=log, stderr=log, cwd=self._folder, **self._identity(),
            )  # fmt: skip
        self._wait()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop: SIGINT is a fast shutdown, SIGQUIT an immediate one (as a crash)."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=_START_LIMIT)
            self._process = None

    def connect(self, database: str = "postgres", **settings: Any) -> Any:
        """A connection that commits every statement."""
        import psycopg

        return psycopg.connect(
            host="127.0.0.1", port=self.port, dbname=database, autocommit=True,
            **{"user": SUPERUSER, "password": PASSWORD, **settings},
        )  # fmt: skip

    def database(self, name: str, script: str = "") -> None:
        """A new database (the old one of that name dropped), made by ``script``."""
        with self.connect() as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{name}"')
        if script:
            with self.connect(name) as connection:
                connection.execute(script)

    def put_file(self, name: str, content: bytes) -> None:
        """A file beside the data, that only the server's user may read."""
        path = self.data / name
        path.write_bytes(content)
        path.chmod(0o600)
        if user := self._user():
            shutil.chown(path, user)

    def connection(self, database: str, **keys: Any) -> dict[str, Any]:
        """``serviceConnection.config`` for a database of this server."""
        return {
            "type": "Postgres",
            "hostPort": f"127.0.0.1:{self.port}",
            "username": SUPERUSER,
            "authType": {"password": PASSWORD},
            "database": database,
            **keys,
        }

    def pgbench(self, database: str, *options: str) -> None:
        """Run ``pgbench`` on a database."""
        login = {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": SUPERUSER,
                 "PGPASSWORD": PASSWORD, "PGDATABASE": database}  # fmt: skip
        subprocess.run(
            [self._programs / "pgbench", *options],
            check=True, capture_output=True, env={**os.environ, **login},
        )  # fmt: skip

    @contextmanager
    def statements(self, user: str) -> Iterator[list[str]]:
        """The statements that ``user`` sends while the block runs, as the server logs them."""
        found: list[str] = []
        with self.connect() as connection:
            connection.execute(f"ALTER ROLE {user} SET log_statement = 'all'")
            before = self.log.stat().st_size
            try:
                yield found
            finally:
                connection.execute(f"ALTER ROLE {user} RESET log_statement")
        with self.log.open(encoding="utf-8", errors="replace") as log:
            log.seek(before)
            text = "\n" + log.read()
        # A line of the log that starts with a tab goes on; the parameters are the line after.
        entries = text.replace("\n\t", "\n").split(f"\n{user}@")
        for entry in entries:
            if "LOG:  execute" in entry or "LOG:  statement" in entry:
                found.append(entry)
            elif found and "DETAIL:" in entry:
                found[-1] += entry

    def _wait(self) -> None:
        import psycopg

        limit = time.monotonic() + _START_LIMIT
        while True:
            try:
                self.connect().close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > limit or self._process is None or self._process.poll():
                    raise AssertionError(self.log.read_text()[-2000:]) from None
                time.sleep(0.02)

    def _user(self) -> str | None:
        if os.getuid() != 0:
            return None
        names = {entry.pw_name for entry in pwd.getpwall()}
        return "postgres" if "postgres" in names else "nobody"

    def _identity(self) -> dict[str, Any]:
        user = self._user()
        if user is None:
            return {}
        return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def postgres_server(settings: Mapping[str, str] | None = None) -> Iterator[PostgresServer]:
    """Start one; stop it and remove it at the end."""
    programs = binaries()
    if programs is None:
        missing("PostgreSQL", "postgresql")
    folder = Path(tempfile.mkdtemp(prefix="beam-ingest-postgres-"))
    folder.chmod(0o755)
    server = PostgresServer(folder, programs, settings)
    try:
        server.create()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
