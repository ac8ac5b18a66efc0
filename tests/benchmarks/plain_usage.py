"""The baseline of usage: a plain Python loop with the same parser and the same cache.

``python -m tests.benchmarks.plain_usage FOLDER OUTPUT``: counts, users, joins and the slowest
queries by table and day; users, executions and time by query. No batches, no accounting, no Beam.
"""

from __future__ import annotations

import heapq
import json
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from beam_ingest.api.component import Context
from beam_ingest.processors.query_parser import QueryParserProcessor


class Table:
    """One table on one day."""

    def __init__(self) -> None:
        self.count = 0
        self.users: Counter[str] = Counter()
        self.joins: Counter[str] = Counter()
        self.slowest: list[tuple[float, str]] = []


class Query:
    """One shape of a query."""

    def __init__(self, text: str, tables: list[str]) -> None:
        self.text, self.tables = text, tables
        self.count = 0
        self.time = 0.0
        self.users: Counter[str] = Counter()


def main(source: str, target: str) -> None:
    """Read the files of ``source``, write the totals to ``target``."""
    parser = QueryParserProcessor(QueryParserProcessor.Config(), Context())
    parser.open()
    tables: defaultdict[tuple[str, str], Table] = defaultdict(Table)
    queries: dict[str, Query] = {}
    for path in sorted(Path(source).iterdir()):
        with path.open("rb", 1 << 20) as lines:
            for line in lines:
                row = json.loads(line)
                _count(row, parser, tables, queries)
    with Path(target).open("w") as out:
        for (table, day), found in sorted(tables.items()):
            total = {
                "table": table, "date": day, "count": found.count, "users": found.users,
                "joins": found.joins, "slowest": found.slowest,
            }  # fmt: skip
            out.write(json.dumps(total) + "\n")
        for query in queries.values():
            out.write(json.dumps({"kind": "query", **query.__dict__}) + "\n")


def _count(
    row: dict[str, Any],
    parser: QueryParserProcessor,
    tables: defaultdict[tuple[str, str], Table],
    queries: dict[str, Query],
) -> None:
    parsed: Any = parser.process({"query": row["query_text"], "dialect": "postgres"})
    parsed = parsed["parsed"]
    day, user, time = row["start_time"][:10], row["user_name"], row["duration"]
    names = [".".join(part for part in table if part) for table in parsed["tables"]]
    fingerprint = parsed["fingerprint"]
    for name in names:
        table = tables[name, day]
        table.count += 1
        table.users[user] += 1
        for left, right in parsed["joins"]:
            table.joins[f"{left} {right}"] += 1
        if len(table.slowest) < 10:
            heapq.heappush(table.slowest, (time, fingerprint))
        elif table.slowest[0][0] < time:
            heapq.heapreplace(table.slowest, (time, fingerprint))
    query = queries.get(fingerprint)
    if query is None:
        query = queries[fingerprint] = Query(parsed["maskedQuery"], names)
    query.count += 1
    query.time += time
    query.users[user] += 1


if __name__ == "__main__":
    main(*sys.argv[1:])
