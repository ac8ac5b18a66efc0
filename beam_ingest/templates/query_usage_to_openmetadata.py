"""``query-usage-to-openmetadata``: how tables are used, from query logs, into OpenMetadata."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from beam_ingest.api.secrets import Secret
from beam_ingest.templates.shared import CONNECTION_TYPES, ServerParameters, reference
from beam_ingest.templates.template import Template


class QueryUsageToOpenMetadata(ServerParameters):
    """A query log: a server's own, or files."""

    database_type: Literal["postgres", "mysql", "mariadb"] = Field(
        description="The kind of database whose queries were logged."
    )
    service_name: str = Field(
        description="The name that the database service has in OpenMetadata.", pattern='^[^"]+$'
    )
    query_log: str | None = Field(
        None,
        description="A file, folder or glob of query logs; without it the server's own is read.",
    )
    host_port: str | None = Field(
        None, description="Host and port of the database server, where its own log is read."
    )
    username: str | None = Field(None, description="The user that reads the server's log.")
    password: Secret | None = Field(
        None, description="The user's password: a reference (file:/path, gcp-secret:...)."
    )
    database: str | None = Field(
        None, description="PostgreSQL: the database that is connected to, where the log is read."
    )
    days: int = Field(1, ge=1, description="How many days of a server's log are read.")
    result_limit: int | None = Field(
        None, ge=1, description="How many queries of a server's log are read at most."
    )

    @model_validator(mode="after")
    def _has_a_log(self) -> QueryUsageToOpenMetadata:
        if self.query_log is None and (self.host_port is None or self.username is None):
            raise ValueError("it needs --queryLog, or --hostPort and --username of the server")
        return self


def _workflow(parameters: QueryUsageToOpenMetadata) -> dict[str, Any]:
    files = parameters.query_log is not None
    connection = {
        "type": CONNECTION_TYPES[parameters.database_type],
        "hostPort": parameters.host_port,
        "username": parameters.username,
        "authType": {"password": reference(parameters.password)},
        "database": parameters.database,
    }
    return {
        "source": {
            "type": "query-log-usage" if files else f"{parameters.database_type}-usage",
            "serviceName": parameters.service_name,
            "serviceConnection": {"config": connection},
            "sourceConfig": {
                "config": {
                    "type": "DatabaseUsage",
                    "queryLogFilePath": parameters.query_log,
                    "queryLogDuration": None if files else parameters.days,
                    "resultLimit": None if files else parameters.result_limit,
                }
            },
        },
        "processors": [{"type": "query-parser"}],
        "stage": {"type": "table-usage"},
        "bulkSink": {"type": "metadata-usage"},
        "workflowConfig": {"openMetadataServerConfig": parameters.server()},
        "beam": parameters.run_block(),
    }


TEMPLATE = Template(
    name="query-usage-to-openmetadata",
    title="Query usage to OpenMetadata",
    description=(
        "Reads a query log, of a database server or from files, and tells an OpenMetadata server "
        "how often each table was used on each day, by whom, joined with what, and which tables "
        "are written from which."
    ),
    parameters=QueryUsageToOpenMetadata,
    workflow=_workflow,
    shown=("host_port", "username", "password", "database"),
)
