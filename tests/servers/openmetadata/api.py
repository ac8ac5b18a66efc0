"""The routes of the API: who may, which entity, what is done with it."""

from __future__ import annotations

import base64
import re
import time
from typing import Any

from tests.servers.openmetadata import rows, schema
from tests.servers.openmetadata.bulk import put_bulk
from tests.servers.openmetadata.faults import Fault
from tests.servers.openmetadata.kinds import BY_COLLECTION, Kind
from tests.servers.openmetadata.message import NOT_ALLOWED, NOT_FOUND, Reply, Request, refusal
from tests.servers.openmetadata.relations import Relations
from tests.servers.openmetadata.render import Renderer
from tests.servers.openmetadata.rows import Refused
from tests.servers.openmetadata.store import Entity, Store
from tests.servers.openmetadata.usage import Usage

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Api:
    """What the server answers, by version: no bulk before 1.11, no deleteStale before 2.0."""

    def __init__(self, store: Store, url: str, version: str, put_seconds: float) -> None:
        self._store = store
        self._renderer = Renderer(store, url)
        self._version = version
        self._put_seconds = put_seconds
        major, minor = (int(part) for part in version.split(".")[:2])
        self._has_bulk = (major, minor) >= (1, 11)
        self._is_2 = major >= 2
        self._usage = Usage(store, self._renderer)
        self._relations = Relations(store, self._renderer, by_name=self._is_2)

    def answer(self, request: Request, fault: Fault | None) -> Reply:
        """The answer to a request of a known user."""
        try:
            return self._route(request, fault)
        except Refused as refused:
            return refusal(refused.status, refused.message)
        except schema.Malformed as malformed:
            if request.path.endswith("/bulk"):
                return refusal(400, str(malformed))
            return Reply(400, str(malformed), {"Content-Type": "text/plain"})

    def _route(self, request: Request, fault: Fault | None) -> Reply:
        parts = request.parts
        if parts[:3] == ("v1", "system", "version"):
            return Reply(200, {"version": self._version, "revision": "fake", "timestamp": 0})
        if parts[:3] == ("v1", "users", "login"):
            return refusal(401, "You have entered an invalid username or password.")
        if parts[:2] == ("v1", "lineage"):
            return self._relations.lineage(request)
        if parts[:2] == ("v1", "usage") and len(parts) >= 4:
            return self._usage.answer(request)
        if parts[:3] == ("v1", "search", "query"):
            return self._relations.search(request)
        for size in (2, 3):
            kind = BY_COLLECTION.get("/".join(parts[1:size]))
            if parts[0] == "v1" and kind is not None:
                return self._collection(kind, parts[size:], request, fault)
        return NOT_FOUND

    def _collection(
        self, kind: Kind, rest: tuple[str, ...], request: Request, fault: Fault | None
    ) -> Reply:
        if not rest:
            if request.method == "GET":
                return self._list(kind, request)
            return self._put(kind, request) if request.method == "PUT" else NOT_ALLOWED
        if rest == ("bulk",):
            if not kind.bulk or not self._has_bulk:
                return NOT_FOUND
            if request.method != "PUT":
                return NOT_ALLOWED
            override = self._is_2 and request.flag("overrideMetadata")
            return put_bulk(self._store, kind, request, fault, override)
        if rest == ("deleteStale",):
            if request.method != "DELETE":
                return NOT_ALLOWED
            return self._delete_stale(kind, request) if self._is_2 else NOT_FOUND
        if rest[0] == "name" and len(rest) == 2:
            if request.method not in ("GET", "DELETE", "PATCH"):
                return NOT_ALLOWED
            return self._one(kind, self._by_name(kind, rest[1], request), request)
        if kind.type == "ingestionPipeline" and rest[1:] == ("pipelineStatus",):
            return self._relations.pipeline_status(rest[0], request)
        if not _UUID.fullmatch(rest[0]):
            return NOT_FOUND
        entity = self._store.get_by_id(kind.type, rest[0])
        if entity is None or (entity["deleted"] and request.query.get("include") is None):
            raise Refused(404, f"{kind.type} instance for {rest[0]} not found")
        return self._part(kind, entity, rest[1:], request)

    def _part(self, kind: Kind, entity: Entity, rest: tuple[str, ...], request: Request) -> Reply:
        if not rest:
            return self._one(kind, entity, request)
        if request.method != "PUT":
            return NOT_ALLOWED
        if rest == ("joins",):
            return self._usage.joins(entity, request)
        if rest == ("sampleData",):
            shown = {**self._renderer.show(kind, entity), "sampleData": request.json()}
            del shown["href"]
            return Reply(200, shown)
        if kind.type == "query" and rest in (("usage",), ("users",), ("usedBy",)):
            field = {"usage": "queryUsedIn"}.get(rest[0], rest[0])
            old = entity.get(field, [])
            new = [*old, *(item for item in request.json() if item not in old)]
            changed = self._store.patch(kind.type, entity, {field: new}, request.user)
            return Reply(200, self._renderer.show(kind, changed))
        return NOT_FOUND

    def _by_name(self, kind: Kind, fqn: str, request: Request) -> Entity:
        deleted = {"all": None, "deleted": True}.get(request.query.get("include", ""), False)
        entity = self._store.get(kind.type, fqn, deleted=deleted)
        if entity is None:
            raise Refused(404, f"{kind.type} instance for {fqn} not found")
        return entity

    def _one(self, kind: Kind, entity: Entity, request: Request) -> Reply:
        if request.method == "GET":
            shown = self._renderer.show(kind, entity, _fields(kind, request))
            return Reply(200, shown, {"ETag": f'"{entity["version"]}"'})
        self._allow(request, "EditAll")
        if request.method == "DELETE":
            gone = self._store.delete(
                kind.type,
                entity,
                hard=request.flag("hardDelete"),
                recursive=request.flag("recursive"),
            )
            shown = self._renderer.whole(kind, gone)
            shown["incrementalChangeDescription"] = gone["changeDescription"]
            del shown["href"]
            change = "entityDeleted" if request.flag("hardDelete") else "entitySoftDeleted"
            return Reply(200, shown, {"X-OpenMetadata-Change": change})
        if request.method == "PATCH":
            changes = {
                operation["path"].lstrip("/"): operation.get("value")
                for operation in _json_patch(request)
            }
            changed = self._store.patch(kind.type, entity, changes, request.user)
            answer = self._renderer.whole(kind, changed)
            answer["incrementalChangeDescription"] = changed["changeDescription"]
            return Reply(200, answer, {"X-OpenMetadata-Change": "entityUpdated"})
        return NOT_ALLOWED

    def _put(self, kind: Kind, request: Request) -> Reply:
        create = request.json()
        schema.check(kind.create or "", create)
        rows.check_names(kind, create)
        rows.check_parent(kind, create, self._store.exists, status=404)
        if kind.type == "table":
            rows.check_table(create, self._store.exists)
        fqn = rows.fqn_of(kind, create)
        before = self._store.get(kind.type, fqn, deleted=None)
        self._allow(request, "EditAll" if before else "Create")
        if self._put_seconds:
            time.sleep(self._put_seconds)
        with self._store.lock:
            if before is None and self._store.get(kind.type, fqn, deleted=None) is not None:
                return refusal(409, "Entity already exists")
            entity, change = self._store.put(kind, create, request.user)
        return Reply(
            201 if change == "entityCreated" else 200,
            self._renderer.changed(kind, entity, change, before),
            {"X-OpenMetadata-Change": change},
        )

    def _list(self, kind: Kind, request: Request) -> Reply:
        fields = _fields(kind, request)
        container = next(
            (request.query[name] for name in kind.filters if name in request.query), ""
        )
        limit = int(request.query.get("limit", "10"))
        if not 0 <= limit <= 1_000_000:
            raise Refused(400, "[query param limit must be less than or equal to 1000000]")
        after = request.query.get("after")
        start = int(base64.b64decode(after)) if after else 0
        with self._store.lock:
            found = self._store.select(
                kind.type, request.query.get("include", "non-deleted"), container
            )
        page = found[start : start + limit]
        paging: dict[str, Any] = {"total": len(found)}
        if limit and start + limit < len(found):
            paging["after"] = base64.b64encode(str(start + limit).encode()).decode()
        data = [self._renderer.show(kind, entity, fields) for entity in page]
        return Reply(200, {"data": data, "paging": paging})

    def _delete_stale(self, kind: Kind, request: Request) -> Reply:
        self._allow(request, "Delete")
        body = request.json()
        schema.check("BulkDeleteStale", body)
        seen = set(body["seenFqns"])
        stale = [
            entity
            for entity in self._store.select(kind.type, "non-deleted", body["scopeFqn"])
            if seen and entity["fullyQualifiedName"] not in seen
        ]
        if not body.get("dryRun"):
            for entity in stale:
                self._store.delete(
                    kind.type,
                    entity,
                    hard=body.get("hardDelete", False),
                    recursive=body.get("recursive", True),
                )
        return Reply(
            200,
            {
                "dryRun": body.get("dryRun", False),
                "status": "success",
                "numberOfRowsProcessed": len(stale),
                "numberOfRowsPassed": len(stale),
                "numberOfRowsFailed": 0,
                "successRequest": [
                    {"request": entity["fullyQualifiedName"], "status": 200} for entity in stale
                ],
                "failedRequest": [],
            },
        )

    def _allow(self, request: Request, operation: str) -> None:
        user = request.user
        if not user.may_write:
            raise Refused(
                403,
                f"Principal: CatalogPrincipal{{name='{user.name}'}} "
                f"operations [{operation}] not allowed",
            )


def _fields(kind: Kind, request: Request) -> frozenset[str]:
    fields = frozenset(name for name in request.query.get("fields", "").split(",") if name)
    unknown = sorted(fields - kind.optional)
    if unknown:
        raise Refused(400, f"Invalid field name {unknown[0]}")
    return fields


def _json_patch(request: Request) -> list[dict[str, Any]]:
    if request.content_type != "application/json-patch+json":
        raise Refused(415, "HTTP 415 Unsupported Media Type")
    as_json = Request(**{**request.__dict__, "content_type": "application/json"})
    operations: list[dict[str, Any]] = as_json.json()
    return operations
