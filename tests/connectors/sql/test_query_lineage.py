"""Edges from logged queries, names resolved by a catalogue."""

from __future__ import annotations

from typing import Any

import pytest

from beam_ingest.api import fqn
from beam_ingest.api.entities import LineageEdge
from beam_ingest.connectors.sql.query_lineage import QueryLineage

TABLES = {
    ("sales", "orders"): ["id", "customer", "qty"],
    ("sales", "totals"): ["customer", "sum"],
    ("public", "orders"): ["id"],
    ("public", "Odd"): ["id", "Sum"],
}


class Tables:
    """As much of a catalogue as lineage asks for."""

    default_schema: str | None = "public"
    ignores_case = False

    def __init__(self) -> None:
        self.asked: list[dict[str, list[str]]] = []

    def columns_of(self, database: str, names: dict[str, list[str]]) -> Any:
        self.asked.append(names)
        found = {(schema, name) for schema, tables in names.items() for name in tables}
        return {place: columns for place, columns in TABLES.items() if place in found}


def logged(query: str, **keys: Any) -> Any:
    return {
        "query": query, "databaseName": "shop", "databaseSchema": None, "aborted": False,
        "where": "log.csv:2", **keys,
    }  # fmt: skip


def edges(*queries: Any, tables: Tables | None = None, held: Any = None) -> list[LineageEdge]:
    def fqn_of(database: str, schema: str, table: str) -> str | None:
        return None if held and table not in held else fqn.build("w", database, schema, table)

    lineage = QueryLineage(tables or Tables(), "postgres", fqn_of)
    for query in queries:
        lineage.add(logged(query) if isinstance(query, str) else query)
    return list(lineage.edges())


INSERT = (
    "INSERT INTO sales.totals SELECT customer, sum(qty) FROM sales.orders WHERE qty > 5 GROUP BY 1"
)


def test_an_insert_is_an_edge_with_its_columns() -> None:
    (edge,) = edges(INSERT)
    assert (edge.from_fqn, edge.to_fqn) == ("w.shop.sales.orders", "w.shop.sales.totals")
    assert edge.source == "QueryLineage"
    assert {each.to_column: each.from_columns for each in edge.columns_lineage or ()} == {
        "w.shop.sales.totals.customer": ["w.shop.sales.orders.customer"],
        "w.shop.sales.totals.sum": ["w.shop.sales.orders.qty"],
    }


def test_no_literal_is_kept_with_an_edge() -> None:
    (edge,) = edges(INSERT.replace("qty > 5", "qty > 5 AND customer <> 'a secret'"))
    assert edge.sql_query is not None
    assert "secret" not in edge.sql_query
    assert "5" not in edge.sql_query


def test_unqualified_names_are_looked_up_along_the_path() -> None:
    query = 'INSERT INTO "Odd" (id) SELECT id FROM orders'
    for keys, table in (
        ({}, "public.orders"),
        ({"databaseSchema": "sales"}, None),
        ({"searchPath": ["nobody", "sales", "public"]}, "sales.orders"),
        ({"searchPath": ["public", "sales"]}, "public.orders"),
    ):
        found = [edge.from_fqn for edge in edges(logged(query, **keys))]
        assert found == ([f"w.shop.{table}"] if table else [])


def test_statements_of_one_pair_of_tables_are_one_edge() -> None:
    (edge,) = edges(
        "INSERT INTO sales.totals (customer) SELECT customer FROM sales.orders",
        "INSERT INTO sales.totals (sum) SELECT qty FROM sales.orders",
    )
    assert len(edge.columns_lineage or ()) == 2


def test_what_repeats_is_parsed_and_asked_for_once() -> None:
    tables = Tables()
    queries = [INSERT.replace("5", str(number)) for number in range(2_000)]
    assert len(edges(*queries, tables=tables)) == 1
    assert len(tables.asked) == 1


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM sales.orders",
        "INSERT INTO sales.totals VALUES (1, 2)",
        "INSERT INTO sales.totals SELECT * FROM elsewhere.orders",
        "INSERT INTO nowhere SELECT * FROM sales.orders",
        "INSERT INTO sales.totals SELECT * FROM other.sales.orders",
        "UPDATE sales.totals SET sum = sum + 1",
        "CREATE VIEW sales.totals AS SELECT * FROM sales.orders",
        "create or replace temporary view sales.totals as select * from sales.orders",
        logged(INSERT, aborted=True),
        logged(INSERT, databaseName=None),
    ],
)
def test_what_moves_nothing_between_known_tables_is_no_edge(query: Any) -> None:
    assert edges(query) == []


def test_a_table_that_the_service_does_not_hold_is_no_end() -> None:
    assert edges(INSERT, held={"totals"}) == []


def test_a_query_that_is_not_understood_is_a_warning_and_no_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert len(edges("INSERT INTO ((", INSERT)) == 1
    assert "log.csv:2: no lineage, the query is not understood" in caplog.text
