"""Queries that nobody here wrote: TPC-H with lineage written out by hand, and TPC-DS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from beam_ingest.lineage.fingerprint import masker
from beam_ingest.lineage.query import Query
from tests.servers.tpc_queries import tpc_queries

pytestmark = pytest.mark.slow  # the first time, it installs the packages with the queries

DATA = Path(__file__).parents[1] / "data" / "tpch"
EXPECTED: dict[int, dict[str, Any]] = yaml.safe_load((DATA / "lineage.yaml").read_text())
SCHEMA: dict[str, list[str]] = yaml.safe_load((DATA / "schema.yaml").read_text())


def flow_of(query: str, dialect: str) -> tuple[set[str], dict[str, set[str]]]:
    """The tables of a query, and what each column of its result is made of."""
    text = f"create table result as {query}"
    (flow,) = Query(text, dialect).flows(lambda table: SCHEMA.get(table.name))
    for _, origins in flow.columns:
        assert all(column in SCHEMA[table.name] for table, column in origins)
    columns = {name: {column for _, column in origins} for name, origins in flow.columns}
    return {table.name for table in flow.sources}, columns


@pytest.mark.parametrize("dialect", ["duckdb", "postgres"])
@pytest.mark.parametrize("number", EXPECTED)
def test_the_lineage_of_tpch(number: int, dialect: str) -> None:
    expected = EXPECTED[number]
    tables, columns = flow_of(tpc_queries()["tpch"][number - 1], dialect)
    assert tables == set(expected["tables"].split())
    assert columns == {
        **{name: {name} for name in expected.get("same", "").split()},
        **{name: set(of.split()) for name, of in expected.get("columns", {}).items()},
    }


def test_every_query_of_tpch_is_expected() -> None:
    assert len(tpc_queries()["tpch"]) == len(EXPECTED) == 22


@pytest.mark.parametrize("suite", ["tpch", "tpcds"])
@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "snowflake"])
def test_all_of_them_are_parsed(suite: str, dialect: str) -> None:
    queries = tpc_queries()[suite]
    for query in queries:
        assert Query(query, dialect).uses().reads
    assert len(queries) == {"tpch": 22, "tpcds": 99}[suite]


def test_each_is_a_shape_of_its_own_and_stays_one_when_masked() -> None:
    mask = masker("postgres")
    queries = [query for suite in tpc_queries().values() for query in suite]
    fingerprints = {mask.fingerprint(query) for query in queries}
    assert len(fingerprints) == len({mask.normal(query) for query in queries}) > 100
    for query in queries:
        assert mask.fingerprint(mask.neutral(query)) == mask.fingerprint(query)
        assert Query(mask.neutral(query), "postgres").uses().reads
