"""Following columns from a view's definition to the tables it is made of."""

from __future__ import annotations

from typing import Any

import pytest

from beam_ingest.lineage.parse import Unparsable
from beam_ingest.lineage.view_columns import ViewColumns

KNOWN = {
    ("s", "a"): ["id", "x", "y"],
    ("s", "b"): ["id", "z"],
    ("other", "a"): ["id", "far"],
    ("s", "Odd Table"): ["The.Id", "x"],
}


def origins(query: str, columns: str, dialect: str = "postgres") -> dict[str, set[str]]:
    """By column of the view, what it is made of as ``schema.table.column``."""
    view = ViewColumns(
        f"create view s.v as {query}", dialect, default_schema="s", ignores_case=False
    )
    found = view.origins(columns.split(), KNOWN)
    return {
        name: {f"{schema}.{table}.{column}" for (schema, table), column in made_of}
        for name, made_of in zip(columns.split(), found, strict=True)
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("select x, y as z from s.a", {"x": "s.a.x", "z": "s.a.y"}),
        ("select a.x + b.z as sum, 1 as one from a join b on a.id = b.id",
         {"sum": "s.a.x s.b.z", "one": ""}),
        ("select x, z from a, b", {"x": "s.a.x", "z": "s.b.z"}),
        ("select p.x, q.far from s.a p join other.a q on p.id = q.id",
         {"x": "s.a.x", "far": "other.a.far"}),
        ("select * from b", {"id": "s.b.id", "z": "s.b.z"}),
        ("select b.*, a.x from a join b on true",
         {"id": "s.b.id", "z": "s.b.z", "x": "s.a.x"}),
        ("with c as (select id, x * 2 as double from a) select double from c",
         {"double": "s.a.x"}),
        ("with c(k, v) as (select id, x from a) select v from c", {"v": "s.a.x"}),
        ("with c as (select x from a), d as (select * from c) select * from d", {"x": "s.a.x"}),
        ("select t.q from (select y as q from a) as t", {"q": "s.a.y"}),
        ("select t.r from (select y from a) as t(r)", {"r": "s.a.y"}),
        ("select r from a as t(p, q, r)", {"r": "s.a.y"}),
        ("select id, x from a union all select id, z from b",
         {"id": "s.a.id s.b.id", "x": "s.a.x s.b.z"}),
        ("select x from a union select z from b union select far from other.a",
         {"x": "s.a.x s.b.z other.a.far"}),
        ("select (select max(z) from b where b.id = a.id) as top from a", {"top": "s.b.z"}),
        ("select case when exists (select 1 from b) then x end as y from a", {"y": "s.a.x"}),
        ("select sum(x) over (partition by y) as w from a", {"w": "s.a.x s.a.y"}),
        ('select "The.Id" as k, x from s."Odd Table"',
         {"k": "s.Odd Table.The.Id", "x": "s.Odd Table.x"}),
        ("select A.X from S.A", {"x": "s.a.x"}),
        ("with recursive r(n) as (select id from a union all select n + 1 from r) "
         "select n from r", {"n": "s.a.id"}),
        ("select x::text || 'a' as t, coalesce(y, z)::int as u from a left join b using (id)",
         {"t": "s.a.x", "u": "s.a.y s.b.z"}),
        ("select unknown_column from a", {"unknown_column": ""}),
        ("select g from generate_series(1, 3) as g", {"g": ""}),
        ("(select x from a)", {"x": "s.a.x"}),
        ("select l.z from a cross join lateral (select z from b where b.id = a.id) l",
         {"z": "s.b.z"}),
    ],
)  # fmt: skip
def test_columns_are_followed(query: str, expected: dict[str, str]) -> None:
    found = origins(query, " ".join(expected))
    assert found == {name: set(_named(made_of)) for name, made_of in expected.items()}


def _named(made_of: str) -> list[str]:
    names = [".".join((*place, column)) for place, columns in KNOWN.items() for column in columns]
    return [name for name in names if name in made_of]


def test_tables_are_found_wherever_they_stand() -> None:
    view = ViewColumns(
        "create view v as with c as (select * from s.a) select * from c "
        "where exists (select 1 from b where id in (select id from other.a))",
        "postgres",
        default_schema="s",
        ignores_case=False,
    )
    assert sorted(view.tables) == [("other", "a"), ("s", "a"), ("s", "b")]


@pytest.mark.parametrize(
    ("dialect", "query"),
    [
        ("mysql", "select `p`.`x` AS `x` from `s`.`a` `p`"),
        ("sqlite", 'SELECT [x] FROM "s"."a"'),
        ("duckdb", "FROM s.a SELECT x"),
        ("postgres", "SELECT a.x FROM s.a"),
    ],
)
def test_dialects(dialect: str, query: str) -> None:
    assert origins(query, "x", dialect) == {"x": {"s.a.x"}}


def test_a_union_by_name_pairs_columns_by_their_names() -> None:
    query = "select id, x from a union all by name select z, ID from b"
    assert origins(query, "id x z", "duckdb") == {
        "id": {"s.a.id", "s.b.id"}, "x": {"s.a.x"}, "z": {"s.b.z"},
    }  # fmt: skip


@pytest.mark.parametrize("text", ["select from where", "vacuum", "((((", "create table t (a int)"])
def test_what_is_no_query_is_unparsable(text: str) -> None:
    with pytest.raises(Unparsable):
        ViewColumns(text, "postgres", default_schema="s", ignores_case=False)


def test_case_is_ignored_where_the_system_ignores_it() -> None:
    view = ViewColumns(
        "CREATE VIEW v AS SELECT X FROM Main.Shop", "sqlite", default_schema="main",
        ignores_case=True,
    )  # fmt: skip
    assert view.tables == [("main", "shop")]
    found: Any = view.origins(["X"], {("main", "shop"): ["x"]})
    assert found == [frozenset({(("main", "shop"), "x")})]
