"""What a query log says of one query: the record that usage and query lineage are made from.

A plain mapping, since a log has millions of lines: it passes through the graph as it is.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict


class LoggedQuery(TypedDict):
    """A query, and how often it was run.

    Sources of query logs yield it; the processor ``query-parser`` takes it. Every key is there,
    with None where the log does not say, except ``searchPath``. Times are ISO 8601 in UTC with
    the offset written (``2026-01-02T03:04:05.678+00:00``), so they sort as text.
    """

    query: str
    """The statement as it was logged: with its literals, or with ``$1`` or ``?`` for them."""
    serviceName: str
    """The database service that the tables belong to: the first part of their FQNs."""
    databaseName: str | None
    """The database that the session was connected to."""
    databaseSchema: str | None
    """The schema of a table that is named without one; ``searchPath`` says it better."""
    userName: str | None
    """Who ran it, as the database calls the user."""
    startTime: str | None
    """When it began."""
    endTime: str | None
    """When it ended. A log that says only when it began and how long it took has it computed."""
    analysisDate: str
    """The day it counts for: YYYY-MM-DD, in UTC."""
    aborted: bool
    """Whether it failed or was cancelled."""
    duration: float | None
    """How long one execution took, in milliseconds; the mean where ``count`` is more than 1."""
    count: int
    """How many executions the record stands for: 1 for a line of a log, ``calls`` of
    ``pg_stat_statements``."""
    dialect: str
    """sqlglot's name of the dialect: ``postgres``, ``mysql``; empty where it is not known."""
    where: str
    """Where it was logged, for messages: a file and line, or the catalogue and a key."""
    searchPath: NotRequired[list[str]]
    """Schemas that unqualified names are looked up in, in order."""
