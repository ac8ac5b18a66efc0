"""Parameters that several templates share, and the parts of a workflow that they make."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from beam_ingest.api.secrets import Secret
from beam_ingest.templates.template import Parameters

DatabaseType = Literal["postgres", "mysql", "mariadb", "sqlite"]

CONNECTION_TYPES = {
    "postgres": "Postgres", "mysql": "Mysql", "mariadb": "MariaDB", "sqlite": "SQLite",
}  # fmt: skip
"""By type of the source, what its connection calls itself."""


class RunParameters(Parameters):
    """How the run is run."""

    work_dir: str = Field(
        "runs", description="Where run directories are kept: a folder, or gs://bucket/folder."
    )
    max_failures: int | None = Field(
        None, ge=1, description="Stop early after so many failed records; never if it is not given."
    )

    shared_paths: list[str] = Field(
        [], description="Folders that every worker mounts under the same path."
    )

    def run_block(self) -> dict[str, Any]:
        """The ``beam:`` block."""
        return {
            "workDir": self.work_dir,
            "maxFailures": self.max_failures,
            "sharedPaths": self.shared_paths,
        }


class ServerParameters(RunParameters):
    """An OpenMetadata server."""

    server_url: str = Field(
        description="The URL of OpenMetadata's interface, such as https://metadata.example/api.",
        pattern="^(https?://|[$]).+$",
    )
    server_token: Secret = Field(
        description="The token of the ingestion bot: a reference (file:/path, gcp-secret:...)."
    )

    def server(self) -> dict[str, Any]:
        """``workflowConfig.openMetadataServerConfig``."""
        return {
            "hostPort": self.server_url,
            "authProvider": "openmetadata",
            "securityConfig": {"jwtToken": reference(self.server_token)},
        }


class DatabaseParameters(Parameters):
    """A database whose catalogue is read."""

    database_type: DatabaseType = Field(description="The kind of database.")
    service_name: str = Field(
        description="The name of the database service: all names begin with it.",
        pattern='^[^"]+$',
    )
    host_port: str | None = Field(
        None, description="Host and port of the server, such as db.example:5432."
    )
    username: str | None = Field(None, description="The user that reads the catalogue.")
    password: Secret | None = Field(
        None, description="The user's password: a reference (file:/path, gcp-secret:...)."
    )
    database: str | None = Field(
        None, description="PostgreSQL: the database to read; all of them if it is not given."
    )
    database_file: str | None = Field(None, description="SQLite: the path of the database file.")
    schema_includes: list[str] = Field(
        [], description="Read only schemas that one of these regular expressions matches."
    )
    schema_excludes: list[str] = Field(
        [], description="Do not read schemas that one of these regular expressions matches."
    )
    table_includes: list[str] = Field(
        [], description="Read only tables that one of these regular expressions matches."
    )
    table_excludes: list[str] = Field(
        [], description="Do not read tables that one of these regular expressions matches."
    )
    include_views: bool = Field(True, description="Whether views are read, with their lineage.")

    @model_validator(mode="after")
    def _has_a_place(self) -> DatabaseParameters:
        if self.database_type == "sqlite":
            if self.database_file is None:
                raise ValueError("--databaseFile is missing: SQLite is a file")
            if self.host_port or self.username or self.password:
                raise ValueError("SQLite is a file: it has no --hostPort, --username, --password")
        elif self.host_port is None or self.username is None:
            raise ValueError(f"{self.database_type} needs --hostPort and --username")
        elif self.database_file is not None:
            raise ValueError("--databaseFile is for SQLite")
        return self

    def source(self, **settings: Any) -> dict[str, Any]:
        """The ``source`` section; ``settings`` are more keys of its ``sourceConfig``."""
        return {
            "type": self.database_type,
            "serviceName": self.service_name,
            "serviceConnection": {"config": self._connection()},
            "sourceConfig": {
                "config": {
                    "type": "DatabaseMetadata",
                    "includeViews": self.include_views,
                    "schemaFilterPattern": _pattern(self.schema_includes, self.schema_excludes),
                    "tableFilterPattern": _pattern(self.table_includes, self.table_excludes),
                    **settings,
                }
            },
        }

    def _connection(self) -> dict[str, Any]:
        kind = CONNECTION_TYPES.get(self.database_type)
        if self.database_type == "sqlite":
            return {"type": kind, "databaseMode": self.database_file}
        password = reference(self.password)
        return {
            "type": kind,
            "hostPort": self.host_port,
            "username": self.username,
            "authType": {"password": password},
            "database": self.database,
            "ingestAllDatabases": True if kind == "Postgres" and self.database is None else None,
        }


def reference(secret: Secret | str | None) -> str | None:
    """A secret as a workflow holds it: what refers to it, never the value."""
    return secret.reference if isinstance(secret, Secret) else secret


def _pattern(includes: list[str], excludes: list[str]) -> dict[str, Any]:
    return {"includes": includes, "excludes": excludes}
