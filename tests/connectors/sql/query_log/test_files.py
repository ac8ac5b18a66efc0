"""Which files are read, in which parts, and what happens to a log that is written meanwhile."""

from __future__ import annotations

import gzip
import json
import random
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_ingest import FatalError, IngestError
from beam_ingest.config.load import load
from beam_ingest.connectors.sql.query_log.config import QueryLogConfig
from beam_ingest.online import connected
from tests.connectors.narrow import mappings, splits
from tests.connectors.sql.query_log.support import (
    NOW,
    SourceOfThatDay,
    csv_text,
    queries,
    read,
    row,
    source,
)
from tests.servers.openmetadata import BOT_TOKEN, FakeOpenMetadata


def log(path: Path, *texts: str) -> Path:
    path.write_text(csv_text([row(text) for text in texts]))
    return path


def test_a_folder_stands_for_its_logs_the_rotated_and_compressed_too(tmp_path: Path) -> None:
    for name in ("a.csv", "a.csv.1", "a.csv-20260102", "z.csv"):
        log(tmp_path / name, f"select '{name}'")
    for name in ("b.csv.gz", "c.csv.2.gz"):
        text = csv_text([row(f"select '{name}'")])
        (tmp_path / name).write_bytes(gzip.compress(text.encode()))
    log(tmp_path / ".hidden.csv", "select 1")
    log(tmp_path / "notes.txt", "select 1")
    (tmp_path / "inner.csv").mkdir()
    assert queries(tmp_path) == [
        f"select '{name}'"
        for name in ("a.csv", "a.csv-20260102", "a.csv.1", "b.csv.gz", "c.csv.2.gz", "z.csv")
    ]


def test_a_file_or_a_glob_may_have_any_name(tmp_path: Path) -> None:
    log(tmp_path / "queries.txt", "select 1")
    assert queries(tmp_path / "queries.txt") == queries(tmp_path / "*.txt") == ["select 1"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("no.csv", "there is no file or folder"),
        ("*.none", "there is no file or folder"),
        ("", "holds no log"),
    ],
)
def test_no_file_is_an_error_that_says_so(tmp_path: Path, path: str, message: str) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(FatalError, match=message):
        read(tmp_path / path)


def test_no_path_is_an_error_that_names_the_key() -> None:
    reader = source("x")
    bare = type(reader)(reader.config, type(reader.context)("warehouse"))
    with pytest.raises(FatalError, match="queryLogFilePath is not set"):
        splits(bare)


def test_an_empty_file_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").touch()
    (tmp_path / "b.csv").write_text(csv_text([]))
    assert read(tmp_path) == []


def texts(count: int) -> list[str]:
    """Queries with all that CSV has to quote."""
    chosen = random.Random(7)
    parts = ("a", '"b"', ",", "\n", "\r\n", "'x''y'", '"', "ü", " ")
    return [
        f"select {number} " + "".join(chosen.choices(parts, k=chosen.randrange(30)))
        for number in range(count)
    ]


def test_parts_of_a_large_csv_file_hold_each_row_once(tmp_path: Path) -> None:
    written = texts(300)
    file = log(tmp_path / "log.csv", *written)
    reader = source(file)
    found = splits(reader)
    assert len(found) > 30
    assert queries(file) == written
    # The lines that records name are those of the file, whichever part they are in.
    lines = file.read_bytes().split(b"\n")
    for record in (record for split in found for record in mappings(reader.read(split))):
        number = int(record["where"].rpartition(":")[2])
        start = record["query"].splitlines()[0][:12].strip().partition('"')[0]
        assert start.encode() in lines[number - 1]


PARTS = st.sampled_from(["a", '"', ",", "\n", "\r\n", " ", ";", "é"])
ROWS = st.lists(st.lists(PARTS).map("".join), min_size=1, max_size=30)


@given(ROWS, st.integers(1, 400))
def test_wherever_a_csv_file_is_cut_each_row_is_read_once(written: list[str], step: int) -> None:
    # A query that is nothing but white space is no query.
    written = [f"q{text}" for text in written]
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.object(SourceOfThatDay, "part_size", step),
    ):
        assert queries(log(Path(folder) / "log.csv", *written)) == written


def test_parts_of_a_large_json_file_hold_each_line_once(tmp_path: Path) -> None:
    written = texts(300)
    file = tmp_path / "log.jsonl"
    file.write_text("".join(json.dumps({"query_text": text}) + "\n" for text in written))
    assert len(splits(source(file))) > 30
    assert queries(file) == written


def test_a_file_whose_quotes_do_not_pair_is_not_cut_where_rows_would_break(
    tmp_path: Path,
) -> None:
    file = tmp_path / "log.csv"
    rows = [f'select {number} as size_in" from\tt,ann,,,,,,' for number in range(99)]
    file.write_text("\n".join([csv_text([]).strip(), *rows]) + "\n")
    assert queries(file) == [f'select {number} as size_in" from\tt' for number in range(99)]


def test_small_files_share_a_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SourceOfThatDay, "part_size", 1 << 20)
    for number in range(50):
        log(tmp_path / f"{number:02}.csv", f"select {number}")
    assert len(splits(source(tmp_path))) == 1
    assert queries(tmp_path) == [f"select {number}" for number in range(50)]


def test_what_is_written_after_the_listing_is_not_read(tmp_path: Path) -> None:
    file = log(tmp_path / "log.csv", "select 1")
    reader = source(file)
    (split,) = splits(reader)
    with file.open("a") as more:
        more.write(csv_text([row("select 2")]).partition("\n")[2])
    assert [record["query"] for record in mappings(reader.read(split))] == ["select 1"]


def test_a_row_that_was_torn_at_the_listing_is_not_half_read_when_it_is_whole(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = log(tmp_path / "log.csv", "select 1")
    with file.open("a") as more:
        more.write("select 2,ann,2026")
    reader = source(file)
    (split,) = splits(reader)
    with file.open("a") as more:
        more.write("-01-02 03:04:05,,,,,\n")
    assert [record["query"] for record in mappings(reader.read(split))] == ["select 1"]
    assert "not written to its end" in caplog.text
    assert queries(file) == ["select 1", "select 2"]


@pytest.mark.parametrize("how", ["rotated", "cut short", "gone"])
def test_a_file_that_is_not_the_listed_one_fails_its_split(tmp_path: Path, how: str) -> None:
    file = log(tmp_path / "log.csv", "select 1")
    reader = source(file)
    (split,) = splits(reader)
    if how == "cut short":
        file.write_text(csv_text([]))
    else:
        file.rename(tmp_path / "log.csv.1")
        if how == "rotated":
            log(file, "select 2", "select 3")
    with pytest.raises(IngestError, match=r"was rotated or cut short|is gone"):
        list(reader.read(split))


def test_a_file_that_is_no_log_fails_alone(tmp_path: Path) -> None:
    log(tmp_path / "a.csv", "select 1")
    (tmp_path / "b.csv").write_text("name,price\nwool,3\n")
    log(tmp_path / "c.csv", "select 3")
    reader = source(tmp_path)
    good: list[str] = []
    failed: list[str] = []
    for split in splits(reader):
        try:
            good.extend(record["query"] for record in mappings(reader.read(split)))
        except IngestError as error:
            failed.append(str(error))
    assert sorted(good) == ["select 1", "select 3"]
    assert len(failed) == 1
    assert "b.csv is no query log: its first line names no column 'query_text'" in failed[0]


def test_a_damaged_compressed_file_fails_after_what_could_be_read(tmp_path: Path) -> None:
    whole = gzip.compress(csv_text([row(text) for text in texts(500)]).encode())
    (tmp_path / "log.csv.gz").write_bytes(whole[: len(whole) // 2])
    reader = source(tmp_path)
    with pytest.raises(IngestError, match="is damaged"):
        for split in splits(reader):
            list(reader.read(split))


def test_a_byte_order_mark_is_none_of_the_header(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_bytes(b"\xef\xbb\xbf" + csv_text([row("select 1")]).encode())
    assert queries(tmp_path) == ["select 1"]


@pytest.mark.parametrize(
    ("config", "dialect"),
    [
        ({"type": "Mysql", "username": "u", "authType": {"password": "p"}}, "mysql"),
        ({"type": "Snowflake", "account": "x"}, "snowflake"),
        ({"type": "Informix", "dialect": "oracle"}, "oracle"),
        ({"dialect": "spark"}, "spark"),
        ({}, ""),
    ],
)
def test_the_type_of_the_service_says_the_dialect(
    tmp_path: Path, config: dict[str, Any], dialect: str
) -> None:
    (record,) = read(log(tmp_path / "log.csv", "select 1"), **config)
    assert record["dialect"] == dialect


def test_the_server_says_the_type_where_no_connection_is_written(tmp_path: Path) -> None:
    with FakeOpenMetadata() as fake:
        connection = {"type": "Mysql", "username": "u", "hostPort": "db"}
        fake.add("databaseService", "shop", serviceType="Mysql", connection={"config": connection})
        read_from = {"queryLogFilePath": str(tmp_path)}
        workflow = load({
            "source": {"type": "query-log-usage", "serviceName": "shop",
                       "sourceConfig": {"config": read_from}},
            "sink": {"type": "console"},
            "workflowConfig": {"openMetadataServerConfig": {
                "hostPort": fake.url, "securityConfig": {"jwtToken": BOT_TOKEN},
            }},
        })  # fmt: skip
        config = connected(workflow).source.config
    assert isinstance(config, QueryLogConfig)
    assert config.sql_dialect == "mysql"


def test_no_secret_of_a_connection_that_is_not_needed_is_kept(tmp_path: Path) -> None:
    secrets = {
        "password": "s1", "authType": {"password": "s2"}, "sslConfig": {"sslKey": "s3"},
        "privateKey": "s4", "credentials": {"gcpConfig": {"privateKey": "s5"}},
    }  # fmt: skip
    workflow = load({
        "source": {
            "type": "query-log-usage", "serviceName": "shop",
            "serviceConnection": {"config": {"type": "Snowflake", "account": "a", **secrets}},
            "sourceConfig": {"config": {"queryLogFilePath": str(tmp_path)}},
        },
        "sink": {"type": "console"},
    })  # fmt: skip
    kept = json.dumps(workflow.document) + workflow.source.config.model_dump_json()
    assert [f"s{number}" for number in range(1, 6) if f'"s{number}"' in kept] == []
    assert '"account": "a"' in kept


def test_a_type_that_is_not_known_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean 'Postgres'"):
        source("x", type="Postgress")


def test_what_does_not_apply_to_files_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    reader = source(log(tmp_path / "log.csv", "select 1"))
    options = reader.options().model_copy(update={"result_limit": 1})
    limited = type(reader)(reader.config, type(reader.context)("w", "r", options))
    assert len(splits(limited)) == 1
    assert "the files are read whole" in caplog.text


def test_test_connection_says_what_there_is(tmp_path: Path) -> None:
    log(tmp_path / "log.csv", "select 1")
    checks = {check.name: check.run() for check in source(tmp_path).checks()}
    assert (checks["log files"] or "").startswith("1 files, ")
    assert checks["log format"] == f"{tmp_path / 'log.csv'}: csv"


def test_the_day_is_that_of_the_listing(tmp_path: Path) -> None:
    (record,) = read(log(tmp_path / "log.csv", "select 1"))
    assert record["analysisDate"] == "2026-01-02"
    (tmp_path / "log.csv").write_text("query_text\nselect 1\n")
    assert read(tmp_path)[0]["analysisDate"] == NOW.date().isoformat()
