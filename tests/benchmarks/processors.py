"""The three processors of the core benchmark: functions, for the plain loop and the workflow."""

from __future__ import annotations

from typing import Any


def describe(record: Any) -> Any:
    """Give the table a description."""
    if type(record) is dict:
        record["description"] = f"Table {record['name']} of the warehouse"
    else:
        record.description = f"Table {record.name} of the warehouse"
    return record


def display(record: Any) -> Any:
    """Give every column its type as text."""
    if type(record) is dict:
        for column in record["columns"]:
            column["dataTypeDisplay"] = column["dataType"].lower()
    else:
        for column in record.columns:
            column.data_type_display = column.data_type.lower()
    return record


def leave_out(record: Any) -> Any:
    """Leave out one table of ten thousand."""
    name = record["name"] if type(record) is dict else record.name
    return None if name.endswith("9999") else record


ALL = (describe, display, leave_out)
