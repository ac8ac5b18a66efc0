"""PostgreSQL's csvlog and jsonlog, as the server writes them under its logging settings."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import IngestError, Unreadable
from tests.connectors.sql.query_log.support import SourceOfThatDay, read

Line = tuple[str, str, str, str, str]
"""Time, session, severity, message, and detail or (of an error) statement."""


def lines(*messages: str, session: str = "6a.1", severity: str = "LOG") -> list[Line]:
    """One a second."""
    return [
        (f"2026-01-02 03:04:{second:02}.500 UTC", session, severity, message, "")
        for second, message in enumerate(messages)
    ]


def csvlog(entries: Iterable[Line], width: int = 26) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    for at, session, severity, message, more in entries:
        row = [at, "ann", "shop", "99", "127.0.0.1:1", session, "1", "SELECT", at, "3/1", "0",
               severity, "00000", message, *[""] * 8, "psql", "client", "", "0"]  # fmt: skip
        row[14 if severity == "LOG" else 19] = more
        writer.writerow(row[:width])
    return text.getvalue()


def jsonlog(entries: Iterable[Line]) -> str:
    found = []
    for at, session, severity, message, more in entries:
        value = {"timestamp": at, "user": "ann", "dbname": "shop", "session_id": session,
                 "error_severity": severity, "message": message}  # fmt: skip
        if more:
            value["detail" if severity == "LOG" else "statement"] = more
        found.append(json.dumps(value) + "\n")
    return "".join(found)


@pytest.fixture(params=["csv", "json"])
def logged(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Reads a log of these lines, in both formats, as one part."""
    monkeypatch.setattr(SourceOfThatDay, "part_size", 1 << 20)

    def records(entries: list[Line]) -> list[Any]:
        file = tmp_path / f"postgresql.{request.param}"
        file.write_text((csvlog if request.param == "csv" else jsonlog)(entries))
        return read(file)

    return records


def brief(records: list[Any]) -> list[tuple[str, bool, float | None]]:
    return [(each["query"], each["aborted"], each["duration"]) for each in records]


def test_log_statement_gives_a_record_a_statement(logged: Any, tmp_path: Path) -> None:
    (record,) = logged(lines("statement: SELECT 1;\n-- and a comment"))
    assert record.pop("where") in {f"{tmp_path}/postgresql.{form}:1" for form in ("csv", "json")}
    assert record == {
        "query": "SELECT 1;\n-- and a comment",
        "serviceName": "warehouse",
        "databaseName": "shop",
        "databaseSchema": None,
        "userName": "ann",
        "startTime": "2026-01-02T03:04:00.500000+00:00",
        "endTime": None,
        "analysisDate": "2026-01-02",
        "aborted": False,
        "duration": None,
        "count": 1,
        "dialect": "postgres",
        "searchPath": ["ann", "public"],
    }


def test_a_prepared_statement_counts_when_it_is_executed(logged: Any) -> None:
    found = logged(
        lines(
            "duration: 0.050 ms  parse S_1: SELECT $1",
            "duration: 0.050 ms  bind S_1: SELECT $1",
            "execute S_1: SELECT $1",
            "execute fetch from S_1/C_1: SELECT $1",
            "execute <unnamed>: SELECT 'a: b'",
        )
    )
    assert brief(found) == [("SELECT $1", False, None), ("SELECT 'a: b'", False, None)]


def test_a_prepared_statement_of_sql_is_what_was_prepared(logged: Any) -> None:
    (line,) = lines("statement: EXECUTE p (1);")
    assert brief(logged([(*line[:4], "prepare: PREPARE p (int) AS SELECT $1 FROM t;")])) == [
        ("SELECT $1 FROM t;", False, None)
    ]


def test_a_session_may_set_its_search_path(logged: Any) -> None:
    found = logged(
        lines(
            "statement: SELECT 1",
            'statement: set search_path to sales, "Odd, one", public;',
            "statement: SELECT 2",
            "statement: SET LOCAL search_path TO other",
            "statement: SET search_path = DEFAULT",
            "statement: SET SCHEMA 'hr'",
            "statement: RESET search_path",
        )
    )
    paths = [record["searchPath"] for record in found]
    default, own = ["ann", "public"], ["sales", "Odd, one", "public"]
    assert paths == [default, own, own, own, default, ["hr"], default]


def test_the_search_path_of_one_session_is_none_of_another(logged: Any) -> None:
    found = logged([
        *lines("statement: SET search_path TO sales", session="a"),
        *lines("statement: SELECT 1", session="b"),
    ])  # fmt: skip
    assert [record["searchPath"] for record in found] == [["sales"], ["ann", "public"]]


def test_a_duration_belongs_to_the_sessions_statement_before_it(logged: Any) -> None:
    entries = [
        *lines("statement: SELECT 1", session="a"),
        *lines("statement: SELECT 2", session="b"),
        *lines("-", "duration: 1500.000 ms", session="a"),
        *lines("duration: 7.000 ms", "temporary file: path \"x\"", session="b"),
    ]  # fmt: skip
    first, second = logged(entries)
    assert brief([first, second]) == [("SELECT 1", False, 1500.0), ("SELECT 2", False, 7.0)]
    assert first["endTime"] == "2026-01-02T03:04:01.500000+00:00"


def test_log_min_duration_statement_says_all_at_the_end(logged: Any) -> None:
    found = logged(lines("duration: 500.000 ms  statement: SELECT 1",
                         "duration: 0.100 ms  execute P_0: SELECT 2",
                         "duration: 3.000 ms"))  # fmt: skip
    assert brief(found) == [("SELECT 1", False, 500.0), ("SELECT 2", False, 0.1)]
    assert found[0]["startTime"] == "2026-01-02T03:04:00+00:00"
    assert found[0]["endTime"] == "2026-01-02T03:04:00.500000+00:00"


def test_a_statement_that_failed_is_aborted(logged: Any) -> None:
    failed = ("2026-01-02 03:04:05.500 UTC", "6a.1", "ERROR", "no such table", "SELECT 2")
    found = logged([*lines("statement: SELECT 1", "statement: SELECT 2"), failed])
    assert brief(found) == [("SELECT 1", False, None), ("SELECT 2", True, None)]
    assert found[1]["endTime"] == "2026-01-02T03:04:05.500000+00:00"


def test_an_error_before_a_statement_was_logged_is_not_that_of_the_one_before(
    logged: Any,
) -> None:
    failed = ("2026-01-02 03:04:05.500 UTC", "6a.1", "ERROR", "syntax error", "SELEC 2")
    assert brief(logged([*lines("statement: SELECT 1"), failed])) == [("SELECT 1", False, None)]


def test_other_entries_are_passed_over(logged: Any) -> None:
    assert logged(
        lines("connection authorized: user=ann", "checkpoint starting: time", "durations vary",
              "statement without a colon", "duration: x ms")
    ) == []  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "utc"),
    [("UTC", "03"), ("GMT", "03"), ("CET", "02"), ("EDT", "07"), ("+0530", "21"), ("-03", "06")],
)
def test_times_are_in_the_zone_they_name(logged: Any, zone: str, utc: str) -> None:
    (line,) = lines("statement: SELECT 1")
    (record,) = logged([(line[0].replace("UTC", zone), *line[1:])])
    assert record["startTime"][11:13] == utc
    assert record["analysisDate"] == ("2026-01-01" if utc == "21" else "2026-01-02")


def test_a_zone_that_is_several_is_not_guessed(logged: Any) -> None:
    (line,) = lines("statement: SELECT 1")
    with pytest.raises(IngestError, match="the time zone 'IST' of its times is not known"):
        logged([(line[0].replace("UTC", "IST"), *line[1:])])


def test_a_line_with_no_time_is_one_unreadable(logged: Any) -> None:
    (line,) = lines("statement: SELECT 1")
    bad, good = logged([("never", *line[1:]), line])
    assert isinstance(bad, Unreadable)
    assert "is no time" in bad.why
    assert good["query"] == "SELECT 1"


@pytest.mark.parametrize("width", [23, 24, 26])
def test_the_csvlog_of_every_version_is_known(tmp_path: Path, width: int) -> None:
    file = tmp_path / "postgresql.csv"
    file.write_text(csvlog(lines("statement: SELECT\n1", "statement: SELECT 2"), width))
    assert [each["query"] for each in read(file)] == ["SELECT\n1", "SELECT 2"]


def test_a_large_csvlog_is_cut_between_entries(tmp_path: Path) -> None:
    file = tmp_path / "postgresql.csv"
    written = [f'SELECT {number}\n"a,b\n";' for number in range(60)]
    file.write_text(csvlog(lines(*(f"statement: {text}" for text in written))))
    found = read(file)
    assert [each["query"] for each in found] == written
    assert found[-1]["where"] == f"{file}:{60 * 3 - 2}"


def test_a_torn_last_entry_is_left_out_with_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "postgresql.csv"
    file.write_text(csvlog(lines("statement: SELECT 1", "statement: SELECT 2"))[:-70])
    assert [each["query"] for each in read(file)] == ["SELECT 1"]
    assert "not written to its end" in caplog.text
