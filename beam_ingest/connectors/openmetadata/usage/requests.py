"""The requests that tell a table's use on one day."""

from __future__ import annotations

import logging
from typing import Any

from beam_ingest.api import fqn
from beam_ingest.api.entities import TableUsage
from beam_ingest.connectors.openmetadata.client import Client
from beam_ingest.http import RequestRefused

logger = logging.getLogger(__name__)

_TOO_OLD = "past 30 days"
"""In the server's words: it keeps joins no longer, and takes none that are older."""


def put_usage(client: Client, table_id: str, usage: TableUsage) -> None:
    """Set the count of the day (POST sets, PUT would add), then the joins of the day."""
    body = {"date": usage.date, "count": usage.count}
    client.send("POST", f"/usage/table/{table_id}", body)
    if not usage.joins:
        return
    try:
        client.send("PUT", f"/tables/{table_id}/joins", _joins(usage))
    except RequestRefused as refused:
        if refused.status != 400 or _TOO_OLD not in refused.answer:
            raise
        logger.warning("%s: its joins of %s are older than 30 days, which the server does "
                       "not take", usage.table, usage.date)  # fmt: skip


def _joins(usage: TableUsage) -> dict[str, Any]:
    by_column: dict[str, list[dict[str, Any]]] = {}
    for join in usage.joins or ():
        column = fqn.split(join.column)[-1]
        by_column.setdefault(column, []).append(
            {"fullyQualifiedName": join.joined_with, "joinCount": join.join_count}
        )
    joins = [{"columnName": name, "joinedWith": joined} for name, joined in by_column.items()]
    return {
        "startDate": usage.date, "dayCount": 1, "columnJoins": joins, "directTableJoins": [],
    }  # fmt: skip
