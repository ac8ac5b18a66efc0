"""The counts on the server are those that SQL counts over the same log, whatever happens."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.workflow import Workflow
from tests.acceptance.command import Project, wait_for
from tests.connectors.openmetadata.usage.support import counts, fill, usage_workflow
from tests.servers.openmetadata import FakeOpenMetadata

TABLES = [f"t{number:02d}" for number in range(40)]
HOT = TABLES[0]
LINES = 2_000
Counts = dict[str, dict[str, int]]


@pytest.fixture
def fake() -> Iterator[FakeOpenMetadata]:
    with FakeOpenMetadata() as running:
        fill(running, {"s": dict.fromkeys(TABLES, ("id", "x"))}, "svc", "db")
        yield running


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Three files, with every name followed by a space; half of the queries name the hot table."""
    folder = tmp_path / "log"
    folder.mkdir()
    for part in range(3):
        rows = (line(number) for number in range(part, LINES, 3))
        (folder / f"{part}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def line(number: int) -> dict[str, Any]:
    one = HOT if number % 2 else TABLES[number * 7 % len(TABLES)]
    other = TABLES[(number * 13 + 1) % len(TABLES)]
    text = (
        f"select * from {one} where x = {number}",
        f"SELECT a.id FROM s.{one} AS a JOIN {other} AS b ON a.id = b.x LIMIT {number}",
        f"insert into {other} (id) select id from s.{one} where x < {number}",
        f"with q as (select * from {one} ) select * from q, {other} AS o",
        f"update {one} set x = {number} where id in (select id from {other} )",
    )[number % 5]
    at = f"2026-11-{10 + number % 7} 08:00:00"
    return {"query_text": text, "user_name": f"u{number % 3}", "start_time": at, "end_time": at,
            "aborted": False, "database_name": "db", "schema_name": "s", "duration": 5}  # fmt: skip


def counted_by_sql() -> Counts:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("create table log (day text, query text)")
        connection.execute("create table names (name text)")
        rows = [line(number) for number in range(LINES)]
        connection.executemany(
            "insert into log values (?, ?)",
            [(row["start_time"][:10], row["query_text"]) for row in rows],
        )
        connection.executemany("insert into names values (?)", [(name,) for name in TABLES])
        found: Counts = {}
        for name, day, count in connection.execute(
            "select name, day, count(*) from log join names on instr(query, name || ' ') > 0 "
            "group by name, day order by name, day"
        ):
            found.setdefault(f"svc.db.s.{name}", {})[day] = count
        return found


@pytest.mark.parametrize(
    "beam",
    [
        {},
        {"options": {"direct_runner_bundle_repeat": 1}},
    ],
    ids=["as usual", "every bundle twice"],
)
def test_the_counts_are_those_of_sql(
    fake: FakeOpenMetadata, log: Path, tmp_path: Path, beam: dict[str, Any]
) -> None:
    report = Workflow.from_config(usage_workflow(fake, log, tmp_path, "svc", **beam)).run()
    report.raise_for_status()
    assert counts(fake) == counted_by_sql()
    assert sum(counts(fake)[f"svc.db.s.{HOT}"].values()) > LINES / 2
    assert sorted(fake.store.ranked) == [("table", f"2026-11-{day}") for day in range(10, 17)]


@pytest.mark.slow
def test_a_run_killed_in_mid_publish_and_resumed_doubles_nothing(
    fake: FakeOpenMetadata, log: Path, tmp_path: Path
) -> None:
    project = Project(tmp_path)
    project.write(usage_workflow(fake, log, tmp_path, "svc", concurrency=2))
    fault = fake.faults.add("/usage/table/", after=100, times=None, delay=60)
    process = project.start("run", "-c", "workflow.yaml")
    wait_for(lambda: fault.happened >= 2, process)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)
    fake.faults.clear()
    assert 0 < len(fake.store.usage) < len(TABLES) * 7
    assert fake.store.ranked == []

    resumed = project.run("run", "-c", "workflow.yaml", "--resume", "latest")

    assert resumed.returncode == 0, resumed.stderr
    assert counts(fake) == counted_by_sql()
    assert len(fake.store.ranked) == 7
    again = project.run("run", "-c", "workflow.yaml")
    assert again.returncode == 0, again.stderr
    assert counts(fake) == counted_by_sql()
