"""The columns of a chunk, as one text or, where that is cut off, row by row."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from beam_ingest.connectors.sql.mysql import queries
from beam_ingest.connectors.sql.mysql.columns import read_columns
from beam_ingest.connectors.sql.mysql.connection import query
from tests.servers.mariadb import MariadbServer

ROWS: list[Any] = [["s", "t", number, f"c{number}", "int(11)", "NO", "a, ],["] for number in (1, 2)]
TEXT = ",".join(json.dumps(row) for row in ROWS)


@pytest.mark.parametrize("cut", [*range(len(TEXT)), None])
def test_wherever_a_text_is_cut_off_each_column_is_read(cut: int | None) -> None:
    sent = []

    def answer(statement: str, parameters: list[str]) -> list[tuple[Any, ...]]:
        sent.append(parameters)
        if "GROUP_CONCAT" in statement:
            return [(2, TEXT[:cut]), (0, None)]
        return [(json.dumps(row),) for row in ROWS]

    assert read_columns(answer, {"s": ["t"], "u": ["v"]}, properties=False) == ROWS
    assert sent == [["s", "t", "u", "v"]] * (1 if cut is None else 2)


@pytest.mark.server
def test_tables_too_wide_for_one_text_lose_no_column(mariadb: MariadbServer) -> None:
    comment = "ü" * 500  # of 1,200 columns, more than 1 MB
    columns = ", ".join(f"c{n} int COMMENT '{comment}'" for n in range(50))
    names = [f"t{n:02}" for n in range(24)]
    mariadb.execute(
        ["CREATE DATABASE wide", *(f"CREATE TABLE wide.{t} ({columns})" for t in names)]
    )
    expected = [
        ["wide", table, n + 1, f"c{n}", "int(11)", "YES", comment]
        for table in names
        for n in range(50)
    ]
    with mariadb.connect() as connection:
        for most in (1024, queries.GATHERED_BYTES, 10_000_000):
            query(connection, f"SET SESSION group_concat_max_len = {most}")
            found = read_columns(partial(query, connection), {"wide": names}, properties=False)
            assert sorted(map(list, found)) == expected, most
