"""``sourceConfig.config`` of what reads query logs, key by key as OpenMetadata has it.

The models are OpenMetadata's ``DatabaseServiceQueryUsagePipeline`` and
``DatabaseServiceQueryLineagePipeline``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from beam_ingest.api.config_model import Ignored
from beam_ingest.api.filters import FilterPattern
from beam_ingest.api.source_config import ServiceReading, Threads

_NO_CROSS = Ignored("an edge begins and ends in this service")
_NO_PROCEDURES = Ignored(
    "stored procedures are not parsed; what they ran is in the query log, where it logs that"
)


class QueryLogReading(ServiceReading):
    """Which part of a query log is read."""

    query_log_duration: int = Field(
        1,
        ge=0,
        le=36_500,
        description="Days to look back in a log that a server keeps, from midnight UTC; "
        "0 is today. A file is read whole.",
    )
    query_log_file_path: str | None = Field(
        None,
        min_length=1,
        description="A file, a folder or a glob to read instead of the log that the server keeps.",
    )
    result_limit: int | None = Field(
        None,
        ge=1,
        description="The newest so many entries of each day, or of a log without days, are read "
        "of a log that a server keeps; all if null. (OpenMetadata's default is 1000.)",
    )
    filter_condition: str | None = Field(
        None, description="A condition in SQL on the log that a server keeps, added to ours."
    )


class DatabaseUsage(QueryLogReading):
    """How tables are used, from a query log."""

    type: Literal["DatabaseUsage"] = "DatabaseUsage"

    stage_file_location: Annotated[
        str, Ignored("staged files are kept in the run's directory, see beam.workDir")
    ] = "/tmp/query_log"  # noqa: S108
    process_query_cost_analysis: Annotated[
        bool, Ignored("these logs do not say what a query costs")
    ] = True


class DatabaseLineage(QueryLogReading):
    """Which tables are made of which, from view definitions and from a query log."""

    type: Literal["DatabaseLineage"] = "DatabaseLineage"

    process_view_lineage: bool = Field(True, description="Read the definitions of views.")
    process_query_lineage: bool = Field(True, description="Read the query log.")
    database_filter_pattern: FilterPattern | None = Field(
        None, description="Databases whose views are read, by name."
    )
    schema_filter_pattern: FilterPattern | None = Field(
        None, description="Schemas whose views are read, by name."
    )
    table_filter_pattern: FilterPattern | None = Field(
        None, description="Views that are read, by name."
    )
    threads: Threads = None

    parsing_timeout_limit: Annotated[
        int, Ignored("the work on a query is limited by the parser's steps, not by a clock")
    ] = 300
    override_view_lineage: Annotated[
        bool, Ignored("an edge replaces the one between the same tables; no other is deleted")
    ] = False
    query_parser_config: Annotated[Any, Ignored("sqlglot is the parser")] = None
    process_stored_procedure_lineage: Annotated[bool, _NO_PROCEDURES] = True
    stored_procedure_filter_pattern: Annotated[FilterPattern | None, _NO_PROCEDURES] = None
    process_cross_database_lineage: Annotated[bool, _NO_CROSS] = False
    cross_database_service_names: Annotated[list[str] | None, _NO_CROSS] = None
    enable_temp_table_lineage: Annotated[
        bool, Ignored("a temporary table is no entity, and no edge goes through it")
    ] = False
    incremental_lineage_processing: Annotated[
        bool, Ignored("every run reads all views, in a few statements")
    ] = True
