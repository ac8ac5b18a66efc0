"""Reading a whole source as plain Python: what every test of a SQL system starts with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from beam_ingest.api.codec import encode
from beam_ingest.api.component import Context
from beam_ingest.api.entities import Entity, LineageEdge, StoredProcedure, Table
from beam_ingest.api.source import Scope, Split
from beam_ingest.api.source_config import DatabaseMetadata
from beam_ingest.connectors.sql.catalogue import Catalogue
from beam_ingest.connectors.sql.source import SqlSource
from tests.connectors.narrow import entities

S = TypeVar("S", bound=SqlSource)
C = TypeVar("C", bound=Catalogue)


@dataclass
class Read:
    """Everything a source gave, by fully qualified name where it has one."""

    parents: list[Entity] = field(default_factory=list)
    splits: list[Split] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)
    tables: dict[str, Table] = field(default_factory=dict)
    procedures: dict[str, StoredProcedure] = field(default_factory=dict)
    edges: dict[str, LineageEdge] = field(default_factory=dict)

    def scope(self, fqn: str, entity_type: str = "table") -> Scope:
        (found,) = [s for s in self.scopes if s.fqn == fqn and s.entity_type == entity_type]
        return found

    def table(self, name: str) -> Table:
        (found,) = [table for table in self.tables.values() if table.name == name]
        return found


@contextmanager
def opened(source: S) -> Iterator[S]:
    try:
        source.open()
        yield source
    finally:
        source.close()


def make(
    cls: type[S],
    connection: dict[str, Any],
    source_config: dict[str, Any] | None = None,
    service: str = "svc",
) -> S:
    """The source for a connection and a ``sourceConfig`` as they stand in YAML."""
    options = DatabaseMetadata.model_validate(source_config or {})
    context = Context(service_name=service, source_config=options)
    return cls(cls.Config.model_validate(connection), context)


def catalogue_of(cls: type[C], source: SqlSource) -> C:
    """The catalogue of an opened source, which is of this class."""
    assert isinstance(source.catalogue, cls)
    return source.catalogue


def read_all(source: SqlSource) -> Read:
    """List it, read every split, and encode every record: an entity of wrong types raises."""
    read = Read()
    with opened(source):
        read.parents.extend(entities(source.parents()))
        for item in source.splits():
            if isinstance(item, Split):
                read.splits.append(item)
            else:
                read.scopes.append(item)
        for split in read.splits:
            for record in entities(source.read(split)):
                encode(record)
                _put(read, record)
    for parent in read.parents:
        encode(parent)
    return read


def _put(read: Read, record: Entity) -> None:
    places: dict[type[Entity], dict[str, Any]] = {
        Table: read.tables,
        StoredProcedure: read.procedures,
        LineageEdge: read.edges,
    }
    place = places[type(record)]
    assert record.fqn not in place, f"{record.fqn} came twice"
    assert type(record).model_validate(record.to_dict()) == record, "not a valid entity"
    place[record.fqn] = record
