"""Which queries are of one shape, and how they are shown."""

from __future__ import annotations

import pytest

from beam_ingest.lineage.fingerprint import masker
from beam_ingest.lineage.parse import Unparsable


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("select * from t where id = 1", "SELECT  *\n\tFROM T where ID=22"),
        ("select 'a', 1.5e3, .5", "select 'it''s', 7, 0x1F"),
        ("select 1 -- why\nfrom t", "select /* a 'quote */ 2 from t"),
        ("select * from t where id in (1, 2, 3)", "select * from t where id in (4)"),
        ("insert into t values (1, 'a')", "insert into t values (2, 'b'), (3, 'c')"),
        ("select $1, $$it's$$ from t", "select $2, $tag$ $$ $tag$ from t"),
        ("select E'it\\'s' from t", "select E'x' from t"),
        ("select * from t;", "select * from t"),
        ("select a,b from t", "select a , b from t"),
    ],
)
def test_one_shape(one: str, other: str) -> None:
    found = masker("postgres")
    assert found.normal(one) == found.normal(other)
    assert found.fingerprint(one) == found.fingerprint(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("select * from t1", "select * from t2"),
        ('select * from "T"', "select * from t"),
        ('select * from "a b"', 'select * from "a  b"'),
        ("select a, b from t group by 1", "select a, b from t group by 2"),
        ("insert into t select 1, x from u", "insert into t select 1, 2, x from u"),
        ("select a from t", "select ab from t"),
        ("select a b from t", "select ab from t"),
    ],
)
def test_different_shapes(one: str, other: str) -> None:
    assert masker("postgres").fingerprint(one) != masker("postgres").fingerprint(other)


def test_case_matters_where_the_system_says_so() -> None:
    found = masker("mysql")
    assert found.fingerprint("select 1 from T") != found.fingerprint("select 1 from t")


def test_mysql_has_other_quotes_and_comments() -> None:
    text = 'select "it\\"s", `a b` from t # foo \'\n where a = 5'
    assert masker("mysql").normal(text) == "select ?,`a\0b` from t where a=?"
    assert masker("mysql").masked(text) == "select ?, `a b` from t \n where a = ?"


def test_a_fingerprint_is_the_same_everywhere() -> None:
    # As this version made it first: what is stored is compared with it.
    assert masker("postgres").fingerprint("select * from t where id = 1") == FIRST


FIRST = "9f6efda2eff6a35d77b36fde173edd0d"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("select * from t where id = 35 and x like 'a%'",
         "select * from t where id = ? and x like ?"),
        ("insert into s.n (a, b) values (41, 1, 'x')", "insert into s.n (a, b) values (?, ?, ?)"),
        ("select dept, count(*) from emp group by 1 order by 2, 1 limit 3",
         "select dept, count(*) from emp group by 1 order by 2, 1 limit ?"),
        ("create table copy_1 as select x1 from t2", "create table copy_1 as select x1 from t2"),
        ('select "col.1" from "T 2"', 'select "col.1" from "T 2"'),
        ("select 1 -- password: x\nfrom t", "select ? \nfrom t"),
        ("alter user u password 'secret'", "alter user u password ?"),
        ("select * from t where password = 'cut sho", "select * from t where password = ?"),
    ],
)  # fmt: skip
def test_what_is_shown(text: str, expected: str) -> None:
    assert masker("postgres").masked(text) == expected


def test_an_unknown_dialect_is_refused() -> None:
    with pytest.raises(Unparsable, match="klingon"):
        masker("klingon")


@pytest.mark.parametrize("text", ["'" * 50_001, "(" * 50_000, "a" * 100_000, "/*" * 50_000,
                                  "group by 1" * 9_000, "$a" * 50_000, "1," * 50_000])  # fmt: skip
def test_no_text_takes_long(text: str) -> None:
    # Quadratic time would run into the time limit of a test.
    masker("postgres").fingerprint(text)
