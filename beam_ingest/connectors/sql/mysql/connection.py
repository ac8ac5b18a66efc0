"""Connecting to MySQL and MariaDB, and their errors in one line each."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pymysql
from pymysql.connections import Connection
from pymysql.constants import CR, ER

from beam_ingest.api.errors import FatalError, IngestError, TransientError
from beam_ingest.api.secrets import MASK, resolve_options
from beam_ingest.connectors.sql.certificates import certificate_files
from beam_ingest.connectors.sql.connection_config import host_and_port
from beam_ingest.connectors.sql.connections import Unreachable
from beam_ingest.connectors.sql.mysql import queries
from beam_ingest.connectors.sql.mysql.config import DEFAULT_PORT, ServerConfig

Row = tuple[Any, ...]

_CONNECT_TIMEOUT = 10  # seconds
_REFUSED = (
    ER.ACCESS_DENIED_ERROR, ER.DBACCESS_DENIED_ERROR, ER.BAD_DB_ERROR, ER.HANDSHAKE_ERROR,
    1698, 3118, 1820,
)  # fmt: skip
_UNREACHABLE = (CR.CR_CONN_HOST_ERROR, CR.CR_CONNECTION_ERROR, CR.CR_UNKNOWN_HOST)
_GONE = (
    CR.CR_SERVER_GONE_ERROR, CR.CR_SERVER_LOST, ER.SERVER_SHUTDOWN, ER.CON_COUNT_ERROR,
    ER.LOCK_WAIT_TIMEOUT, ER.LOCK_DEADLOCK, 1927,
)  # fmt: skip
_TIMED_OUT = (1969, 3024)  # MariaDB's max_statement_time, MySQL's max_execution_time
_NOT_GRANTED = (ER.TABLEACCESS_DENIED_ERROR, ER.COLUMNACCESS_DENIED_ERROR, 1227)


def connect(config: ServerConfig, _database: str) -> Connection:
    """A connection whose transactions only read.

    Raises ``FatalError`` where the server says no, ``Unreachable`` where there is none.
    """
    host, port = host_and_port(config.host_port, DEFAULT_PORT)
    password = config.secret.get() if config.secret else ""
    with tempfile.TemporaryDirectory(prefix="beam-ingest-tls-") as folder:
        files = certificate_files(config.certificates, Path(folder))
        arguments: dict[str, Any] = {
            "host": host,
            "port": port,
            "user": config.username,
            "password": password,
            "charset": "utf8mb4",
            "connect_timeout": _CONNECT_TIMEOUT,
            "program_name": "beam-ingest",
            **({"ssl": files} if files else {}),
            **resolve_options(config.connection_options),
            **resolve_options(config.connection_arguments),
        }
        # PyMySQL's connect_timeout ends before the server's greeting, for which it waits for ever.
        own = arguments.get("read_timeout")
        arguments["read_timeout"] = own or arguments["connect_timeout"] or None
        try:
            connection = pymysql.connect(**arguments, autocommit=True)
            try:
                with connection.cursor() as cursor:
                    cursor.execute("SET SESSION TRANSACTION READ ONLY")
                    cursor.execute(f"SET SESSION group_concat_max_len = {queries.GATHERED_BYTES}")
            except pymysql.MySQLError:
                connection.close()
                raise
            # A statement may take longer.
            connection._read_timeout = own or None  # type: ignore[attr-defined]
        except pymysql.MySQLError as error:
            raise _not_connected(error, config, password) from None
        except (TypeError, ValueError, OSError) as error:
            text = _masked(str(error), password)
            raise FatalError(
                f"the settings of the connection are not valid: {text}",
                hint="see connectionOptions, connectionArguments and sslConfig",
            ) from None
    return connection


def query(connection: Connection, statement: str, parameters: Sequence[Any] = ()) -> list[Row]:
    """All rows of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        return list(cursor.fetchall())


def is_mariadb(connection: Connection) -> bool:
    """Whether the server is MariaDB, which keeps its catalogue a little otherwise than MySQL."""
    version: str = connection.get_server_info()  # type: ignore[no-untyped-call]
    return "mariadb" in version.lower()


def tables_with_foreign_keys(connection: Connection) -> frozenset[tuple[str, str]] | None:
    """(schema, table) of all on a MariaDB server that have any; None where it does not tell: to
    a user without PROCESS, or without InnoDB.

    To ask a table for its foreign keys makes the server open it: most have none, and in this one
    statement InnoDB tells which. A worker asks once, so a key that is made after that on a table
    without one is not seen by this run.
    """
    try:
        return frozenset(query(connection, queries.TABLES_WITH_FOREIGN_KEYS))
    except pymysql.MySQLError as error:
        if _parts(error)[0] in (*_NOT_GRANTED, ER.UNKNOWN_TABLE):
            return None
        raise


def reusable(connection: Connection) -> bool:
    """Whether the connection is still there; every statement is a transaction of its own."""
    return bool(connection.open)


@contextmanager
def explained(config: ServerConfig) -> Iterator[None]:
    """Turns PyMySQL's errors into the framework's."""
    try:
        yield
    except pymysql.MySQLError as error:
        raise _explained(error, config) from None


def _explained(error: pymysql.MySQLError, config: ServerConfig) -> IngestError:
    code, text = _parts(error)
    where = config.host_port
    if code in _GONE or code == 0 or isinstance(error, pymysql.err.InterfaceError):
        return TransientError(f"{where}: the connection was lost: {text}")
    if code in _TIMED_OUT:
        return IngestError(
            f"{where}: {text}",
            hint="a catalogue statement took longer than max_statement_time (MariaDB, seconds) "
            "or max_execution_time (MySQL, milliseconds): raise it by connectionArguments: "
            "{init_command: 'SET SESSION max_statement_time = 300'}",
        )
    if code in _NOT_GRANTED:
        return IngestError(f"{where}: {text}", hint=f"GRANT it to {config.username}")
    return IngestError(f"{where}: {text}")


def _not_connected(error: pymysql.MySQLError, config: ServerConfig, password: str) -> IngestError:
    code, text = _parts(error)
    if isinstance(error.__context__, TimeoutError) and code == CR.CR_SERVER_LOST:
        text = "what accepts connections there says nothing"
    where = f"{config.username}@{config.host_port}: {_masked(text, password)}"
    if code in _UNREACHABLE or isinstance(error.__context__, TimeoutError):
        return Unreachable(where, hint="check hostPort, and that the server runs")
    if code in _GONE:
        return TransientError(where)
    if code in _REFUSED:
        return FatalError(where, hint="check username and password")
    return FatalError(where, hint="see connectionOptions, connectionArguments and sslConfig")


def _parts(error: pymysql.MySQLError) -> tuple[int, str]:
    code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    text = str(error.args[1] if len(error.args) > 1 else error)
    return code, " ".join(text.split()) or type(error).__name__


def _masked(text: str, password: str) -> str:
    return text.replace(password, MASK) if password else text
