"""From the lines of staged usage to records of the server's own tables."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from typing import Any

from beam_ingest.api import fqn
from beam_ingest.api.entities import ColumnJoin, ColumnLineage, LineageEdge, Query, TableUsage
from beam_ingest.api.record import Record
from beam_ingest.connectors.openmetadata.usage.resolve import Resolver, Spelling, shown
from beam_ingest.lineage.names import TableName
from beam_ingest.lineage.parse import Unparsable
from beam_ingest.lineage.query import Flow
from beam_ingest.lineage.query import Query as ParsedQuery

Line = dict[str, Any]


class Made:
    """What a line came to: records, and the names in it that are no tables of the server."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.unknown: dict[str, None] = {}


def made_of(line: Line, resolver: Resolver) -> Made:
    """The records of a line."""
    made = Made()
    made.records += _MAKERS[line["kind"]](line, resolver, made)
    return made


def _usage(line: Line, resolver: Resolver, made: Made) -> Iterator[TableUsage]:
    counts: Counter[str] = Counter()
    for use in line["uses"]:
        # Several spellings of one table in one query are one use.
        tables = {_resolved(line, each, resolver, made) for each in use["tables"]} - {None}
        counts.update(dict.fromkeys(tables, use["count"]))  # type: ignore[arg-type]
    joins = _joins(line, resolver) if counts else {}
    for table in sorted(counts):
        yield TableUsage(
            name=f"{table}@{line['date']}",
            table=table,
            date=line["date"],
            count=counts[table],
            users=list(line["users"]) or None,
            joins=[
                ColumnJoin(column=column, joined_with=other, join_count=count)
                for (column, other), count in sorted(joins.items())
                if fqn.parent_of(column) == table
            ]
            or None,
        )


def _joins(line: Line, resolver: Resolver) -> Counter[tuple[str, str]]:
    """How often columns were joined with others, from the side of each."""
    found: Counter[tuple[str, str]] = Counter()
    for join in line["joins"]:
        left, right = (_column(line, side, resolver) for side in join["sides"])
        if left and right:
            for pair in {(left, right), (right, left)}:
                found[pair] += join["count"]
    return found


def _column(line: Line, side: list[Any], resolver: Resolver) -> str | None:
    """The FQN of the column that a side is, if it can only be one."""
    found: set[str] = set()
    for spelling, name in side:
        table = resolver.table(line["service"], spelling)
        columns = resolver.columns(table) if table else []
        real = _same(name, columns)
        if table and real:
            found.add(fqn.join(table, real))
    return found.pop() if len(found) == 1 else None


def _query(line: Line, resolver: Resolver, made: Made) -> Iterator[Query]:
    tables: dict[str, None] = {}
    for session in line["sessions"]:
        for written in line["tables"]:
            table = _resolved(line, {**session, "table": written}, resolver, made)
            if table is not None:
                tables[table] = None
    if tables:
        text = line["query"]
        day = datetime.combine(date.fromisoformat(line["lastDay"]), time(), UTC)
        yield Query(
            # The server tells queries apart by this checksum of their text.
            name=hashlib.md5(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest(),
            service=fqn.quote(line["service"]),
            query=text,
            duration=line["duration"],
            used_by=list(line["users"]) or None,
            query_date=int(day.timestamp() * 1000),
            query_used_in=sorted(tables),
        )


def _edges(line: Line, resolver: Resolver, made: Made) -> Iterator[LineageEdge]:
    """One edge for each pair of tables, with the columns of all statements together."""
    columns: dict[tuple[str, str], dict[str, dict[str, None]]] = {}
    texts: dict[tuple[str, str], str] = {}
    for statement in line["statements"]:

        def table(name: TableName, statement: Line = statement) -> str | None:
            return resolver.table(line["service"], {**statement, "table": name})

        for flow in _flows(statement, resolver, table):
            target = table(flow.target)
            for source in flow.sources:
                start = table(source)
                for name, found in ((source, start), (flow.target, target)):
                    if found is None:
                        made.unknown[shown({"table": name})] = None
                if start is None or target is None or start == target:
                    continue
                texts.setdefault((start, target), statement["shown"])
                into = columns.setdefault((start, target), {})
                for column, origins in flow.columns:
                    real = _same(column, resolver.columns(target))
                    if real:
                        own = [fqn.join(start, c) for at, c in origins if table(at) == start]
                        into.setdefault(fqn.join(target, real), {}).update(dict.fromkeys(own))
    for (start, target), into in columns.items():
        yield LineageEdge(
            name=f"{start} -> {target}",
            from_fqn=start,
            to_fqn=target,
            source="QueryLineage",
            sql_query=texts[start, target],
            columns_lineage=[
                ColumnLineage(from_columns=list(origins), to_column=column)
                for column, origins in into.items()
                if origins
            ]
            or None,
        )


def _flows(statement: Line, resolver: Resolver, table: Any) -> list[Flow]:
    def known(name: TableName) -> list[str] | None:
        found = table(name)
        return resolver.columns(found) if found else None

    try:
        return ParsedQuery(statement["query"], statement["dialect"]).flows(known)
    except Unparsable:  # its literals mattered to the grammar; its tables are counted all the same
        return []


_MAKERS: dict[str, Callable[[Line, Resolver, Made], Iterator[Record]]] = {
    "tableUsage": _usage,
    "queryUsage": _query,
    "queryLineage": _edges,
}


def _resolved(line: Line, spelling: Spelling, resolver: Resolver, made: Made) -> str | None:
    table = resolver.table(line["service"], spelling)
    if table is None:
        made.unknown[shown(spelling)] = None
    return table


def _same(name: str, columns: list[str]) -> str | None:
    if name in columns:
        return name
    same = [column for column in columns if column.lower() == name.lower()]
    return same[0] if len(same) == 1 else None
