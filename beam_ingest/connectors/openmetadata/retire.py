"""Retiring: soft-deleting what the server holds in a scope and its complete listing lacks."""

from __future__ import annotations

import logging
from typing import Any

from beam_ingest.api import fqn
from beam_ingest.api.errors import IngestError
from beam_ingest.api.outcomes import Retired
from beam_ingest.api.source import Scope
from beam_ingest.api.source_config import DatabaseMetadata
from beam_ingest.connectors.openmetadata.catalogue import Catalogue
from beam_ingest.connectors.openmetadata.client import Client, Json
from beam_ingest.connectors.openmetadata.containers import container_parameter
from beam_ingest.connectors.openmetadata.fingerprints import Fingerprints
from beam_ingest.connectors.openmetadata.routes import COLLECTIONS, Collection
from beam_ingest.http import RequestRefused

logger = logging.getLogger(__name__)

_BY_DEPTH = {1: "service", 2: "database", 3: "databaseSchema"}

_BY_ID = 20
"""Up to so many are deleted one by one; more by one request, where the server takes it."""


def retire(
    client: Client,
    catalogue: Catalogue,
    scope: Scope,
    source_config: Any,
    fingerprints: Fingerprints | None = None,
    *,
    since: float,
) -> Retired | None:
    """Soft-delete what is gone from ``scope``; None where the workflow does not want it.

    What this run came with is never gone, whatever the listing calls it (a processor may have
    renamed it), as far as this process knows of it. Where ``fingerprints`` say what the last
    complete run left there, the server is not asked, unless much of it is gone. Nor is gone what
    was written at ``since`` (by this machine's clock) or later: another run has found it. Raises
    ``RetireRefused``, and ``IngestError`` where the server refuses.
    """
    if scope.failed is not None or scope.entity_type not in COLLECTIONS:
        return None
    if isinstance(source_config, DatabaseMetadata) and not source_config.retires(scope.entity_type):
        return None
    type_ = scope.entity_type
    held = fingerprints.contents(type_, scope.fqn) if fingerprints is not None else None
    if held is None or len(held.difference(scope.names)) > _BY_ID:
        held = set(catalogue.contents(type_, scope.fqn))
    gone = [name for name in scope.gone(held) if not catalogue.seen(type_, name)]
    deleted = 0
    if gone:
        now = _read_now(client, scope, gone)
        gone = _not_written(client, scope, gone, now, since)
        deleted = _retired(client, catalogue, scope, held | now.keys(), gone, now)
    if fingerprints is not None:
        left = held.difference(gone)
        fingerprints.cleaned(
            type_, scope.fqn, (name for name in left if not catalogue.seen(type_, name))
        )
    return Retired(deleted)


def _read_now(client: Client, scope: Scope, gone: list[str]) -> dict[str, Json]:
    # What is known may be from the run's begin; another may have written since.
    collection = COLLECTIONS[scope.entity_type]
    if len(gone) <= _BY_ID:
        read = [client.get(collection, name) for name in gone]
        return {entity["fullyQualifiedName"]: entity for entity in read if entity is not None}
    pages = client.pages(collection, container_parameter(collection, scope.fqn))
    return {
        entity["fullyQualifiedName"]: entity
        for page in pages
        for entity in page.items
        if fqn.parent_of(entity["fullyQualifiedName"]) == scope.fqn
    }


def _not_written(
    client: Client, scope: Scope, gone: list[str], now: dict[str, Json], since: float
) -> list[str]:
    begun = 1000 * (since + client.ahead)
    left = [name for name in gone if name not in now or now[name].get("updatedAt", 0) < begun]
    if len(left) < len(gone):
        logger.warning(
            "%s: %d that are not in this run's listing were written since it began, and are left "
            "alone; a later run retires them if they are gone",
            scope.fqn, len(gone) - len(left),
        )  # fmt: skip
    return left


def _retired(
    client: Client,
    catalogue: Catalogue,
    scope: Scope,
    held: set[str],
    gone: list[str],
    now: dict[str, Json],
) -> int:
    collection = COLLECTIONS[scope.entity_type]
    stay = sorted({*scope.names, *held}.difference(gone))
    deleted = None
    # With an empty list the server deletes nothing.
    if len(gone) > _BY_ID and stay and client.has_delete_stale():
        deleted = _delete_stale(client, collection, scope.fqn, stay)
    if deleted is None:
        deleted = sum(client.delete(collection, now[name]["id"]) for name in gone if name in now)
    for name in gone:
        catalogue.forget(scope.entity_type, name)
    return deleted


def _delete_stale(
    client: Client, collection: Collection, container: str, stay: list[str]
) -> int | None:
    request = {
        "scopeFqn": container,
        "scopeEntityType": _BY_DEPTH.get(len(fqn.split(container)), "databaseSchema"),
        "seenFqns": stay,
        "dryRun": False,
        "hardDelete": False,
        "recursive": True,
    }
    try:
        answer = client.delete_stale(collection, request)
    except RequestRefused as refused:
        raise IngestError(f"{container}: {refused.message}") from None
    if answer is None:
        return None
    failed = answer.get("failedRequest") or ()
    if failed:
        raise IngestError(
            f"{container}: {len(failed)} were not deleted, the first because: "
            f"{failed[0].get('message')}"
        )
    return int(answer.get("numberOfRowsPassed") or 0)
