"""Entities as the server shows them."""

from __future__ import annotations

from typing import Any

from tests.servers.openmetadata.kinds import ALWAYS_SHOWN, BY_TYPE, Kind
from tests.servers.openmetadata.names import parent
from tests.servers.openmetadata.store import Change, Entity, Store, changes_since


class Renderer:
    """Shows the entities of a store."""

    def __init__(self, store: Store, url: str) -> None:
        self._store = store
        self._url = url

    def show(self, kind: Kind, entity: Entity, fields: frozenset[str] = frozenset()) -> Entity:
        """An entity with the fields that were asked for."""
        hidden = kind.optional - fields - ALWAYS_SHOWN
        shown = {key: value for key, value in entity.items() if key not in hidden}
        for field in ("owners", "queryUsedIn"):
            if field in shown:
                shown[field] = [self._referred(each) for each in shown[field]]
        for field in ("owners", "tags", "domains", "dataProducts"):
            if field in fields and field in kind.optional:
                shown.setdefault(field, [])
        if "tags" not in fields and any(column["tags"] for column in shown.get("columns", ())):
            shown["columns"] = [{**column, "tags": []} for column in shown["columns"]]
        if "usageSummary" in fields and kind.type == "table":
            shown["usageSummary"] = self._last_usage(entity["fullyQualifiedName"])
        shown["href"] = self.href(kind.type, entity["id"])
        shown["entityStatus"] = "Unprocessed"
        self._add_containers(kind, entity, shown)
        if kind.type == "table":
            shown["processedLineage"] = False
        if kind.type == "database":
            shown.setdefault("default", False)
        if kind.type == "query":
            del shown["deleted"], shown["serviceType"]
        return shown

    def changed(
        self, kind: Kind, entity: Entity, change: Change, previous: Entity | None
    ) -> Entity:
        """An entity as the answer to a PUT or PATCH of it shows it."""
        shown = self.show(kind, entity, kind.optional & {"tableConstraints", "schemaDefinition"})
        if change != "entityCreated" or kind.type not in ("databaseService", "database"):
            shown.setdefault("owners", [])
        if kind.type != "databaseService":
            shown.setdefault("domains", [])
        if previous is not None:
            shown["incrementalChangeDescription"] = changes_since(previous)
        if change == "entityNoChange":
            shown.pop("changeDescription", None)
        return shown

    def whole(self, kind: Kind, entity: Entity) -> Entity:
        """An entity as the answer to its PATCH or DELETE shows it: all lists, also empty ones."""
        votes = {"upVotes": 0, "downVotes": 0, "upVoters": [], "downVoters": []}
        lists: dict[str, Any] = {"owners": [], "tags": [], "followers": [], "domains": []}
        lists["dataProducts"] = []
        return {**lists, "votes": votes, **self.show(kind, entity)}

    def unlinked(self, kind: Kind, entity: Entity) -> Entity:
        """An entity without links, as inside a change event."""
        shown = self.show(kind, entity)
        return {
            key: {k: v for k, v in value.items() if k != "href"}
            if isinstance(value, dict)
            else value
            for key, value in shown.items()
            if key != "href"
        }

    def reference(self, type_: str, fqn: str) -> dict[str, Any] | None:
        """A reference to an entity, None where there is none of that name."""
        entity = self._store.get(type_, fqn, deleted=None)
        if entity is None:
            return None
        reference = {
            "id": entity["id"],
            "type": type_,
            "name": entity["name"],
            "fullyQualifiedName": fqn,
            "displayName": entity.get("displayName") or entity["name"],
            "deleted": entity["deleted"],
            "href": self.href(type_, entity["id"]),
        }
        if entity.get("description"):
            reference["description"] = entity["description"]
        return reference

    def href(self, type_: str, id_: str) -> str:
        """The link to an entity."""
        return f"{self._url}/v1/{BY_TYPE[type_].collection}/{id_}"

    def _last_usage(self, fqn: str) -> dict[str, Any]:
        days = sorted(day for name, day in self._store.usage if name == fqn)
        count = self._store.usage[fqn, days[-1]] if days else 0
        stats = {"count": count, "percentileRank": 0.0}
        day = days[-1] if days else "1970-01-01"
        return {"dailyStats": stats, "weeklyStats": stats, "monthlyStats": stats, "date": day}

    def _referred(self, held: dict[str, Any]) -> dict[str, Any]:
        found = self._store.by_id.get(held["id"])
        return (self.reference(*found) if found else None) or held

    def _add_containers(self, kind: Kind, entity: Entity, shown: Entity) -> None:
        type_, fqn = kind.type, entity["fullyQualifiedName"]
        while (inner := BY_TYPE[type_]).parent_field and inner.parent_type:
            type_, fqn = inner.parent_type, parent(fqn)
            name = "service" if type_ == "databaseService" else type_
            shown[name] = self.reference(type_, fqn)
        if kind.parent_field:
            service = self._store.get("databaseService", fqn, deleted=None)
            shown["serviceType"] = service["serviceType"] if service else None
