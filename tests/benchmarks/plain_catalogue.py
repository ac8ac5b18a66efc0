"""``plain_catalogue.py postgres|mariadb PORT DATABASE OUT``: the baseline of the SQL benchmark.

A plain script: the same statements as the source's, for 200 tables at a time, and the same JSON
lines, without Beam, pydantic, splits, ledgers or marks. It loads the statements from their file,
so that it imports nothing of the package; ``OUT.seconds`` is what the statements alone took.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SQL = Path(__file__).parents[2] / "beam_ingest" / "connectors" / "sql"
PASSWORD = "s3cret-of-the-tests"
CHUNK = 200
KINDS = {"bigint": "BIGINT", "integer": "INT", "text": "TEXT", "date": "DATE", "uuid": "UUID",
         "boolean": "BOOLEAN", "jsonb": "JSON", "double precision": "DOUBLE", "integer[]": "ARRAY",
         "timestamp without time zone": "TIMESTAMP", "numeric(12,2)": "NUMERIC",
         "character varying(64)": "VARCHAR", "bigint(20)": "BIGINT", "int(11)": "INT",
         "varchar(64)": "VARCHAR", "decimal(12,2)": "DECIMAL", "timestamp(6)": "TIMESTAMP",
         "tinyint(1)": "TINYINT", "double": "DOUBLE", "char(36)": "CHAR", "longtext": "TEXT",
         "int(10) unsigned": "INT"}  # fmt: skip
Row = tuple[Any, ...]
in_statements = [0.0]
"""Seconds spent in waiting for answers and taking them apart: beside it is what the script does."""


def queries(system: str) -> Any:
    """The module of statements, loaded by its path."""
    path = SQL / system / "queries.py"
    spec = importlib.util.spec_from_file_location("queries", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def timed() -> Iterator[None]:
    started = time.perf_counter()
    yield
    in_statements[0] += time.perf_counter() - started


def postgres(port: int, database: str) -> Iterator[dict[str, Any]]:
    import psycopg

    q = queries("postgres")
    with psycopg.connect(
        host="127.0.0.1", port=port, dbname=database, user="postgres", password=PASSWORD,
        prepare_threshold=None,
    ) as connection:  # fmt: skip

        def ask(*a: Any) -> list[Row]:
            with timed():
                return connection.execute(*a).fetchall()

        schemas = [row[0] for row in ask(q.SCHEMAS) if row[0] != "information_schema"]
        listed = [(row[0], row[1]) for row in ask(q.RELATIONS, [schemas])]
        for first in range(0, len(listed), CHUNK):
            part = listed[first : first + CHUNK]
            relations = ask(q.READ_RELATIONS, [[s for s, _ in part], [t for _, t in part]])
            oids = [[row[0] for row in relations]]
            columns, keys = defaultdict(list), defaultdict(list)
            types = set()
            for row in ask(q.READ_COLUMNS, oids):
                columns[row[0]].append(row)
                types.add((row[3], row[4]))
            for row in ask(q.READ_KEYS, oids):
                keys[row[0]].append(row)
            found = ask(q.READ_TYPES, [list(each) for each in zip(*types, strict=True)])
            display = {(row[0], row[1]): row[2] for row in found}
            for row in relations:
                names = {column[1]: column[2] for column in columns[row[0]]}
                own = [
                    (kind, [names[n] for n in numbers], schema, table, referred)
                    for _, kind, numbers, schema, table, referred in keys[row[0]]
                ]
                described = [(c[2], display[c[3], c[4]], not c[5], c[6]) for c in columns[row[0]]]
                definition = f"create view {row[3]} as {row[9]}" if row[4] == "v" else None
                yield entity(database, row[1], row[2], row[5], definition, described, own)


def mariadb(port: int, database: str) -> Iterator[dict[str, Any]]:
    import pymysql

    q = queries("mysql")
    connection = pymysql.connect(host="127.0.0.1", port=port, user="tester", password=PASSWORD)
    with connection, connection.cursor() as cursor:

        def ask(statement: str, parameters: Any = None) -> list[Row]:
            with timed():
                cursor.execute(statement, parameters)
                return list(cursor.fetchall())

        schemas = [row[0] for row in ask(q.SCHEMAS) if row[0].startswith("s0")]
        if database == "empty":
            return
        listed = [(row[0], row[1]) for row in ask(*q.relations(schemas))]
        referring = set(ask(q.TABLES_WITH_FOREIGN_KEYS))
        for first in range(0, len(listed), CHUNK):
            names = defaultdict(list)
            for schema, table in listed[first : first + CHUNK]:
                names[schema].append(table)
            columns, keys = defaultdict(list), defaultdict(list)
            relations = ask(*q.read_relations(names, estimates=False))
            texts = [text for _, text in ask(*q.read_columns(names, properties=False))]
            for schema, table, _, name, kind, nullable, comment in json.loads(
                f"[{','.join(texts)}]"
            ):
                columns[schema, table].append((name, kind, nullable == "YES", comment or None))
            keyed = ask(*q.read_unique_keys(names))
            foreign = {s: [t for t in found if (s, t) in referring] for s, found in names.items()}
            if foreign := {schema: tables for schema, tables in foreign.items() if tables}:
                keyed += ask(*q.read_foreign_keys(foreign))
            for row in keyed:
                kind = "p" if row[2] == "PRIMARY" else "f" if row[6] else "u"
                keys[row[:2]].append((kind, [row[4]], row[5], row[6], [row[7]]))
            views = {row[:2]: row[2] for row in ask(*q.read_views(names))}
            for row in relations:
                place = schema, name = row[:2]
                text = f"create view {place} as {views[place]}" if place in views else None
                yield entity("default", schema, name, row[3], text, columns[place], keys[place])


def entity(
    database: str,
    schema: str,
    name: str,
    comment: str | None,
    definition: str | None,
    columns: list[Row],
    keys: list[Row],
) -> dict[str, Any]:
    """The line of a table, as the file sink has it."""
    parent = f"svc.{database}.{schema}"
    primary = {key[1][0] for key in keys if key[0] == "p"}
    body: dict[str, Any] = {"name": name, "databaseSchema": parent}
    if comment:
        body["description"] = comment
    body["tableType"] = "View" if definition else "Regular"
    body["columns"] = []
    for column, display, nullable, text in columns:
        null = "NULL" if nullable else "NOT_NULL"
        values: dict[str, Any] = {
            "name": column, "dataType": KINDS[display], "dataLength": 1,
            "dataTypeDisplay": display,
            "constraint": "PRIMARY_KEY" if column in primary else null,
        }  # fmt: skip
        if text:
            values["description"] = text
        body["columns"].append(values)
    foreign = [
        {
            "constraintType": "FOREIGN_KEY", "columns": own,
            "referredColumns": [f"svc.{database}.{s}.{t}.{c}" for c in referred],
            "relationshipType": "MANY_TO_ONE",
        }
        for kind, own, s, t, referred in keys
        if kind == "f"
    ]  # fmt: skip
    if foreign:
        body["tableConstraints"] = foreign
    if definition:
        body["schemaDefinition"] = definition
    return {"entityType": "table", "fullyQualifiedName": f"{parent}.{name}", "entity": body}


def main() -> None:
    """Write all tables."""
    system, port, database, out = sys.argv[1:]
    read = postgres if system == "postgres" else mariadb
    with Path(out).open("w", encoding="utf-8") as file:
        for line in read(int(port), database):
            file.write(json.dumps(line, separators=(",", ":")) + "\n")
    Path(f"{out}.seconds").write_text(str(in_statements[0]))


if __name__ == "__main__":
    main()
