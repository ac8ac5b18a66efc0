"""Records that the tests of several processors use."""

from __future__ import annotations

from typing import Any

from beam_ingest.api.entities import Column, Database, LineageEdge, Table, TagLabel


def table(name: str = "orders", **fields: Any) -> Table:
    columns = fields.pop(
        "columns", [Column(name="id", data_type="INT"), Column(name="email", data_type="TEXT")]
    )
    return Table(name=name, database_schema="svc.db.public", columns=columns, **fields)


def tag(fqn: str) -> TagLabel:
    return TagLabel(tag_fqn=fqn)


def database() -> Database:
    return Database(name="db", service="svc")


def edge() -> LineageEdge:
    return LineageEdge(name="e", from_fqn="a", to_fqn="b")
