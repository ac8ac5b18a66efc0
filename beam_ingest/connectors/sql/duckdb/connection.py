"""Opening a DuckDB file so that nothing can be written to it, and its errors in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from beam_ingest.api.errors import FatalError, IngestError, TransientError
from beam_ingest.api.secrets import resolve_options
from beam_ingest.connectors.sql.duckdb.config import DuckdbConfig


def connect(config: DuckdbConfig) -> duckdb.DuckDBPyConnection:
    """A read-only connection. Raises ``FatalError`` where there is no such database."""
    path = Path(config.path)
    if not path.is_file():
        kind = "a directory" if path.is_dir() else "no such file"
        raise FatalError(
            f"{config.path}: {kind}",
            hint="path is the DuckDB file, from the current folder",
        )
    settings = {
        **resolve_options(config.connection_options),
        **resolve_options(config.connection_arguments),
    }
    with explained(config.path):
        return duckdb.connect(str(path), read_only=True, config=settings)


@contextmanager
def explained(path: str) -> Iterator[None]:
    """Turns DuckDB's errors into the framework's, naming the file."""
    try:
        yield
    except duckdb.Error as error:
        raise _explained(path, error) from None


def _explained(path: str, error: duckdb.Error) -> IngestError:
    text = next(iter(str(error).splitlines()), type(error).__name__)
    if "lock" in text.lower():
        return TransientError(f"{path}: {text}", hint="another program writes to it")
    if isinstance(error, duckdb.IOException):
        return FatalError(f"{path}: {text}", hint="is it a DuckDB file of a version known here?")
    if isinstance(error, (duckdb.InvalidInputException, duckdb.CatalogException)):
        return FatalError(
            f"{path}: {text}", hint="connectionOptions and connectionArguments are its settings"
        )
    return IngestError(f"{path}: {text}")
