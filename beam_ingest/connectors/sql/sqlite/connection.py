"""Opening a SQLite file so that nothing can be written to it, and its errors in words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

from beam_ingest.api.errors import FatalError, IngestError, TransientError
from beam_ingest.api.secrets import resolve_options
from beam_ingest.connectors.sql.sqlite.config import MEMORY, SqliteConfig


def connect(config: SqliteConfig) -> sqlite3.Connection:
    """A read-only connection. Raises ``FatalError`` where there is no such database."""
    path = config.database_mode
    if path == MEMORY or not path:
        raise FatalError(
            "databaseMode is ':memory:', an empty database of this process: nothing to read",
            hint="set databaseMode to the path of a SQLite file",
        )
    check_is_file(path, "databaseMode is the path of the SQLite file, from the current folder")
    options = {**resolve_options(config.connection_options), "mode": "ro"}
    arguments = resolve_options(config.connection_arguments)
    arguments.pop("uri", None)
    uri = f"file:{quote(str(Path(path).absolute()))}?{urlencode(options)}"
    with explained(path):
        connection: sqlite3.Connection = sqlite3.connect(
            uri, uri=True, check_same_thread=False, **arguments
        )
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.Error:
            connection.close()
            raise
    return connection


def check_is_file(path: str, hint: str) -> None:
    """Raise ``FatalError`` with ``hint`` where there is none: SQLite would make it."""
    if not Path(path).is_file():
        kind = "a directory" if Path(path).is_dir() else "no such file"
        raise FatalError(f"{path}: {kind}", hint=hint)


@contextmanager
def explained(path: str) -> Iterator[None]:
    """Turns sqlite3's errors into the framework's, naming the file."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explained(path, error) from None
    except TypeError as error:  # an argument that sqlite3.connect does not know
        raise FatalError(f"connectionArguments: {error}") from None


def _explained(path: str, error: sqlite3.Error) -> IngestError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return TransientError(f"{path}: {error}", hint="another program writes to it")
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return FatalError(f"{path}: {error}", hint="is it a SQLite database, and whole?")
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
        return FatalError(f"{path}: {error}", hint="check the permissions of the file")
    return IngestError(f"{path}: {error}")
