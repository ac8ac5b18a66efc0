"""Connecting to PostgreSQL, and its errors in one line each."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import IsolationLevel
from psycopg.pq import TransactionStatus

from beam_ingest.api.errors import FatalError, IngestError, TransientError
from beam_ingest.api.secrets import MASK, resolve_options
from beam_ingest.connectors.sql.certificates import certificate_files
from beam_ingest.connectors.sql.connection_config import host_and_port
from beam_ingest.connectors.sql.connections import Unreachable
from beam_ingest.connectors.sql.postgres.config import DEFAULT_PORT, PostgresConfig

Connection = psycopg.Connection[tuple[Any, ...]]
Row = tuple[Any, ...]

_OLDEST = 120000
_TLS = {"ca": "sslrootcert", "cert": "sslcert", "key": "sslkey"}
_CONNECT_TIMEOUT = 10  # seconds
_GONE = ("57P01", "57P02", "57P03", "53300", "40001", "40P01", "55P03")
# What a catalogue function raises for an object that another session has just dropped.
_CHANGED = ("42P01", "XX000")


def connect(config: PostgresConfig, database: str) -> Connection:
    """A connection whose transactions only read, each on one snapshot of the catalogue.

    Raises ``FatalError`` where the server says no, ``Unreachable`` where there is none.
    """
    host, port = host_and_port(config.host_port, DEFAULT_PORT)
    password = config.secret.get() if config.secret else None
    with tempfile.TemporaryDirectory(prefix="beam-ingest-tls-") as folder:
        arguments = {
            "host": host,
            "port": port,
            "user": config.username,
            "dbname": database,
            "password": password,
            "sslmode": config.ssl_mode,
            "connect_timeout": _CONNECT_TIMEOUT,
            "application_name": "beam-ingest",
            **{_TLS[k]: v for k, v in certificate_files(config.ssl_config, Path(folder)).items()},
            **resolve_options(config.connection_options),
            **resolve_options(config.connection_arguments),
        }
        try:
            # No statement is prepared on the server: poolers in transaction mode cannot have it.
            connection = psycopg.connect(**arguments, prepare_threshold=None)
        except psycopg.OperationalError as error:
            raise _not_connected(error, config, database, password) from None
        except (psycopg.Error, TypeError) as error:
            raise FatalError(
                f"the settings of the connection are not valid: {_first_line(error, password)}",
                hint="see connectionOptions and connectionArguments",
            ) from None
    if connection.info.server_version < _OLDEST:
        version = connection.info.server_version
        connection.close()
        raise FatalError(f"the server is PostgreSQL {version / 10000:.1f}; 12 is the oldest read")
    connection.read_only = True
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    return connection


def query(connection: Connection, statement: str, parameters: Sequence[Any] = ()) -> list[Row]:
    """All rows of a statement; names are shown as a session with only ``public`` on its path."""
    if connection.info.transaction_status is TransactionStatus.IDLE:
        connection.execute("SET LOCAL search_path TO public")
    return connection.execute(statement, parameters or None, binary=False).fetchall()


def reusable(connection: Connection) -> bool:
    """End the transaction; False for a broken connection."""
    try:
        connection.rollback()
    except psycopg.Error:
        return False
    return not connection.closed


@contextmanager
def explained(config: PostgresConfig) -> Iterator[None]:
    """Turns psycopg's errors into the framework's."""
    try:
        yield
    except psycopg.Error as error:
        raise _explained(error, config) from None


def _explained(error: psycopg.Error, config: PostgresConfig) -> IngestError:
    where, text, state = config.host_port, _first_line(error, None), error.sqlstate
    if state is None or state.startswith("08") or state in _GONE:
        return TransientError(f"{where}: the connection was lost: {text}")
    if state == "57014":
        return IngestError(
            f"{where}: {text}",
            hint="a catalogue statement took longer than statement_timeout: raise it by "
            "connectionArguments: {options: '-c statement_timeout=300000'} (milliseconds), or "
            f"ALTER ROLE {config.username} SET statement_timeout = …",
        )
    if state == "42501":
        return IngestError(f"{where}: {text}", hint=f"GRANT it to {config.username}")
    if state in _CHANGED:
        return TransientError(f"{where}: the catalogue changed while it was read: {text}")
    return IngestError(f"{where}: {text}")


def _not_connected(
    error: psycopg.Error, config: PostgresConfig, database: str, password: str | None
) -> IngestError:
    text = _first_line(error, password)
    where = f"{config.username}@{config.host_port}/{database}"
    if error.sqlstate in _GONE or any(
        word in text
        for word in ("starting up", "shutting down", "too many", "remaining connection")
    ):
        return TransientError(f"{where}: {text}")
    # The server's own word is FATAL; TLS is refused on this side.
    if "SSL" in text or "certificate" in text:
        return FatalError(f"{where}: {text}", hint="check sslMode and sslConfig")
    if "FATAL:" in str(error):
        return FatalError(f"{where}: {text}", hint="check username, password and database")
    return Unreachable(f"{where}: {text}", hint="check hostPort, and that the server runs")


def _first_line(error: BaseException, password: str | None) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    fatal = [line for line in lines if "FATAL:" in line]
    text = (fatal or lines or [type(error).__name__])[0]
    text = " ".join(text.rpartition("FATAL:")[2].split())
    return text.replace(password, MASK) if password else text
