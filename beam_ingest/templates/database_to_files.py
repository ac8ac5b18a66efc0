"""``database-to-files``: the catalogue of a database as lines of JSON."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from beam_ingest.templates.shared import DatabaseParameters, RunParameters
from beam_ingest.templates.template import Template


class DatabaseToFiles(RunParameters, DatabaseParameters):
    """A database, and the file that is written."""

    output: str = Field(
        description="The file that is written: a path, or gs://bucket/name.jsonl.",
    )


def _workflow(parameters: DatabaseToFiles) -> dict[str, Any]:
    return {
        "source": parameters.source(),
        "sink": {"type": "file", "config": {"path": parameters.output}},
        "beam": parameters.run_block(),
    }


TEMPLATE = Template(
    name="database-to-files",
    title="Database to files",
    description=(
        "Reads the catalogue of a database (schemas, tables, views, columns, keys, lineage of "
        "views) and writes it as JSON lines, one entity a line."
    ),
    parameters=DatabaseToFiles,
    workflow=_workflow,
    shown=("host_port", "username", "password", "database"),
)
