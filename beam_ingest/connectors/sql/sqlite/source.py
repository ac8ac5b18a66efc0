"""The source ``sqlite``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from beam_ingest.api.component import Check
from beam_ingest.connectors.sql.catalogue import Reading
from beam_ingest.connectors.sql.source import SqlSource
from beam_ingest.connectors.sql.sqlite.catalogue import SCHEMA, SqliteCatalogue
from beam_ingest.connectors.sql.sqlite.config import SqliteConfig
from beam_ingest.connectors.sql.sqlite.connection import connect


class SqliteSource(SqlSource):
    """Reads a SQLite file: tables, views, columns, keys; never writes to it."""

    Config = SqliteConfig
    service_type: ClassVar[str] = "SQLite"
    sql_dialect: ClassVar[str] = "sqlite"
    config: SqliteConfig

    def make_catalogue(self, reading: Reading) -> SqliteCatalogue:
        """The catalogue of the file."""
        return SqliteCatalogue(reading, self.config)

    def public_connection(self) -> dict[str, Any]:
        """Type and file."""
        return {
            "type": self.service_type,
            "scheme": self.config.scheme,
            "databaseMode": self.config.database_mode,
        }

    def checks(self) -> Iterable[Check]:
        """Open the file, list its tables, read its columns."""
        return (
            Check("open the file", self._check_open),
            Check("list tables and views", self._check_list),
            Check("read columns", self._check_columns),
        )

    def _check_open(self) -> str:
        connect(self.config).close()
        return self.config.database_mode

    def _check_list(self) -> str:
        relations = self._listed()
        views = sum(is_view for _, is_view in relations)
        return f"{len(relations) - views} tables, {views} views"

    def _check_columns(self) -> str:
        names = [name for name, _ in self._listed()][:1]
        catalogue = self.make_catalogue(self.reading())
        try:
            return f"{sum(len(table.columns) for table in catalogue.tables('', {SCHEMA: names}))}"
        finally:
            catalogue.close()

    def _listed(self) -> list[tuple[str, bool]]:
        catalogue = self.make_catalogue(self.reading())
        try:
            (listing,) = catalogue.listing("", [SCHEMA])
            return [(relation.name, relation.is_view) for relation in listing.relations]
        finally:
            catalogue.close()
