"""Retiring: soft-deleting what the server holds in a scope and its complete listing lacks."""

from __future__ import annotations

from typing import Any

from beam_ingest.api import fqn
from beam_ingest.api.errors import IngestError
from beam_ingest.api.outcomes import Retired
from beam_ingest.api.source import Scope
from beam_ingest.api.source_config import DatabaseMetadata
from beam_ingest.connectors.openmetadata.catalogue import Catalogue
from beam_ingest.connectors.openmetadata.client import Client
from beam_ingest.connectors.openmetadata.fingerprints import Fingerprints
from beam_ingest.connectors.openmetadata.routes import COLLECTIONS, Collection
from beam_ingest.http import RequestRefused

_BY_DEPTH = {1: "service", 2: "database", 3: "databaseSchema"}

_BY_ID = 20
"""Up to so many are deleted one by one; more by one request, where the server takes it."""


def retire(
    client: Client,
    catalogue: Catalogue,
    scope: Scope,
    source_config: Any,
    fingerprints: Fingerprints | None = None,
) -> Retired | None:
    """Soft-delete what is gone from ``scope``; None where the workflow does not want it.

    What this run came with is never gone, whatever the listing calls it (a processor may have
    renamed it), as far as this process knows of it. Where ``fingerprints`` say what the last
    complete run left there, the server is not asked, unless much of it is gone. Raises
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
    deleted = _retired(client, catalogue, scope, held, gone) if gone else 0
    if fingerprints is not None:
        left = held.difference(gone)
        fingerprints.cleaned(
            type_, scope.fqn, (name for name in left if not catalogue.seen(type_, name))
        )
    return Retired(deleted)


def _retired(
    client: Client, catalogue: Catalogue, scope: Scope, held: set[str], gone: list[str]
) -> int:
    collection = COLLECTIONS[scope.entity_type]
    stay = sorted({*scope.names, *held}.difference(gone))
    deleted = None
    # With an empty list the server deletes nothing.
    if len(gone) > _BY_ID and stay and client.has_delete_stale():
        deleted = _delete_stale(client, collection, scope.fqn, stay)
    if deleted is None:
        deleted = sum(_delete(client, catalogue, collection, name) for name in gone)
    for name in gone:
        catalogue.forget(scope.entity_type, name)
    return deleted


def _delete(client: Client, catalogue: Catalogue, collection: Collection, name: str) -> bool:
    held = catalogue.look_up(collection.entity_type, [name]).get(name)
    return bool(held and held.id and client.delete(collection, held.id))


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
