"""The stage ``table-usage``: parsed queries, combined by table and day."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field

from beam_ingest.api.config_model import ConfigModel, Ignored
from beam_ingest.api.errors import RecordError
from beam_ingest.api.record import Record
from beam_ingest.api.stage import Partial, Stage
from beam_ingest.connectors.openmetadata.usage import partials
from beam_ingest.connectors.openmetadata.usage.lines import line_of
from beam_ingest.connectors.openmetadata.usage.recipe import Recipe
from beam_ingest.connectors.openmetadata.usage.table_totals import TableTotals

_REMEMBERED = 60_000
"""Recipes that are kept; then they are made anew."""


class TableUsageStage(Stage):
    """Combines what ``query-parser`` says of queries to one total a table and day.

    A table counts once for each execution of a query that reads or writes it. Kept are the
    users, the joins, and the slowest queries; each query of its own with its users and tables;
    for each table that is written the statements that lineage can be followed through. What
    cannot be parsed is counted by its shape. Names stay as they are written: which table they
    mean is decided where the server's tables are known. All spellings of a name are one key, so
    that the day's total of a table is in one line of one file.
    """

    class Config(ConfigModel):
        """``config`` of a stage of type ``table-usage``."""

        filename: Annotated[
            str | None,
            Ignored(
                "staged files are kept in the run directory; nothing is written to this path, "
                "and nothing there is removed"
            ),
        ] = Field(None, description="OpenMetadata's key for its staging folder; not used.")

    def open(self) -> None:
        """Nothing is remembered yet."""
        self._recipes: dict[tuple[Any, ...], Recipe] = {}
        self._by_source: dict[int, Recipe] = {}

    def keyed(self, record: Record) -> Iterable[tuple[str | None, Partial]]:
        """What one logged query adds; nothing where it names no table.

        Raises ``RecordError`` where it does not say which day it counts for.
        """
        if not isinstance(record, dict) or "parsed" not in record:
            return ((None, record),)
        day, count = record.get("analysisDate"), record.get("count", 1)
        if not isinstance(day, str):
            raise RecordError("a logged query needs analysisDate, the day it counts for")
        user, duration = record.get("userName"), record.get("duration")
        time = None if duration is None else round(duration * 1000)
        recipe = self._recipe(record)
        if recipe.query is None:
            return ()
        key = f"{day}\x1f{recipe.id}"
        return ((key, partials.executions(recipe.source, count, user, time)),)

    def combine(self, a: Partial, b: Partial) -> Partial:
        """Both together."""
        return partials.combine(a, b)

    def expand(self, combined: Iterable[tuple[str, Partial]]) -> Iterable[tuple[str, Partial]]:
        """What the executions of each shape on one day add to tables, queries and lineage.

        Queries, which are many, pass as they come; tables, which many queries share, at the end.
        """
        tables = TableTotals()
        for key, partial in combined:
            source = partial[-1]
            recipe = self._by_source.get(id(source))
            if recipe is None or recipe.source is not source:
                recipe = Recipe(source)
            day = key.partition("\x1f")[0]
            tables.add(recipe, day, partial)
            if recipe.query is not None:
                yield recipe.query, recipe.of_query(day, partial)
            for statement in recipe.lineage:
                yield statement, {recipe.statement: recipe.texts}
        yield from tables.items()

    def finish(self, key: str, partial: Partial) -> Record:
        """The line of a key: see ``lines``."""
        return line_of(key, partial)

    def _recipe(self, record: dict[str, Any]) -> Recipe:
        parsed = record["parsed"]
        path = record.get("searchPath")
        known = (
            parsed["fingerprint"], record.get("serviceName"), record.get("databaseName"),
            record.get("databaseSchema"), record.get("dialect"), tuple(path) if path else None,
        )  # fmt: skip
        recipe = self._recipes.get(known)
        # A recipe is of one text, and texts of one fingerprint may be shown in several ways.
        if recipe is None or recipe.parsed is not parsed:
            if len(self._recipes) >= _REMEMBERED:
                self._recipes.clear()
                self._by_source.clear()
            recipe = self._recipes[known] = Recipe(record)
            self._by_source[id(recipe.source)] = recipe
        return recipe
