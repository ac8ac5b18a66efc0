"""The state of the fake: entities by name and id, with the server's rules for changing them."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from tests.servers.openmetadata.kinds import BY_TYPE, Kind
from tests.servers.openmetadata.rows import Refused, checksum, columns_of, fqn_of

Change = Literal["entityCreated", "entityUpdated", "entityNoChange"]
Entity = dict[str, Any]

_HELD_BY_PEOPLE = ("description", "displayName", "owners")
"""What a bot's PUT does not overwrite once it is there."""


@dataclass(frozen=True)
class User:
    """Who asks. A bot does not overwrite what people wrote; nobody writes without rights."""

    name: str
    bot: bool = True
    may_write: bool = True


class Store:
    """Entities and what hangs on them. Every method is atomic."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.lock = threading.RLock()
        self.entities: dict[str, dict[str, Entity]] = {name: {} for name in BY_TYPE}
        self.by_id: dict[str, tuple[str, str]] = {}
        self.edges: dict[tuple[str, str], dict[str, Any]] = {}
        self.usage: dict[tuple[str, str], int] = {}
        self.joins: dict[tuple[str, str], Any] = {}
        self.ranked: list[tuple[str, str]] = []
        self.pipeline_statuses: dict[str, list[dict[str, Any]]] = {}
        self._clock = clock

    def get(self, type_: str, fqn: str, *, deleted: bool | None = False) -> Entity | None:
        """The entity of that name; ``deleted`` None: whether or not it is."""
        entity = self.entities[type_].get(fqn)
        if entity is None or (deleted is not None and entity["deleted"] is not deleted):
            return None
        return entity

    def get_by_id(self, type_: str, id_: str) -> Entity | None:
        """The entity of that id, also a deleted one."""
        found = self.by_id.get(id_)
        return self.entities[type_].get(found[1]) if found and found[0] == type_ else None

    def exists(self, type_: str, fqn: str) -> bool:
        """Whether there is one that is not deleted."""
        return self.get(type_, fqn) is not None

    def select(self, type_: str, include: str, container: str | None) -> list[Entity]:
        """Those inside ``container``, by name."""
        wanted = {"all": (True, False), "deleted": (True,)}.get(include, (False,))
        prefix = f"{container}." if container else ""
        return [
            entity
            for fqn, entity in sorted(self.entities[type_].items())
            if entity["deleted"] in wanted and fqn.startswith(prefix)
        ]

    def put(
        self, kind: Kind, create: dict[str, Any], user: User, *, override: bool = False
    ) -> tuple[Entity, Change]:
        """Create or update, by the server's rules."""
        fqn = fqn_of(kind, create)
        with self.lock:
            old = self.entities[kind.type].get(fqn)
            new = self._entity(kind, fqn, create, user)
            if old is None:
                new.update(id=str(uuid.uuid4()), version=0.1, deleted=False)
                self.entities[kind.type][fqn] = new
                self.by_id[new["id"]] = (kind.type, fqn)
                return new, "entityCreated"
            new.update(id=old["id"], version=old["version"], deleted=False)
            if user.bot and not override:
                _keep_peoples_work(old, new)
            if _state(new) == _state(old):
                return old, "entityNoChange"
            new["version"] = _next_version(old, new)
            new["changeDescription"] = changes_since(old)
            self.entities[kind.type][fqn] = new
            return new, "entityUpdated"

    def patch(self, type_: str, entity: Entity, changes: dict[str, Any], user: User) -> Entity:
        """Set or remove (None) fields."""
        with self.lock:
            new = {**entity, **changes, "updatedBy": user.name, "updatedAt": self.now()}
            new = {key: value for key, value in new.items() if value is not None}
            new["version"] = round(entity["version"] + 0.1, 1)
            new["changeDescription"] = changes_since(entity)
            self.entities[type_][new["fullyQualifiedName"]] = new
            return new

    def delete(self, type_: str, entity: Entity, *, hard: bool, recursive: bool) -> Entity:
        """Delete it with what is inside. Raises ``Refused`` for a container that is not empty."""
        with self.lock:
            inside = list(self._inside(type_, entity["fullyQualifiedName"]))
            if inside and not recursive:
                raise Refused(400, f"{type_} is not empty")
            for child_type, child in [*inside, (type_, entity)]:
                fqn = child["fullyQualifiedName"]
                if hard:
                    del self.entities[child_type][fqn]
                    del self.by_id[child["id"]]
                else:
                    self.entities[child_type][fqn] = _deleted(child, self.now())
            return _deleted(entity, self.now())

    def now(self) -> int:
        """Milliseconds since the epoch."""
        return int(self._clock() * 1000)

    def _inside(self, type_: str, fqn: str) -> Iterator[tuple[str, Entity]]:
        inner = {
            "databaseService": ("database", "databaseSchema", "table", "storedProcedure"),
            "database": ("databaseSchema", "table", "storedProcedure"),
            "databaseSchema": ("table", "storedProcedure"),
        }
        for name in inner.get(type_, ()):
            for entity in self.select(name, "non-deleted", fqn):
                yield name, entity

    def _entity(self, kind: Kind, fqn: str, create: dict[str, Any], user: User) -> Entity:
        entity = {key: value for key, value in create.items() if value is not None}
        entity.update(fullyQualifiedName=fqn, updatedAt=self.now(), updatedBy=user.name)
        if kind.type == "table":
            entity["columns"] = columns_of(fqn, entity.get("columns") or ())
        if kind.type == "databaseService" and "config" in entity.get("connection", {}):
            config = {"supportsMetadataExtraction": True, **entity["connection"]["config"]}
            entity["connection"] = {"config": config}
        if kind.type == "query":
            entity.setdefault("name", checksum(create["query"]))
        return entity


def changes_since(old: Entity) -> dict[str, Any]:
    """A change description; the fake does not say which fields changed."""
    return {
        "fieldsAdded": [],
        "fieldsUpdated": [],
        "fieldsDeleted": [],
        "previousVersion": old["version"],
    }


def _deleted(entity: Entity, now: int) -> Entity:
    return {
        **entity,
        "deleted": True,
        "updatedAt": now,
        "version": round(entity["version"] + 0.1, 1),
        "changeDescription": changes_since(entity),
    }


def _keep_peoples_work(old: Entity, new: Entity) -> None:
    for key in _HELD_BY_PEOPLE:
        if old.get(key):
            new[key] = old[key]
    new["tags"] = _merged_tags(old, new)
    if not new["tags"]:
        del new["tags"]
    before = {column["name"]: column for column in old.get("columns", ())}
    for column in new.get("columns", ()):
        was = before.get(column["name"])
        if was is not None:
            if was.get("description"):
                column["description"] = was["description"]
            column["tags"] = _merged_tags(was, column)


def _merged_tags(old: Entity, new: Entity) -> list[Any]:
    kept = {tag["tagFQN"]: tag for tag in old.get("tags") or ()}
    return [*kept.values(), *(t for t in new.get("tags") or () if t["tagFQN"] not in kept)]


def _state(entity: Entity) -> Entity:
    ignored = ("version", "updatedAt", "updatedBy", "changeDescription")
    return {key: value for key, value in entity.items() if key not in ignored}


def _next_version(old: Entity, new: Entity) -> float:
    names = {column["name"] for column in new.get("columns", ())}
    removed = any(column["name"] not in names for column in old.get("columns", ()))
    version: float = round(old["version"] + (1.0 if removed else 0.1), 1)
    return version
