"""Processor ``query-parser``: what each logged query does, parsed once for all of its shape."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from beam_ingest.api.config_model import ConfigModel
from beam_ingest.api.errors import RecordError
from beam_ingest.api.processor import Processor
from beam_ingest.api.record import Record

if TYPE_CHECKING:
    pass

Parsed = Mapping[str, Any]


class QueryParserProcessor(Processor):
    """Parses logged queries: the tables read and written, columns, joins, lineage.

    A query is fingerprinted first (literals, case and white space do not count) and parsed once
    for all of its shape. One that cannot be parsed, or is too long, too deep or too much work,
    goes on as ``unparsed`` with the reason; the next step counts it. A record that is no logged
    query (it has no ``query``) goes on as it is.

    A record gets the key ``parsed``, which records of one shape share and nobody may change:
    ``fingerprint``; ``maskedQuery`` (the text without literals); ``unparsed`` (the reason, or
    None); ``tables`` (all of them, as ``[database, schema, name]``, empty where not written),
    ``reads`` and ``writes`` (numbers in ``tables``); ``columns`` (by table, the columns that
    are its own for certain); ``joins`` (pairs of sides; a side lists the ``[table, column]``
    that it may be); ``lineageQuery`` (the text to follow columns through, literals replaced,
    or None where nothing flows from table to table).
    """

    class Config(ConfigModel):
        """``config`` of a processor of type ``query-parser``; OpenMetadata has no keys there."""

        max_query_length: int = Field(
            100_000, ge=100, description="Characters of a query; a longer one is not parsed."
        )
        max_depth: int = Field(
            60, ge=5, le=80, description="Brackets in brackets; a deeper query is not parsed."
        )
        max_steps: int = Field(
            100_000,
            ge=1_000,
            description="How much work one query may be, in steps of the parser: an ordinary one "
            "takes about one a word; 100,000 take about a second at most.",
        )
        cache_size: int = Field(
            60_000, ge=1, description="Shapes of queries whose parsing is remembered, per worker."
        )

    config: Config

    def open(self) -> None:
        """Make the limits; import the parser, which takes a while."""
        from beam_ingest.lineage.parse import Limits

        config = self.config
        self._limits = Limits(config.max_query_length, config.max_depth, config.max_steps)
        self._cache: OrderedDict[tuple[str, str], Parsed] = OrderedDict()

    def process(self, record: Record) -> Record:
        """``record`` with what its query does. Raises ``RecordError`` for a query that is none."""
        if not isinstance(record, dict) or "query" not in record:
            return record
        query = record["query"]
        if not isinstance(query, str):
            raise RecordError(f"query is a text, not {type(query).__name__}")
        record["parsed"] = self._parsed(query, record.get("dialect") or "")
        return record

    def _parsed(self, query: str, dialect: str) -> Parsed:
        from beam_ingest.processors.query_parsing import fingerprint, parsed

        # Of a monstrous text the start is enough to tell it from others.
        known = fingerprint(query[: self.config.max_query_length + 1], dialect)
        cache, key = self._cache, (known, dialect)
        found = cache.get(key)
        if found is None:
            found = cache[key] = parsed(query, dialect, known, self._limits)
            if len(cache) > self.config.cache_size:
                cache.popitem(last=False)
        else:
            cache.move_to_end(key)
        return found
