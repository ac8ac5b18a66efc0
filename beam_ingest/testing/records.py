"""Sample records for tests and benchmarks: the same ones on every call, on every machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from beam_ingest.api.entities import Column, Table, TableConstraint

_TYPES = (
    "BIGINT", "VARCHAR", "TIMESTAMP", "DECIMAL", "BOOLEAN", "TEXT", "DOUBLE", "DATE", "JSON",
)  # fmt: skip
_TABLES_IN_A_SCHEMA = 100


def sample_tables(count: int, columns: int = 14) -> Iterator[Table]:
    """``count`` tables of ``columns`` columns, a hundred to a schema, the first column the key.

    With 14 columns a table is about 1.25 kB as the JSON line of the file sink.
    """
    for number in range(count):
        schema = f"warehouse.shop.schema_{number // _TABLES_IN_A_SCHEMA:04d}"
        yield Table(
            name=f"table_{number:07d}",
            database_schema=schema,
            table_type="Regular",
            description=f"Sample table number {number} of the shop",
            columns=[_column(position) for position in range(columns)],
            table_constraints=[
                TableConstraint(constraint_type="PRIMARY_KEY", columns=["column_00"])
            ]
            if columns
            else None,
        )


def sample_mappings(count: int) -> Iterator[dict[str, Any]]:
    """``count`` nested mappings of about 1.25 kB as JSON: the tables of ``sample_tables``.

    Each is the create request with its ``fullyQualifiedName``; a record without a model.
    """
    for table in sample_tables(count):
        yield {"id": table.name, "fullyQualifiedName": table.fqn, **table.to_dict()}


def _column(position: int) -> Column:
    data_type: Any = _TYPES[position % len(_TYPES)]
    return Column(
        name=f"column_{position:02d}",
        data_type=data_type,
        data_length=255 if data_type == "VARCHAR" else None,
        constraint="PRIMARY_KEY" if position == 0 else None,
        ordinal_position=position + 1,
    )
