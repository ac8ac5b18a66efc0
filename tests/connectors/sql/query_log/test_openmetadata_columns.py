"""Logs with OpenMetadata's columns, as CSV and as JSON lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from beam_ingest import Unreadable
from tests.connectors.sql.query_log.support import csv_text, queries, read, row


def test_a_row_becomes_a_record(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text(
        csv_text([[
            "select 1", "ann", "2026-01-02 03:04:05.000006", "2026-01-02 03:04:06.000006",
            "false", "shop", "sales", "12.5",
        ]])
    )  # fmt: skip
    assert read(file, type="Postgres") == [
        {
            "query": "select 1",
            "serviceName": "warehouse",
            "databaseName": "shop",
            "databaseSchema": "sales",
            "userName": "ann",
            "startTime": "2026-01-02T03:04:05.000006+00:00",
            "endTime": "2026-01-02T03:04:06.000006+00:00",
            "analysisDate": "2026-01-02",
            "aborted": False,
            "duration": 12.5,
            "count": 1,
            "dialect": "postgres",
            "where": f"{file}:2",
        }
    ]


def test_only_the_query_is_required_and_columns_come_in_any_order(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text("schema_name,cost,Query_Text\nsales,3,select 1\n")
    (record,) = read(file)
    assert (record["query"], record["databaseSchema"]) == ("select 1", "sales")
    assert record["analysisDate"] == "2026-03-04"  # the day of the run: it says no other
    assert [key for key, value in record.items() if value is None] == [
        "databaseName", "userName", "startTime", "endTime", "duration",
    ]  # fmt: skip


def test_an_object_of_json_lines_becomes_the_same_record(tmp_path: Path) -> None:
    rows = [row("select 'ä'\n, 2", user_name="ann", aborted="true", duration="3")]
    (tmp_path / "a.csv").write_text(csv_text(rows))
    (tmp_path / "b.jsonl").write_text(
        json.dumps({"query_text": "select 'ä'\n, 2", "user_name": "ann", "aborted": True,
                    "start_time": "2026-01-02 03:04:05.000006", "duration": 3, "other": [1]})
        + "\n\n"
    )  # fmt: skip
    of_csv, of_json = read(tmp_path)
    assert of_csv.pop("where") == f"{tmp_path / 'a.csv'}:2"
    assert of_json.pop("where") == f"{tmp_path / 'b.jsonl'}:1"
    assert of_csv == of_json
    assert of_csv["aborted"] is True


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("2026-01-02 03:04:05.000006", "2026-01-02T03:04:05.000006+00:00"),
        ("2026-01-02 03:04:05", "2026-01-02T03:04:05+00:00"),
        ("2026-01-02T03:04:05.250Z", "2026-01-02T03:04:05.250000+00:00"),
        ("2026-01-02 01:04:05.000000+02:00", "2026-01-01T23:04:05+00:00"),
        ("2026-01-02", "2026-01-02T00:00:00+00:00"),
    ],
)
def test_times_are_read_in_utc_and_the_day_is_utc(
    tmp_path: Path, written: str, read_as: str
) -> None:
    file = tmp_path / "log.csv"
    file.write_text(csv_text([row("select 1", start_time=written)]))
    (record,) = read(file)
    assert record["startTime"] == read_as
    assert record["analysisDate"] == read_as[:10]


def test_the_end_is_computed_of_the_start_and_the_duration(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text(csv_text([row("select 1", duration="1500")]))
    assert read(file)[0]["endTime"] == "2026-01-02T03:04:06.500006+00:00"


def test_a_bad_row_costs_one_record_and_says_where_and_why(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    rows = [
        row("select 1"),
        row("select 2", start_time="yesterday"),
        row("select 3", duration="long"),
        row("select 4", aborted="perhaps"),
        row("", user_name="ann"),
        row("select 4", end_time="tomorrow"),
        ["select 5", "ann"],
        [*row("select 6"), "more"],
        row("select 7"),
    ]
    file.write_text(csv_text(rows) + '"sel" ect 8\n' + csv_text([row("select 9")], []).lstrip())
    found = read(file)
    assert [each["query"] for each in found if isinstance(each, dict)] == [
        "select 1", "select 7", "select 9",
    ]  # fmt: skip
    bad = [each for each in found if isinstance(each, Unreadable)]
    assert [(each.where.removeprefix(f"{file}, "), each.why) for each in bad] == [
        ("line 3", "start_time is no time in ISO 8601: 'yesterday'"),
        ("line 4", "duration is no number of milliseconds: 'long'"),
        ("line 5", "aborted is neither true nor false: 'perhaps'"),
        ("line 6", "query_text is empty"),
        ("line 7", "end_time is no time in ISO 8601: 'tomorrow'"),
        ("line 8", "2 fields, where the first line names 8 columns"),
        ("line 9", "9 fields, where the first line names 8 columns"),
        ("line 11", "no CSV: ',' expected after '\"'"),
    ]
    assert bad[5].raw == b"select 5,ann\r\n"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("nonsense", "no JSON: expected"),
        ("[1]", "no JSON object"),
        ('{"query": "select 1"}', "query_text is empty"),
        ('{"query_text": 5}', "query_text is no text"),
        ('{"query_text": "x", "user_name": 5}', "user_name is no text"),
    ],
)
def test_a_bad_line_of_json_costs_one_record(tmp_path: Path, line: str, why: str) -> None:
    good = '{"query_text": "select 1"}\n'
    file = tmp_path / "log.jsonl"
    file.write_text(f"{good}{line}\n{good}")
    first, bad, last = read(file)
    assert first["query"] == last["query"] == "select 1"
    assert bad.where == f"{file}, line 2"
    assert bad.why.startswith(why)
    assert bad.raw == f"{line}\n".encode()


@pytest.mark.parametrize("torn", ["select 2,ann,2026-01", '"select 2 from', '"select ""a'])
def test_a_torn_last_row_is_left_out_with_one_warning(
    tmp_path: Path, torn: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "log.csv"
    file.write_text(csv_text([row("select 1")]) + torn)
    assert queries(file) == ["select 1"]
    assert [record.getMessage() for record in caplog.records] == [
        f"{file}, line 3: the last record was not written to its end; it is left out"
    ]


def test_a_torn_last_line_of_json_is_left_out_with_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "log.jsonl"
    file.write_text('{"query_text": "select 1"}\n{"query_text": "sel')
    assert queries(file) == ["select 1"]
    assert "not written to its end" in caplog.text


def test_a_whole_last_row_needs_no_line_break(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text(csv_text([row("select 1"), row("select 2")]).rstrip("\n"))
    assert queries(file) == ["select 1", "select 2"]


def test_a_query_may_be_longer_than_csv_allows_by_default(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    long = "select '" + "x" * 200_000 + "'"
    file.write_text(csv_text([row(long)]))
    assert queries(file) == [long]


def test_bytes_that_are_no_utf8_cost_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_bytes(
        csv_text([row("select 'XX'"), row("select 2")]).encode().replace(b"X", b"\xe4")
    )
    assert queries(file) == ["select '��'", "select 2"]
