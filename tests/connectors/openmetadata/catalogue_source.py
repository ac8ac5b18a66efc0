"""A catalogue of any shape, for whole runs: tables with a foreign key each, in their schemas."""

from __future__ import annotations

from collections.abc import Iterator

from beam_ingest import ConfigModel, Record, Scope, Source, Split
from tests.connectors.openmetadata.support import SERVICE, parents, table


class Catalogue(Source):
    """``tables`` tables in ``schemas`` schemas, gathered in splits of about 2,000 tables."""

    class Config(ConfigModel):
        tables: int
        schemas: int

    config: Config

    def parents(self) -> Iterator[Record]:
        yield from parents(*self._schemas())

    def splits(self) -> Iterator[Split | Scope]:
        of_one = self.config.tables // self.config.schemas
        names = self._schemas()
        for name in names:
            schema = f"{SERVICE}.db.{name}"
            yield Scope(schema, [f"{schema}.t{n}" for n in range(of_one)])
        step = max(1, 2_000 // of_one)
        for start in range(0, len(names), step):
            yield Split(names[start], {"schemas": names[start : start + step]})

    def read(self, split: Split) -> Iterator[Record]:
        for name in split.payload["schemas"]:
            schema = f"{SERVICE}.db.{name}"
            for n in range(self.config.tables // self.config.schemas):
                yield table(f"t{n}", *([f"{schema}.t{n - 1}"] if n % 4 == 3 else []), schema=schema)

    def _schemas(self) -> list[str]:
        return [f"s{n:04}" for n in range(self.config.schemas)]
