"""Bulk sinks ``elasticsearch`` and ``opensearch``: staged documents into a search index."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from beam_ingest.api.bulk_sink import BulkSink, StagedFile, Tally
from beam_ingest.api.component import Check
from beam_ingest.api.outcomes import Outcome, Retired
from beam_ingest.api.sink import Token
from beam_ingest.api.source import Scope
from beam_ingest.api.source_config import DatabaseMetadata
from beam_ingest.connectors.search.bulk import BulkSender
from beam_ingest.connectors.search.checks import checks
from beam_ingest.connectors.search.config import SearchConfig
from beam_ingest.connectors.search.index import Index, index_of
from beam_ingest.connectors.search.retire import retire
from beam_ingest.connectors.search.server import Server


class _SearchBulkSink(BulkSink):
    """Publishes documents in ``_bulk`` requests, several in flight.

    Each document is an upsert under an id made of its type and name, so a file may come again.
    """

    flavour: ClassVar[str]
    config: SearchConfig
    _server: Server | None = None
    _sender: BulkSender | None = None

    def open(self) -> None:
        """Connect; the first request is made when there is something to do."""
        concurrency = self.context.settings.concurrency
        self._server = Server(self.config, concurrency)
        self._sender = BulkSender(
            self._server, self._index.name, concurrency, self.config.batch_size,
            self.config.max_request_bytes,
        )  # fmt: skip

    def close(self) -> None:
        """End threads and connections."""
        server, self._server = self._server, None
        sender, self._sender = self._sender, None
        if server is not None:
            server.close()  # first: a request that waits to be tried again ends
        if sender is not None:
            sender.close()

    def checks(self) -> Iterable[Check]:
        """What answers; whether the login is taken; what a run would write."""
        return checks(self.config, self.flavour)

    def begin(self) -> Token:
        """See what answers and make the index, before anything is read. Raises ``FatalError``."""
        self.server.expect(self.flavour)
        return self._index.begin()

    def publish(self, file: StagedFile) -> Iterable[Outcome]:
        """Send the documents of ``file``; one outcome a line, in order."""
        assert self._sender is not None  # noqa: S101 - open() made it
        self.server.session.expect_answers()
        return self._sender.send(file.lines())

    def retire(self, scope: Scope) -> Retired | None:
        """In place: remove the documents of what is gone. A new index never has them."""
        if self.config.recreate_indexes:
            return None
        wanted = self.context.source_config
        if isinstance(wanted, DatabaseMetadata) and not wanted.retires(scope.entity_type):
            return None
        assert self._sender is not None  # noqa: S101 - open() made it
        self.server.session.expect_answers()
        return retire(self.server, self._sender, self._index.name, scope)

    def verify(self, token: Token, tally: Tally) -> None:
        """A new index: that its count agrees."""
        self.server.session.expect_answers()
        self._index.verify(tally)

    def commit(self, token: Token) -> None:
        """A new index: swap the alias."""
        self.server.session.expect_answers()
        self._index.commit()

    def abort(self, token: Token) -> None:
        """Leave the old index serving; remove the new one."""
        self._index.abort()

    def replaces(self) -> str | None:
        """With a new index, all that is found under the alias."""
        if not self.config.recreate_indexes:
            return None
        return f"what is found under {self.config.index} of {self.config.url}"

    @property
    def server(self) -> Server:
        """The server. Only after ``open``."""
        if self._server is None:
            raise RuntimeError("open() was not called")
        return self._server

    @property
    def _index(self) -> Index:
        return index_of(self.server, self.config, self.context.run_id)


class ElasticsearchBulkSink(_SearchBulkSink):
    """Publishes search documents to Elasticsearch: to a new index, or to the one that is there."""

    class Config(SearchConfig):
        """``config`` of a bulk sink of type ``elasticsearch``."""

    flavour: ClassVar[str] = "elasticsearch"


class OpensearchBulkSink(_SearchBulkSink):
    """Publishes search documents to OpenSearch: to a new index, or to the one that is there."""

    class Config(SearchConfig):
        """``config`` of a bulk sink of type ``opensearch``."""

    flavour: ClassVar[str] = "opensearch"
