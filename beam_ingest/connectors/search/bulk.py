"""``_bulk`` requests: several in flight, and what each document came to.

Documents that the server puts off are sent again; a request that is too large is halved.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

from opensearchpy import TransportError

from beam_ingest.api.errors import FatalError, RecordError, TransientError
from beam_ingest.api.outcomes import WRITTEN, Outcome, Rejected, Skipped
from beam_ingest.connectors.search.lines import document_line
from beam_ingest.connectors.search.server import Server
from beam_ingest.http import RetryPolicy

_AGAIN = frozenset({408, 429, 502, 503, 504})
"""A document's status that passes: the queue is full (``es_rejected_execution_exception``), or
its shard is on the move."""

_ANSWER = "items.*.status,items.*.error"
_POLICY = RetryPolicy(tries=8)
_NO_DOCUMENT = Skipped("lineage and usage have no document of their own")


@dataclass(slots=True)
class _Request:
    """Documents to be sent together: their lines of the file, ids, and action and source."""

    numbers: list[int] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    parts: list[bytes] = field(default_factory=list)
    size: int = 0

    def add(self, number: int, id_: str, part: bytes) -> None:
        self.numbers.append(number)
        self.ids.add(id_)
        self.parts.append(part)
        self.size += len(part)

    def some(self, places: Iterable[int]) -> _Request:
        places = list(places)
        parts = [self.parts[place] for place in places]
        numbers = [self.numbers[place] for place in places]
        return _Request(numbers, set(), parts, sum(map(len, parts)))


class BulkSender:
    """Sends the documents of files to one index. Thread-safe.

    ``concurrency`` requests are in flight at once, over all files; as many wait in memory.
    """

    def __init__(self, server: Server, index: str, concurrency: int, count: int, size: int) -> None:
        self._server = server
        self._index = index
        self._concurrency = concurrency
        self._count, self._size = count, size
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix="search bulk")
        self._room = threading.BoundedSemaphore(2 * concurrency)

    def send(self, lines: Iterable[bytes]) -> list[Outcome]:
        """Send the documents of ``lines``; one outcome a line, in order.

        Of lines with one id the last stays. Raises ``TransientError`` and ``FatalError``.
        """
        outcomes: list[Outcome] = []
        flying: dict[Future[dict[int, Outcome]], set[str]] = {}
        try:
            for request in self._requests(lines, outcomes):
                # Requests overtake each other; what one holds must not, of the same id.
                while len(flying) >= 2 * self._concurrency or any(
                    not ids.isdisjoint(request.ids) for ids in flying.values()
                ):
                    self._take(flying, outcomes)
                self._room.acquire()
                try:
                    flying[self._pool.submit(self._finish, request)] = request.ids
                except BaseException:
                    self._room.release()
                    raise
            while flying:
                self._take(flying, outcomes)
        finally:
            for future in flying:
                if future.cancel():
                    self._room.release()
            wait(flying)
        return outcomes

    def delete(self, ids: Iterable[str]) -> int:
        """Remove documents; how many of them were there."""
        gone = 0
        ids = list(ids)
        for start in range(0, len(ids), self._count):
            parts = [
                b'{"delete":{"_id":"' + id_.encode() + b'"}}\n'
                for id_ in ids[start : start + self._count]
            ]
            for status, why in self._post(parts):
                if status not in (200, 404):
                    raise TransientError(f"a document of {self._index} was not removed: {why}")
                gone += status == 200
        return gone

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _requests(self, lines: Iterable[bytes], outcomes: list[Outcome]) -> Iterator[_Request]:
        request = _Request()
        for number, line in enumerate(lines):
            outcomes.append(_NO_DOCUMENT)
            try:
                document = document_line(line)
            except RecordError as error:
                outcomes[number] = Rejected(error.message)
                continue
            if document is None:
                continue
            id_, source = document
            part = b'{"index":{"_id":"' + id_.encode() + b'"}}\n' + source + b"\n"
            if request.parts and (
                len(request.parts) >= self._count or request.size + len(part) > self._size
            ):
                yield request
                request = _Request()
            request.add(number, id_, part)
        if request.parts:
            yield request

    def _take(
        self, flying: dict[Future[dict[int, Outcome]], set[str]], outcomes: list[Outcome]
    ) -> None:
        for future in wait(flying, return_when=FIRST_COMPLETED).done:
            del flying[future]
            for number, outcome in future.result().items():
                outcomes[number] = outcome

    def _finish(self, request: _Request) -> dict[int, Outcome]:
        try:
            return self._settle(request)
        finally:
            self._room.release()

    def _settle(self, request: _Request) -> dict[int, Outcome]:
        found: dict[int, Outcome] = {}
        failures = 0
        while request.parts:
            try:
                results = self._post(request.parts)
            except TransportError as error:
                if error.status_code == 413 and len(request.parts) > 1:
                    return found | self._halved(request)
                results = [self._refused(error, request)]
            again = [place for place, (status, _) in enumerate(results) if status in _AGAIN]
            for place, (status, why) in enumerate(results):
                if status not in _AGAIN:
                    number = request.numbers[place]
                    found[number] = WRITTEN if 200 <= status < 300 else self._rejected(status, why)
            if again:
                failures += 1
                why = results[again[0]][1]
                if failures >= _POLICY.tries:
                    raise TransientError(
                        f"{self._server.url} puts off {len(again)} documents, again after "
                        f"{failures} times: {why}"
                    )
                self._server.session.wait(_POLICY.delay(failures))
            request = request.some(again)
        return found

    def _halved(self, request: _Request) -> dict[int, Outcome]:
        count = len(request.parts)
        first = self._settle(request.some(range(count // 2)))
        return first | self._settle(request.some(range(count // 2, count)))

    def _refused(self, error: TransportError, request: _Request) -> tuple[int, str]:
        # Of one document it is that document's fault; of many, something is wrong with all.
        status = int(error.status_code)
        if status == 413 and len(request.parts) == 1:
            return status, f"{request.size} bytes are too many for the server: {error.error}"
        raise FatalError(f"writing to {self._index}: the server answered {status}: {error.error}")

    def _rejected(self, status: int, why: str) -> Outcome:
        if status in (401, 403, 404):  # no rights, or no index: no document can be written
            raise FatalError(f"writing to {self._index}: the server answered {status}: {why}")
        return Rejected(why)

    def _post(self, parts: list[bytes]) -> list[tuple[int, str]]:
        """Send actions; the status of each, and why where it failed."""
        answer: Any = self._server.client.bulk(
            body=b"".join(parts), index=self._index, params={"filter_path": _ANSWER}
        )
        items = answer.get("items") if isinstance(answer, dict) else None
        if not isinstance(items, list) or len(items) != len(parts):
            raise TransientError(f"{self._server.url} answered a bulk request without its items")
        return [
            (int(result["status"]), _why(result.get("error")))
            for item in items
            for result in item.values()
        ]


def _why(error: Any) -> str:
    """The server's reason, with the cause that it names."""
    if not isinstance(error, dict):
        return str(error) if error else ""
    why = f"{error.get('type')}: {error.get('reason')}"
    cause = error.get("caused_by")
    return f"{why}: {cause['reason']}" if isinstance(cause, dict) and cause.get("reason") else why
