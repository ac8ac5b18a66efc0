"""What a query reads, writes, compares, and makes of what."""

from __future__ import annotations

import pytest

from beam_ingest.lineage import parse as parsing
from beam_ingest.lineage.names import TableName
from beam_ingest.lineage.parse import Limits, Unparsable
from beam_ingest.lineage.query import Query

KNOWN = {"a": ["id", "x", "y"], "b": ["id", "z"], "c": ["id", "email"], "wide": ["id", "w1", "w2"]}


def short(table: TableName) -> str:
    return ".".join(part for part in table if part)


def reads(text: str, dialect: str = "postgres") -> str:
    return " ".join(map(short, Query(text, dialect).uses().reads))


def writes(text: str, dialect: str = "postgres") -> str:
    return " ".join(map(short, Query(text, dialect).uses().writes))


def flows(text: str, dialect: str = "postgres") -> dict[str, str]:
    """By target: its sources, and what each column is made of."""
    found = Query(text, dialect).flows(lambda table: KNOWN.get(table.name.lower()))
    return {
        short(flow.target): " ".join(
            [*map(short, flow.sources), "|"]
            + [f"{name}<{'+'.join(f'{short(t)}.{c}' for t, c in of)}" for name, of in flow.columns]
        )
        for flow in found
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("select 1", ""),
        ("select * from a, s.b, d.s.c", "a s.b d.s.c"),
        ("SELECT * FROM Sales.Orders", "sales.orders"),
        ('select * from "Odd Schema"."weird.name"', "Odd Schema.weird.name"),
        ("with t as (select * from a) select * from t", "a"),
        ("with recursive t as (select id from a union all select id from t) select * from t", "a"),
        ("with a as (select * from s.a) select * from a", "s.a"),
        ("select * from (select * from a) q where id in (select id from b)", "b a"),
        ("select * from a union select * from b", "a b"),
        ("select (select max(z) from b) from a", "b a"),
        ("select * from generate_series(1, 3)", ""),
        ("select * from a where exists (select 1 from c where c.id = a.id)", "c a"),
        ("select * from a; select * from b", "a b"),
        ("insert into a select * from b", "b"),
        ("insert into a values (1, (select max(id) from b))", "b"),
        ("update a set x = (select max(z) from b)", "b"),
        ("delete from a using b where a.id = b.id", "b"),
        ("create temp table t as select * from b; select * from t", "b"),
        ("copy (select * from a) to stdout", "a"),
        ("copy a to stdout", "a"),
        ("vacuum", ""),
        ("begin", ""),
    ],
)
def test_tables_that_are_read(text: str, expected: str) -> None:
    assert sorted(reads(text).split()) == sorted(expected.split()) or reads(text) == expected


@pytest.mark.parametrize(
    ("text", "dialect", "expected"),
    [
        ("insert into s.a (x) values (1)", "postgres", "s.a"),
        ("with q as (select 1 as id) insert into a select * from q", "postgres", "a"),
        ("update a set x = 1 where id = 2", "postgres", "a"),
        ("delete from a", "postgres", "a"),
        ("create table n as select * from a", "postgres", "n"),
        ("create temporary table n as select * from a", "postgres", ""),
        ("create view v as select * from a", "postgres", "v"),
        ("create table n (id int)", "postgres", ""),
        ("select * into n from a", "postgres", "n"),
        ("select * into #n from a", "tsql", ""),
        ("truncate a", "postgres", "a"),
        ("copy a from stdin", "postgres", "a"),
        ("update a join b on a.id = b.id set b.z = a.x", "mysql", "b"),
        ("delete b from a join b on a.id = b.id", "mysql", "b"),
        ("drop table a", "postgres", ""),
        ("select * from a", "postgres", ""),
    ],
)
def test_tables_that_are_written(text: str, dialect: str, expected: str) -> None:
    assert writes(text, dialect) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("insert into wide select * from a", {"wide": "a | id<a.id w1<a.x w2<a.y"}),
        ("insert into wide (w2, w1) select x + y, z from a join b using (id)",
         {"wide": "a b | w2<a.x+a.y w1<b.z"}),
        ("insert into unknown select x, z as zz from a, b", {"unknown": "a b | x<a.x zz<b.z"}),
        ("create table n as select id as k, count(*) as n from a group by 1",
         {"n": "a | k<a.id"}),
        ("create table n (p, q) as select id, x from a", {"n": "a | p<a.id q<a.x"}),
        ("with q as (select z as r from b) insert into a (x) select r from q",
         {"a": "b | x<b.z"}),
        ("insert into wide select id, x, y from a union all select id, z, z from b",
         {"wide": "a b | id<a.id+b.id w1<a.x+b.z w2<a.y+b.z"}),
        ("update a set x = b.z, y = upper(c.email) from b join c on b.id = c.id "
         "where a.id = b.id", {"a": "b c | x<b.z y<c.email"}),
        ("update a set x = (select max(z) from b where b.id = a.id)", {"a": "b | x<b.z"}),
        ("merge into a using b on a.id = b.id when matched then update set x = b.z "
         "when not matched then insert (id, y) values (b.id, b.z)",
         {"a": "b | x<b.z id<b.id y<b.z"}),
        ("merge into a using (select id, email from c) s on a.id = s.id "
         "when matched then update set x = s.email", {"a": "c | x<c.email"}),
        ("create temp table t as select id as k, z from b; insert into wide select k, z, z from t",
         {"wide": "b | id<b.id w1<b.z w2<b.z"}),
        ("select x as got into n from a", {"n": "a | got<a.x"}),
        ("insert into a select * from a", {}),
        ("insert into a (x) values (1)", {}),
        ("delete from a using b where a.id = b.id", {}),
        ("select * from a", {}),
    ],
)  # fmt: skip
def test_what_is_made_of_what(text: str, expected: dict[str, str]) -> None:
    assert flows(text) == expected


def test_mysql_updates_the_table_that_its_columns_name() -> None:
    text = "update a join b on a.id = b.id set b.z = a.x"
    assert flows(text, "mysql") == {"b": "a | z<a.x"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("select * from a join b on a.id = b.z", ["a.id=b.z"]),
        ("select * from a join b using (id)", ["a.id=b.id"]),
        ("select * from a p, b q where p.id = q.id and p.x = 5", ["a.id=b.id"]),
        ("select * from a join b on (a.id = b.id and a.x = b.z) join c on c.id = b.id",
         ["a.id=b.id", "a.x=b.z", "c.id=b.id"]),
        ("with q as (select id as k from a) select * from q join b on q.k = b.id", ["a.id=b.id"]),
        ("select * from a where exists (select 1 from b where b.id = a.x)", ["b.id=a.x"]),
        ("select * from a join b on x = z", ["a.x|b.x=a.z|b.z"]),
        ("select * from a join b on a.id = b.id or a.x = b.z", []),
        ("select * from a join b on lower(a.id) = b.id", []),
        ("select * from a one join a two on one.id = two.x", ["a.id=a.x"]),
        ("update a set x = 1 from b where a.id = b.id", ["a.id=b.id"]),
        ("select * from a cross join b", []),
    ],
)  # fmt: skip
def test_columns_that_are_compared(text: str, expected: list[str]) -> None:
    joins = Query(text, "postgres").uses().joins
    assert [
        "=".join("|".join(f"{short(t)}.{c}" for t, c in side) for side in join) for join in joins
    ] == expected


def test_columns_that_belong_to_one_table_for_certain() -> None:
    columns = Query("select p.x, z from a p join b on p.id = b.id", "postgres").uses().columns
    assert {short(table): set(names) for table, names in columns.items()} == {
        "a": {"x", "id"}, "b": {"id"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [("postgres", "s.t"), ("snowflake", "S.T"), ("mysql", "S.t"), ("bigquery", "S.t")],
)
def test_names_are_folded_as_the_dialect_does(dialect: str, expected: str) -> None:
    assert reads("select * from S.t", dialect) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("this is not sql 34", "not understood at line 1, column 18"),
        ("select from where", "not understood at line 1, column 17"),
        ("foo", "there is no statement in it"),
        ("", "there is no statement in it"),
        ("select 'x", "a quote or comment is not closed"),
        ("select " + "(" * 100 + "1" + ")" * 100, "nested deeper than 60 levels"),
        ("select 1" + " " * 100_000, "longer than 100000 characters"),
    ],
)
def test_what_is_not_understood_says_why_and_quotes_nothing(text: str, reason: str) -> None:
    with pytest.raises(Unparsable) as error:
        Query(text, "postgres")
    assert str(error.value) == reason


def test_a_parser_that_cannot_count_takes_no_arrays_of_arrays_of_arrays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "select " + "array[" * 11 + "1" + "]" * 11
    assert Query("select array[array[1]] from t", "postgres").uses().reads
    Query(text, "postgres")
    monkeypatch.setattr(parsing, "_counting", lambda base: None)
    assert Query("select array[array[1]] from t", "postgres").uses().reads
    with pytest.raises(Unparsable, match="nested deeper than 10 arrays"):
        Query(text, "postgres")


def test_an_unknown_dialect_is_a_reason() -> None:
    with pytest.raises(Unparsable, match="sqlglot knows no dialect 'klingon'"):
        Query("select 1", "klingon")


def test_a_name_is_looked_for_once_in_each_query() -> None:
    # Looked for again in every query around it, it would take longer than the universe.
    deep = "select x from t"
    for depth in range(25):
        deep = f"select nosuch, x as x from ({deep}) a{depth}, u b{depth} where lost = nosuch"
    with_ctes = ", ".join(f"c{n} as (select * from c{n - 1} a, c{n - 1} b)" for n in range(1, 40))
    text = f"with c0 as (select * from a), {with_ctes} select * from c39"
    with pytest.raises(Unparsable, match="more than 10000 columns"):
        Query(f"insert into t {text}", "postgres").flows(lambda table: KNOWN.get(table.name))
    for each in (deep, f"with c0 as (select * from t), {with_ctes} select lost from c39"):
        Query(each, "postgres").uses()


def test_the_work_on_one_query_is_limited() -> None:
    text = "select " + ", ".join(f"f(x, {n})" for n in range(200))
    Query(text, "postgres")
    with pytest.raises(Unparsable, match="it takes too long to understand"):
        Query(text, "postgres", Limits(steps=500))


@pytest.mark.parametrize("text", [
    "select " + "a + " * 5_000 + "a from t",
    "select * from t where " + "not " * 20_000 + "x",
    "select " + "-" * 1 + " - " * 20_000 + "1",
    "select " + "array[" * 50 + "1" + "]" * 50,
    "select " + "case when x then " * 50 + "1" + " end" * 50 + " from t",
    "select * from " + "(select * from " * 50 + "t" + ")" * 50,
])  # fmt: skip
def test_a_monstrous_query_is_understood_or_refused(text: str) -> None:
    try:
        Query(text, "postgres").uses()
    except Unparsable as error:
        assert len(str(error)) < 100
