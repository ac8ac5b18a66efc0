"""``plain_inspector.py multi|single URL OUT [TABLES]``: what SQLAlchemy's Inspector takes.

``multi`` asks ``get_multi_*`` for each schema, ``single`` asks for one table after the other, as
OpenMetadata's own ingestion does; ``TABLES`` ends it early, for a rate.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy.engine.reflection import Inspector, ObjectKind

PARTS = ("columns", "pk_constraint", "unique_constraints", "foreign_keys", "table_comment")


def multi(inspector: Inspector, schema: str) -> dict[str, Any]:
    """All tables of a schema."""
    found: dict[str, Any] = {}
    for part in PARTS:
        read = getattr(inspector, f"get_multi_{part}")
        for (_, table), values in read(schema=schema, kind=ObjectKind.ANY).items():
            found.setdefault(table, {})[part] = values
    return found


def single(inspector: Inspector, schema: str, table: str) -> dict[str, Any]:
    """One table."""
    return {part: getattr(inspector, f"get_{part}")(table, schema) for part in PARTS}


def main() -> None:
    """Write a line a table."""
    mode, url, out, *rest = sys.argv[1:]
    limit = int(rest[0]) if rest else None
    warnings.simplefilter("ignore")
    written = 0
    engine = sqlalchemy.create_engine(url)
    with engine.connect() as connection, Path(out).open("w", encoding="utf-8") as file:
        inspector = sqlalchemy.inspect(connection)
        for schema in inspector.get_schema_names():
            if not schema.startswith("s0"):
                continue
            tables: Any = multi(inspector, schema) if mode == "multi" else None
            views = inspector.get_view_names(schema)
            for name in [*inspector.get_table_names(schema), *views]:
                if limit is not None and written == limit:
                    return
                values = tables[name] if tables else single(inspector, schema, name)
                if name in views:  # as the sources do; there is no get_multi_view_definition
                    values["view_definition"] = inspector.get_view_definition(name, schema)
                file.write(json.dumps({"schema": schema, "name": name, **values}, default=str))
                file.write("\n")
                written += 1


if __name__ == "__main__":
    main()
