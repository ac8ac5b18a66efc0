"""The source ``metadata``: reads entities back out of an OpenMetadata server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any, ClassVar

from beam_ingest.api.component import Check
from beam_ingest.api.config_model import ConfigModel
from beam_ingest.api.errors import RecordError
from beam_ingest.api.filters import passes
from beam_ingest.api.record import Record, Unreadable
from beam_ingest.api.server import OpenMetadataServer
from beam_ingest.api.source import Scope, Source, Split
from beam_ingest.connectors.openmetadata.checks import server_checks
from beam_ingest.connectors.openmetadata.client import Client
from beam_ingest.connectors.openmetadata.connect import connect
from beam_ingest.connectors.openmetadata.entity_reader import read_entity
from beam_ingest.connectors.openmetadata.relation_reader import WITH_LINEAGE, RelationReader
from beam_ingest.connectors.openmetadata.routes import COLLECTIONS
from beam_ingest.connectors.openmetadata.source_config import (
    RELATIONS,
    MetadataSourceConfig,
    MetadataSourceConnection,
)
from beam_ingest.http import HttpSession

_PAGES_A_SPLIT = 5
"""A database with more pages of tables is read by its schemas, unless these are small."""

_SCHEMAS_A_SPLIT = 10
_PARENTS = ("database", "databaseSchema")


class MetadataSource(Source):
    """Reads by pages, split by container. Its records, written by ``metadata-rest`` to another
    server, make the same databases, schemas, tables, procedures, queries, lineage and daily
    counts of usage there.

    Joins (the server sums them over days), profiles and the pipelines that edges name are not
    read. It yields no scopes, so nothing is retired.
    """

    class Config(MetadataSourceConnection):
        """Keys of ``openMetadataServerConfig``, where another server is to be read."""

    SourceConfig: ClassVar[type[ConfigModel]] = MetadataSourceConfig
    config: MetadataSourceConnection
    _session: HttpSession | None = None

    def open(self) -> None:
        """Connect; the first request is made when something is read."""
        self._session = connect(self._server(), connections=self.context.settings.concurrency)
        self._client = Client(self._session, self.config.api_version)
        concurrency = self.context.settings.concurrency
        deleted = self._options.include != "non-deleted"
        self._relations = RelationReader(self._client, concurrency, deleted=deleted)

    def close(self) -> None:
        """End the session."""
        if self._session is not None:
            self._session.close()

    def checks(self) -> Iterable[Check]:
        """Reach the server, see that the token is good."""
        return server_checks(self._server())

    def parents(self) -> Iterator[Record]:
        """Services, then databases, then schemas, as far as they were asked for."""
        services = [type_ for type_ in self._types if type_.endswith("Service")]
        for type_ in (*services, *(type_ for type_ in _PARENTS if type_ in self._types)):
            for entity in self._list(type_, {}):
                record = read_entity(type_, entity)
                if isinstance(record, Unreadable):
                    raise RecordError(f"{record.where} cannot be read: {record.why}")
                yield record

    def splits(self) -> Iterator[Split | Scope]:
        """Tables by database, or by groups of schemas; one split for each other type."""
        relations = [type_ for type_ in RELATIONS if type_ in self._types]
        for type_ in self._types:
            if type_ in RELATIONS or type_ in _PARENTS or type_.endswith("Service"):
                continue
            splits = [Split(type_, {"type": type_, "containers": [{}]})]
            if type_ == "table":
                found = self._list("database", {}, fields=())
                databases = [database["fullyQualifiedName"] for database in found]
                splits = [split for name in databases for split in self._table_splits(name)]
            yield from splits
            for relation in relations:
                if type_ in (WITH_LINEAGE if relation == "lineage" else ("table",)):
                    for split in splits:
                        yield Split(f"{relation} of {split.key}", {**split.payload, "of": relation})

    def read(self, split: Split) -> Iterator[Record | Unreadable]:
        """The entities of the split, page by page."""
        type_ = split.payload["type"]
        relation = split.payload.get("of")
        for container in split.payload["containers"]:
            if relation == "lineage":
                entities = self._list(type_, container, fields=())
                yield from self._relations.lineage(type_, entities)
            elif relation == "tableUsage":
                tables = self._list(type_, container, fields=("usageSummary",))
                yield from self._relations.usage(tables)
            else:
                for entity in self._list(type_, container):
                    yield read_entity(type_, entity)

    @cached_property
    def _options(self) -> MetadataSourceConfig:
        given = self.context.source_config
        return given if isinstance(given, MetadataSourceConfig) else MetadataSourceConfig()

    @cached_property
    def _types(self) -> list[str]:
        options = self._options
        chosen = "entity_types" in options.model_fields_set
        if options.type == "MetadataToElasticSearch" and not chosen:
            # To be indexed: an edge has no document of its own, and costs a request each to read.
            return [type_ for type_ in options.entity_types if type_ not in RELATIONS]
        return options.entity_types

    def _server(self) -> OpenMetadataServer | None:
        server: OpenMetadataServer | None = self.context.server
        return self.config if self.config.host_port else server

    def _table_splits(self, database: str) -> Iterator[Split]:
        within = {"database": database}
        tables = self._client.total(COLLECTIONS["table"], within, self._options.include)
        page = self._options.page_size
        if tables > _PAGES_A_SPLIT * page:
            schemas = self._list("databaseSchema", within, fields=())
            names = [schema["fullyQualifiedName"] for schema in schemas]
            if tables > len(names) * page // 2:
                for start in range(0, len(names), _SCHEMAS_A_SPLIT):
                    group = names[start : start + _SCHEMAS_A_SPLIT]
                    containers = [{"databaseSchema": name} for name in group]
                    yield Split(group[0], {"type": "table", "containers": containers})
                return
        yield Split(database, {"type": "table", "containers": [within]})

    def _list(
        self, type_: str, container: dict[str, str], *, fields: tuple[str, ...] | None = None
    ) -> Iterator[dict[str, Any]]:
        options, collection = self._options, COLLECTIONS[type_]
        if fields is None:
            fields = collection.fields if options.fields is None else tuple(options.fields)
        pages = self._client.pages(
            collection, container, fields=fields, include=options.include, limit=options.page_size
        )
        for page in pages:
            yield from (entity for entity in page.items if self._is_chosen(type_, entity))

    def _is_chosen(self, type_: str, entity: dict[str, Any]) -> bool:
        options = self._options
        service = entity if type_.endswith("Service") else entity.get("service")
        database = entity if type_ == "database" else entity.get("database")
        schema = entity if type_ == "databaseSchema" else entity.get("databaseSchema")
        table = entity if type_ == "table" else None
        return all(
            not named or passes(pattern, named["name"])
            for pattern, named in (
                (options.service_filter_pattern, service),
                (options.database_filter_pattern, database),
                (options.schema_filter_pattern, schema),
                (options.table_filter_pattern, table),
            )
        )
