"""Query logs to usage: a workflow against a plain Python loop with the same parser and cache.

The log has one hot table in half of all queries, 2,000 tables, 7 days, and a distinct statement
for every 20 lines (50,000 in a million). Both end in a file of totals by table and day.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

from tests.benchmarks.measure import Usage, measure, pairs

TABLES = 2_000
DAYS = 7
LINES_OF_A_STATEMENT = 20
HOT = "s00.hot_table"


def main(folder: Path, lines: int, times: int) -> bool:
    """Print the ratios; whether all are within their limits."""
    statements = max(1, lines // LINES_OF_A_STATEMENT)
    write_log(folder / "log", lines, statements)
    plain = [sys.executable, "-m", "tests.benchmarks.plain_usage", "log", "plain.jsonl"]
    a, b, ratio = pairs(plain, workflow(folder, "log", 1), folder, times)
    print(
        f"{lines:,} lines, {statements:,} statements, 1 process: plain loop {_text(a)}; "
        f"workflow {_text(b)}; wall ratio {ratio:.2f} (limit 1.2)",
        flush=True,
    )
    ok = ratio <= 1.2 and _same(folder)
    one, two, ratio = pairs(workflow(folder, "log", 1), workflow(folder, "log", 2), folder, times)
    print(f"2 processes {_text(two)}: {ratio:.2f} of one (limit 0.9)", flush=True)
    ok &= ratio <= 0.9 and _same(folder)
    # The shapes of queries are remembered and counted: a tenth of the log has all of them.
    write_log(folder / "small", lines // 10, statements)
    small = measure(workflow(folder, "small", 1), folder)
    growth = one.peak / small.peak
    print(
        f"peak memory: {small.peak:.0f} MB at {lines // 10:,} lines, {one.peak:.0f} MB at "
        f"{lines:,}: ratio {growth:.2f} (limit 1.20)"
    )
    return ok and growth <= 1.2


def write_log(folder: Path, lines: int, statements: int) -> None:
    """Files of JSON lines, one a day, with OpenMetadata's names of the columns."""
    folder.mkdir()
    a_day = -(-lines // DAYS)
    for day in range(DAYS):
        with (folder / f"day-{day}.jsonl").open("w") as file:
            for number in range(day * a_day, min(lines, (day + 1) * a_day)):
                file.write(json.dumps(_line(number, day, statements)) + "\n")


def workflow(folder: Path, log: str, workers: int) -> list[str]:
    """The command that runs the workflow over a log."""
    config = {
        "source": {
            "type": "query-log-usage",
            "serviceName": "svc",
            "serviceConnection": {"config": {"type": "Postgres"}},
            "sourceConfig": {
                "config": {"type": "DatabaseUsage", "queryLogFilePath": str(folder / log)}
            },
        },
        "processors": [{"type": "query-parser"}],
        "stage": {"type": "table-usage"},
        "bulkSink": {"type": "file", "config": {"path": "out.jsonl"}},
        "beam": {"workers": workers},
    }
    (folder / f"{log}-{workers}.yaml").write_text(yaml.safe_dump(config))
    program = str(Path(sys.executable).with_name("beam-ingest"))
    return [program, "run", "-c", f"{log}-{workers}.yaml"]


def _line(number: int, day: int, statements: int) -> dict[str, object]:
    statement = number * 7_919 % statements  # every statement comes on every day
    return {
        "query_text": _statement(statement, number),
        "user_name": f"user{number % 50}",
        "start_time": f"2026-11-{10 + day} 08:00:{number % 60:02d}.000000",
        "end_time": f"2026-11-{10 + day} 08:01:00.000000",
        "aborted": False,
        "database_name": "db",
        "schema_name": "s00",
        "duration": number % 1_000 + 0.25,
    }


def _statement(statement: int, number: int) -> str:
    one, other = _table(statement * 31), _table(statement * 17 + 5)
    hot = HOT if statement % 2 else one
    shape, column = statement % 5, f"c{statement % 97}_{statement // 97}"
    return (
        f"SELECT a.{column}, count(*) FROM {hot} a WHERE a.id = {number} AND a.k IN (1, {number})"
        " GROUP BY 1",
        f"SELECT a.id, b.{column} FROM {hot} a JOIN {other} b ON a.id = b.ref WHERE b.x > {number}",
        f"WITH q AS (SELECT id, {column} FROM {hot} WHERE note = 'n{number}') SELECT * FROM q"
        f" LEFT JOIN {other} o ON o.id = q.id",
        f"UPDATE {hot} SET {column} = {number} WHERE id = {number % 99}",
        f"INSERT INTO {other} (id, {column}) SELECT id, x FROM {hot} WHERE day = '{number}'",
    )[shape]


def _table(number: int) -> str:
    number %= TABLES
    return f"s{number % 10:02d}.table_{number:04d}"


def _same(folder: Path) -> bool:
    """Whether both came to the same totals."""
    plain, ours = (dict(_totals(folder / name)) for name in ("plain.jsonl", "out.jsonl"))
    if plain != ours:
        print(f"the totals differ: {len(plain):,} of the plain loop, {len(ours):,} of the workflow")
    return plain == ours


def _totals(path: Path) -> Iterator[tuple[tuple[str, str], int]]:
    for text in path.read_text().splitlines():
        line = json.loads(text)
        if line.get("kind", "tableUsage") == "tableUsage":
            uses = line.get("uses", [line])
            for use in uses:
                (table,) = use.get("tables") or [line]
                name = table["table"]
                joined = ".".join(p for p in name if p) if isinstance(name, list) else name
                yield (joined, line["date"]), use["count"]


def _text(usage: Usage) -> str:
    return f"{usage.wall:.1f} s wall, {usage.cpu:.1f} s CPU, {usage.peak:.0f} MB"
