"""The connection of a source that reads log files alone: whose log it is."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from pydantic import Field, model_validator

from beam_ingest.api.component import Component

DIALECTS = {
    "Athena": "athena", "AzureSQL": "tsql", "BigQuery": "bigquery", "Clickhouse": "clickhouse",
    "Cockroach": "postgres", "Databricks": "databricks", "Doris": "doris", "Dremio": "dremio",
    "Druid": "druid", "DuckDB": "duckdb", "Exasol": "exasol", "Glue": "hive",
    "Greenplum": "postgres", "Hive": "hive", "Impala": "hive", "MariaDB": "mysql",
    "MicrosoftFabric": "fabric", "Mssql": "tsql", "Mysql": "mysql", "Oracle": "oracle",
    "Postgres": "postgres", "Presto": "presto", "QuestDB": "postgres", "Redshift": "redshift",
    "SingleStore": "singlestore", "Snowflake": "snowflake", "SQLite": "sqlite",
    "StarRocks": "starrocks", "Synapse": "tsql", "Teradata": "teradata",
    "Timescale": "postgres", "Trino": "trino", "UnityCatalog": "databricks", "Vertica": "postgres",
}  # fmt: skip
"""sqlglot's name of the SQL of each of OpenMetadata's service types; others have no name."""


class QueryLogConfig(Component.Config):
    """``serviceConnection.config`` of a log in files: the service it is the log of.

    OpenMetadata takes the service's whole connection here. Beside a ``type`` its other keys are
    let through unseen, since nothing is connected to.
    """

    # Editors then let the keys of any connection through, as the validator below does.
    model_config = Component.Config.model_config | {
        "json_schema_extra": {"additionalProperties": True}
    }

    type: str | None = Field(
        None, description="The service's type, as in its connection: it says what SQL is logged."
    )
    dialect: str | None = Field(
        None,
        description="sqlglot's name of the SQL that is logged, where the type does not say it. "
        "(beam_ingest only)",
    )

    @model_validator(mode="before")
    @classmethod
    def _leave_the_connection_out(cls, given: Any) -> Any:
        if not isinstance(given, Mapping) or not given.get("type"):
            return given
        return {key: value for key, value in given.items() if key in cls.model_fields}

    @model_validator(mode="after")
    def _is_a_known_type(self) -> QueryLogConfig:
        if self.type is not None and self.type not in DIALECTS and self.dialect is None:
            close = difflib.get_close_matches(self.type, DIALECTS, n=1)
            raise ValueError(
                f"it is not known what SQL the type {self.type!r} logs; "
                + (f"did you mean {close[0]!r}?" if close else "write 'dialect' beside it")
            )
        return self

    @property
    def sql_dialect(self) -> str:
        """sqlglot's name; empty where it is not known."""
        return self.dialect or DIALECTS.get(self.type or "", "")
