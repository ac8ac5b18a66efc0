"""Writing records of all kinds: parents first, then what they hold, then what connects them."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

from beam_ingest.api.codec import decode, encode
from beam_ingest.api.entities import DatabaseService, entity_class
from beam_ingest.api.entities.base import Entity
from beam_ingest.api.errors import RecordError
from beam_ingest.api.outcomes import UNCHANGED, WRITTEN, Outcome, Rejected
from beam_ingest.api.record import Record
from beam_ingest.connectors.openmetadata.bulk_result import RowResult
from beam_ingest.connectors.openmetadata.catalogue import Catalogue
from beam_ingest.connectors.openmetadata.client import Client
from beam_ingest.connectors.openmetadata.fingerprints import Fingerprint, Fingerprints
from beam_ingest.connectors.openmetadata.payload import Json, Row, row_of, row_of_mapping
from beam_ingest.connectors.openmetadata.relations import RelationWriter
from beam_ingest.connectors.openmetadata.routes import COLLECTIONS
from beam_ingest.connectors.openmetadata.sender import Sender
from beam_ingest.connectors.openmetadata.tables import TableWriter
from beam_ingest.connectors.openmetadata.under_way import UnderWay

logger = logging.getLogger(__name__)

_ORDER = ("databaseService", "database", "databaseSchema", "table", "storedProcedure")
_CONTAINERS = ("databaseService", "database", "databaseSchema")
_NO_CONTAINER = re.compile(r"\w+ instance for (.+) not found")
_LINEAGE = "lineage"
_AFTER_TABLES = ("query", "tableUsage", _LINEAGE)

Group = dict[str, Any]
"""Records of one type, by FQN."""


class Writer:
    """Writes to one server. Thread-safe.

    ``fingerprints``: what they hold is not sent; with ``skip_unchanged``, where the server is
    asked for hashes, only lineage is left to them, since the server keeps no hash of an edge.
    """

    def __init__(
        self,
        client: Client,
        sender: Sender,
        catalogue: Catalogue,
        *,
        skip_unchanged: bool,
        with_connection: bool,
        fingerprints: Fingerprints | None = None,
    ) -> None:
        self._client = client
        self._sender = sender
        self._catalogue = catalogue
        self._skip_unchanged = skip_unchanged
        self._with_connection = with_connection
        self._fingerprints = fingerprints
        self._under_way = UnderWay()
        self._owners: dict[tuple[str, str], str | None] = {}
        self._tables = TableWriter(sender, catalogue, self._row, skip_unchanged=skip_unchanged)
        self._relations = RelationWriter(client, sender, catalogue, self._row)

    def write(self, records: Sequence[Record], *, last: bool) -> list[Outcome]:
        """One outcome a record, in order.

        ``last``: nothing that others wait for is still to come, so tables are not deferred and
        lineage is written. A name that comes twice is sent once, as it came last.
        """
        groups: dict[str, Group] = {}
        keys = [self._group(record, groups) for record in records]
        outcomes: dict[str, dict[str, Outcome]] = {type_: {} for type_ in groups}
        early = _take_early(groups) if last else {}
        with ThreadPoolExecutor(1, thread_name_prefix="lineage") as pool:
            edges = pool.submit(self._write, _LINEAGE, early, last) if early else None
            coming = {type_: ExitStack() for type_ in _CONTAINERS if type_ in groups}
            for type_, stack in coming.items():
                stack.enter_context(self._under_way.of(groups[type_]))
            try:
                for type_ in (*_ORDER, *groups.keys() - {*_ORDER, *_AFTER_TABLES}, *_AFTER_TABLES):
                    if type_ in groups:
                        outcomes[type_] |= self._write(type_, groups[type_], last)
                    if type_ in coming:
                        coming[type_].close()
            finally:
                for stack in coming.values():
                    stack.close()
            if edges is not None:
                outcomes[_LINEAGE] |= edges.result()
        return [key if isinstance(key, Rejected) else outcomes[key[0]][key[1]] for key in keys]

    def _write(self, type_: str, group: Group, last: bool) -> dict[str, Outcome]:
        handler = self._handler(type_, last)
        if type_ == _LINEAGE and not last:
            # Tables and the lineage of views follow each other closely, often in two batches.
            ends = {fqn for edge in group.values() for fqn in (edge.from_fqn, edge.to_fqn)}
            self._tables.wait_for(ends)
        if self._fingerprints is None or (self._skip_unchanged and type_ != _LINEAGE):
            return handler(group)
        outcomes: dict[str, Outcome] = {}
        written: list[Fingerprint] = []
        for name, entity in group.items():
            if isinstance(entity, Entity):
                source_hash = entity.source_hash
                if self._fingerprints.holds(type_, name, source_hash) and (
                    not self._skip_unchanged or self._were_there(entity)
                ):
                    outcomes[name] = UNCHANGED
                    written.append((type_, name, source_hash))
                    self._catalogue.trust(type_, name, source_hash)
        rest = {name: record for name, record in group.items() if name not in outcomes}
        if rest:
            self._fingerprints.sending(type_, rest)
            outcomes |= handler(rest)
        for name, record in rest.items():
            if isinstance(record, Entity) and outcomes[name] in (WRITTEN, UNCHANGED):
                # As it was sent: a table may have gone without one of its keys.
                sent = self._catalogue.hash_of(type_, name) or record.source_hash
                written.append((type_, name, sent))
        self._fingerprints.add(written)
        done = {name for _, name, _ in written}
        self._fingerprints.not_taken(type_, (name for name in rest if name not in done))
        return outcomes

    def _group(self, record: Record, groups: dict[str, Group]) -> tuple[str, str] | Rejected:
        if isinstance(record, dict) and entity_class(str(record.get("entityType"))):
            try:
                record = decode(encode(record))
            except RecordError as error:
                return Rejected(error.message)
        if isinstance(record, Entity):
            type_, name = record.entity_type, record.fqn
        else:
            type_, name = str(record.get("entityType")), str(record.get("fullyQualifiedName"))
            if type_ not in COLLECTIONS or not isinstance(record.get("entity"), dict):
                return Rejected(
                    "it is no entity: a mapping needs entityType, fullyQualifiedName and entity"
                )
        groups.setdefault(type_, {})[name] = record
        return type_, name

    def _handler(self, type_: str, last: bool) -> Callable[[Group], dict[str, Outcome]]:
        if type_ == "databaseService":
            return self._services
        if type_ == "table":
            return self._tables.write_all if last else self._tables.write
        if type_ == "query":
            return self._relations.queries
        if type_ == "tableUsage":
            return self._relations.usage
        if type_ == "lineage":
            return self._relations.edges if last else self._relations.edges_soon
        return lambda group: self._plain(type_, group)

    def _were_there(self, edge: Any) -> bool:
        # Of a table that was made anew the server knows no lineage any more.
        return self._catalogue.was_there(
            edge.from_type, edge.from_fqn
        ) and self._catalogue.was_there(edge.to_type, edge.to_fqn)

    def _services(self, services: Mapping[str, DatabaseService]) -> dict[str, Outcome]:
        # A service that is there keeps its connection: ours has no secret in it, and would
        # replace one that has.
        collection = COLLECTIONS["databaseService"]
        there = {name: self._client.get(collection, name, include="all") for name in services}
        outcomes: dict[str, Outcome] = {}
        for name, held in there.items():
            wanted = services[name].service_type
            if held is None or held.get("deleted"):
                continue  # a deleted one is restored by writing it
            outcomes[name] = UNCHANGED
            if held.get("serviceType") != wanted:
                outcomes[name] = Rejected(
                    f"the server has a service {name} of type {held.get('serviceType')}, "
                    f"not {wanted}: choose another serviceName"
                )
        new = {name: service for name, service in services.items() if name not in outcomes}
        written = self._send("databaseService", map(self._row, new.values()))
        for name, outcome in written.items():
            if outcome == WRITTEN and there[name] is None:
                self._catalogue.made(name)
        return outcomes | written

    def _plain(self, type_: str, group: Group) -> dict[str, Outcome]:
        outcomes: dict[str, Outcome] = {}
        if self._skip_unchanged and COLLECTIONS[type_].hashed:
            held = self._catalogue.look_up(type_, group)
            outcomes = {
                name: UNCHANGED
                for name, entity in group.items()
                if name in held and held[name].source_hash == entity.source_hash
            }
            self._catalogue.confirm(type_, outcomes)
        rows = (
            self._row(record) if isinstance(record, Entity) else row_of_mapping(record)
            for name, record in group.items()
            if name not in outcomes
        )
        return outcomes | self._send(type_, rows)

    def _send(self, type_: str, rows: Any) -> dict[str, Outcome]:
        sent = list(rows)
        outcomes: dict[str, Outcome] = {}
        results = self._sender.send(COLLECTIONS[type_], sent)
        early = {row.fqn: row for row in sent if self._came_too_early(results[row.fqn])}
        results.update(self._sender.send(COLLECTIONS[type_], list(early.values())))
        for row in sent:
            result = results[row.fqn]
            outcomes[row.fqn] = WRITTEN if result is None else Rejected(result.message)
            if result is None:
                self._catalogue.note(type_, row.fqn, row.source_hash)
        return outcomes

    def _came_too_early(self, result: RowResult) -> bool:
        # Its container may be in another batch of the parents, which is under way too.
        refused = _NO_CONTAINER.fullmatch(result.message) if result is not None else None
        if refused is None:
            return False
        self._under_way.wait_for([refused[1]])
        return any(self._catalogue.known(type_, refused[1]) for type_ in _CONTAINERS)

    def _row(self, entity: Entity) -> Row:
        return row_of(entity, self._owner_id, with_connection=self._with_connection)

    def _owner_id(self, reference: Json) -> str | None:
        type_ = str(reference.get("type"))
        name = str(reference.get("fullyQualifiedName") or reference.get("name"))
        key = type_, name
        if key not in self._owners:
            collection = COLLECTIONS.get(type_)
            found = self._client.get(collection, name) if collection else None
            self._owners[key] = found["id"] if found else None
            if found is None:
                logger.warning("the owner %s %s is not on the server and is left out", type_, name)
        return self._owners[key]


def _take_early(groups: dict[str, Group]) -> Group:
    """Take the edges out of ``groups`` whose ends nothing in it is about to write."""
    coming = {name for type_, group in groups.items() if type_ != _LINEAGE for name in group}
    if not coming or _LINEAGE not in groups:
        return {}
    edges = groups[_LINEAGE]
    early = {
        name: edge
        for name, edge in edges.items()
        if edge.from_fqn not in coming and edge.to_fqn not in coming
    }
    groups[_LINEAGE] = {name: edge for name, edge in edges.items() if name not in early}
    return early
