"""Usage: counts by day, their ranks, and joins."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import Any

from tests.servers.openmetadata import schema
from tests.servers.openmetadata.kinds import BY_TYPE
from tests.servers.openmetadata.message import NOT_ALLOWED, NOT_FOUND, Reply, Request
from tests.servers.openmetadata.relations import column_names
from tests.servers.openmetadata.render import Renderer
from tests.servers.openmetadata.rows import Refused
from tests.servers.openmetadata.store import Entity, Store

_JOIN_DAYS = 30


class Usage:
    """``/v1/usage`` and the joins of a table."""

    def __init__(self, store: Store, renderer: Renderer) -> None:
        self._store = store
        self._renderer = renderer

    def answer(self, request: Request) -> Reply:
        """``table/{id}``, ``table/name/{fqn}`` and ``compute.percentile/table/{date}``."""
        type_, rest = request.parts[2], request.parts[3:]
        if type_ == "compute.percentile":
            return self._percentile(rest, request)
        if type_ not in BY_TYPE:
            return NOT_FOUND
        if request.method == "GET" and rest[0] == "name" and len(rest) == 2:
            return self._shown(type_, rest[1])
        if request.method not in ("POST", "PUT"):
            return NOT_ALLOWED
        entity = self._store.get_by_id(type_, rest[0])
        if entity is None:
            raise Refused(404, f"{type_} instance for {rest[0]} not found")
        body = request.json()
        schema.check("Usage", body)
        _day(body["date"])
        if body["count"] < 0:
            raise Refused(400, "[count must be greater than or equal to 0]")
        return self._count(type_, entity, body, add=request.method == "PUT", request=request)

    def joins(self, table: Entity, request: Request) -> Reply:
        """``PUT /v1/tables/{id}/joins``: of one day, which it sets; of the last 30 days."""
        body = request.json()
        schema.check("TableJoins", body)
        today = datetime.fromtimestamp(self._store.now() / 1000, UTC).date()
        if not 0 <= (today - _day(body["startDate"])).days <= _JOIN_DAYS:
            raise Refused(400, "Date range can only include past 30 days starting today")
        fqn = table["fullyQualifiedName"]
        own = column_names(table)
        for join in body["columnJoins"]:
            if f"{fqn}.{join['columnName']}" not in own:
                raise Refused(400, f"Invalid column name {join['columnName']}")
            for other in join["joinedWith"]:
                self._check_column(other["fullyQualifiedName"])
        for other in body["directTableJoins"]:
            if not self._store.exists("table", other["fullyQualifiedName"]):
                raise Refused(400, f"Invalid table name {other['fullyQualifiedName']}")
        self._store.joins[fqn, body["startDate"]] = body["columnJoins"]
        return Reply(200, self._renderer.show(BY_TYPE["table"], table))

    def _check_column(self, column: str) -> None:
        tables = self._store.select("table", "non-deleted", None)
        if not any(column in column_names(table) for table in tables):
            raise Refused(400, f"Invalid fully qualified column name {column}")

    def _percentile(self, rest: tuple[str, ...], request: Request) -> Reply:
        if request.method != "POST":
            return NOT_ALLOWED
        if len(rest) != 2 or rest[0] not in BY_TYPE:
            return NOT_FOUND
        _day(rest[1])
        self._store.ranked.append((rest[0], rest[1]))
        return Reply(201)

    def _shown(self, type_: str, fqn: str) -> Reply:
        if self._store.get(type_, fqn) is None:
            raise Refused(404, f"{type_} instance for {fqn} not found")
        days = sorted(key for key in self._store.usage if key[0] == fqn)
        return Reply(
            200,
            {
                "entity": self._renderer.reference(type_, fqn),
                "usage": [_summary(self._store.usage[key], key[1]) for key in days],
            },
        )

    def _count(
        self, type_: str, entity: Entity, body: dict[str, Any], *, add: bool, request: Request
    ) -> Reply:
        key = (entity["fullyQualifiedName"], body["date"])
        with self._store.lock:
            before = self._store.usage.get(key, 0)
            self._store.usage[key] = body["count"] + (before if add else 0)
        after = _summary(self._store.usage[key], body["date"])
        shown = self._renderer.unlinked(BY_TYPE[type_], entity)
        return Reply(
            201,
            {
                "id": str(uuid.uuid4()),
                "eventType": "entityUpdated",
                "entityType": type_,
                "entityId": entity["id"],
                "entityFullyQualifiedName": key[0],
                "previousVersion": entity["version"],
                "currentVersion": entity["version"],
                "userName": request.user.name,
                "timestamp": self._store.now(),
                "changeDescription": {
                    "fieldsAdded": [],
                    "fieldsUpdated": [
                        {
                            "name": "usageSummary",
                            "oldValue": _summary(before, body["date"]),
                            "newValue": after,
                        }
                    ],
                    "fieldsDeleted": [],
                    "previousVersion": entity["version"],
                },
                "entity": {**shown, "usageSummary": after},
            },
            {"X-OpenMetadata-Change": "entityFieldsChanged"},
        )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(400, f"Text '{text}' could not be parsed at index 0") from None


def _summary(count: int, date: str) -> dict[str, Any]:
    stats = {"count": count, "percentileRank": 0.0}
    return {"dailyStats": stats, "weeklyStats": stats, "monthlyStats": stats, "date": date}
