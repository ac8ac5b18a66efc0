"""The connection settings of SQLite: OpenMetadata's ``sqliteConnection``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from beam_ingest.api.config_model import Ignored, WorkerPath
from beam_ingest.api.secrets import Secret
from beam_ingest.connectors.sql.connection_config import SqlConnection

MEMORY = ":memory:"
_A_FILE = Ignored("a SQLite database is a file: it has no server and no login")


class SqliteConfig(SqlConnection):
    """A SQLite database file."""

    type: Literal["SQLite"] = "SQLite"
    scheme: Annotated[
        Literal["sqlite+pysqlite"], Ignored("Python's own sqlite3 reads the file")
    ] = "sqlite+pysqlite"
    database_mode: Annotated[str, WorkerPath()] = Field(
        MEMORY, description="The path of the database file. It is opened read-only."
    )
    database: str | None = Field(
        None, description="Name of the database in OpenMetadata; 'default' if it is not set."
    )
    username: Annotated[str | None, _A_FILE] = None
    password: Annotated[Secret | None, _A_FILE] = None
    host_port: Annotated[str | None, _A_FILE] = None
    supports_view_lineage_extraction: bool = Field(
        True, description="Read the lineage of views from their definitions."
    )

    @property
    def wants_lineage(self) -> bool:
        """Whether lineage is to be read from view definitions."""
        return self.supports_view_lineage_extraction
