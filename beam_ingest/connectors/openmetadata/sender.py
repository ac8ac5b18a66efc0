"""Sending rows: bulk requests, a few in flight, and what each row came to.

A request that the server cannot take (too large, too slow, one bad row that refuses them all) is
cut in two until the row that is to blame stands alone, so one bad row costs one row.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from beam_ingest.connectors.openmetadata.bulk_result import (
    Failed,
    RowResult,
    row_results,
    why_unaccounted,
)
from beam_ingest.connectors.openmetadata.client import Client
from beam_ingest.connectors.openmetadata.payload import Row
from beam_ingest.connectors.openmetadata.routes import Collection
from beam_ingest.http import RequestFailed, RequestRefused, RequestTimeout

T = TypeVar("T")

logger = logging.getLogger(__name__)

_ROW_TRIES = 4
_SMALLEST = 25
"""With less than so many rows a request is not worth its own cost."""

_TRY_AGAIN = frozenset({409, 429, 500, 502, 503, 504})
"""A row's status that passes: a lock conflict, another writer of the same new entity."""

_OF_ONE_ROW = frozenset({400, 409, 413, 422})
"""A refusal of a whole request that may be one row's fault."""

_BLAMED = re.compile(r"java\.util\.ArrayList\[(\d+)\]->")


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a bulk request may be."""

    rows: int = 100
    size: int = 4_000_000


class Sender:
    """Sends rows of one server. Thread-safe; ``concurrency`` requests are in flight at most."""

    def __init__(
        self,
        client: Client,
        concurrency: int,
        limits: Limits,
        *,
        override: bool = False,
    ) -> None:
        self._client = client
        self._limits = limits
        self._rows_at_once = limits.rows
        self._lock = threading.Lock()
        self._under_way = 0
        self._override = override
        self._concurrency = concurrency
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix="openmetadata")

    def send(
        self, collection: Collection, rows: Sequence[Row], *, even: bool = False
    ) -> dict[str, RowResult]:
        """Send ``rows`` (each FQN once); what became of each, by FQN. Raises ``FatalError``.

        ``even``: nothing else is under way, so the requests are made to end together.
        """
        futures = [
            self._submit(self._send, collection, chunk)
            for chunk in list(self._chunks(collection, rows, even))
        ]
        results: dict[str, RowResult] = {}
        for future in futures:
            results.update(future.result())
        return results

    def each(self, tasks: Iterable[Callable[[], RowResult]]) -> list[RowResult]:
        """Requests of other kinds, as many in flight; what became of each, in order."""
        futures = [self._submit(_result_of, task) for task in tasks]
        return [future.result() for future in futures]

    @property
    def worth_a_request(self) -> int:
        """With so many rows a request is worth its own cost."""
        return min(_SMALLEST, self._rows_at_once)

    def _submit(self, call: Callable[..., T], *arguments: Any) -> Future[T]:
        with self._lock:
            self._under_way += 1
        future = self._pool.submit(call, *arguments)
        future.add_done_callback(self._done)
        return future

    def _done(self, _: Future[Any]) -> None:
        with self._lock:
            self._under_way -= 1

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _chunks(
        self, collection: Collection, rows: Sequence[Row], even: bool
    ) -> Iterator[list[Row]]:
        if not rows:
            return
        most = self._rows_at_once if self._client.has_bulk(collection) else 1
        requests = -(-len(rows) // most)
        # Where requests would wait for each other no longer, smaller ones end earlier.
        idle = self._concurrency - self._under_way
        requests = max(requests, min(idle, len(rows) // _SMALLEST))
        if even and requests > self._concurrency:
            requests += -requests % self._concurrency
        most = -(-len(rows) // requests)
        chunk: list[Row] = []
        size = 0
        for row in rows:
            if chunk and (len(chunk) >= most or size + len(row.body) > self._limits.size):
                yield chunk
                chunk, size = [], 0
            chunk.append(row)
            size += len(row.body) + 1
        if chunk:
            yield chunk

    def _send(self, collection: Collection, rows: list[Row]) -> dict[str, RowResult]:
        if not self._client.has_bulk(collection):
            return {row.fqn: self._put_one(collection, row) for row in rows}
        if len(rows) > self._rows_at_once:  # the server has asked for less since it was cut
            return self._in_halves(collection, rows)
        body = b"[" + b",".join(row.body for row in rows) + b"]"
        alone = len(rows) == 1
        try:
            answer = self._client.put_bulk(
                collection, body, override=self._override, retry_timeouts=alone
            )
        except RequestRefused as refused:
            return self._after_refusal(collection, rows, refused)
        except RequestFailed as failed:
            if alone:
                return {rows[0].fqn: Failed(failed.status or 0, str(failed))}
            if isinstance(failed, RequestTimeout):
                self._ask_for_less(len(rows), "did not answer in time")
            return self._in_halves(collection, rows)
        return self._with_stragglers(collection, rows, answer)

    def _after_refusal(
        self, collection: Collection, rows: list[Row], refused: RequestRefused
    ) -> dict[str, RowResult]:
        if refused.status in (404, 405) and collection.path not in self._client.without_bulk:
            logger.info("%s has no %s/bulk", self._client.session.server, collection.path)
            self._client.without_bulk.add(collection.path)
        if refused.status in (404, 405):
            return self._send(collection, rows)
        if len(rows) == 1 or refused.status not in _OF_ONE_ROW:
            return {row.fqn: Failed(refused.status, refused.answer) for row in rows}
        if refused.status == 413:
            self._ask_for_less(len(rows), "refused the size")
        blamed = _BLAMED.search(refused.answer)
        if blamed and int(blamed[1]) < len(rows):
            # The server says which row it could not read. Believed only as far as it goes: the
            # row is sent alone.
            index = int(blamed[1])
            rest = rows[:index] + rows[index + 1 :]
            return self._send(collection, [rows[index]]) | self._send(collection, rest)
        return self._in_halves(collection, rows)

    def _in_halves(self, collection: Collection, rows: list[Row]) -> dict[str, RowResult]:
        middle = len(rows) // 2
        return self._send(collection, rows[:middle]) | self._send(collection, rows[middle:])

    def _ask_for_less(self, rows: int, why: str) -> None:
        with self._lock:
            less = max(1, rows // 2)
            if less < self._rows_at_once:
                self._rows_at_once = less
                logger.warning(
                    "%s %s of a request of %d entities; from now on %d at once",
                    self._client.session.server, why, rows, less,
                )  # fmt: skip

    def _with_stragglers(
        self, collection: Collection, rows: list[Row], answer: dict[str, object]
    ) -> dict[str, RowResult]:
        # Rows that met a passing trouble are sent again, a few times.
        by_name = {row.fqn: row for row in rows}
        results = row_results(rows, answer)
        for attempt in range(1, _ROW_TRIES):
            again = [
                by_name[name]
                for name, result in results.items()
                if result is not None and result.status in _TRY_AGAIN
            ]
            if not again:
                break
            self._client.session.wait(0.5 * 2.0 ** (attempt - 1))
            try:
                body = b"[" + b",".join(row.body for row in again) + b"]"
                answer = self._client.put_bulk(
                    collection, body, override=self._override, retry_timeouts=True
                )
            except (RequestRefused, RequestFailed) as error:
                logger.info("sending %d rows again: %s", len(again), error)
                continue
            results.update(row_results(again, answer))
        missing = [row for row in rows if row.fqn not in results]
        if missing and len(rows) == 1:
            return {rows[0].fqn: Failed(0, why_unaccounted(answer))}
        if len(missing) == len(rows):
            return self._in_halves(collection, rows)
        return results | (self._send(collection, missing) if missing else {})

    def _put_one(self, collection: Collection, row: Row) -> RowResult:
        def put() -> RowResult:
            self._client.put(collection, row.body)
            return None

        result = _result_of(put)
        if result is not None and result.status == 409:
            # Another writer made it at the same moment.
            there = self._client.get(collection, row.fqn) is not None
            return None if there else result
        return result


def _result_of(task: Callable[[], RowResult]) -> RowResult:
    try:
        return task()
    except RequestRefused as refused:
        return Failed(refused.status, refused.answer)
    except RequestFailed as failed:
        return Failed(failed.status or 0, str(failed))
