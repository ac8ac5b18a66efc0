"""Reading a split in chunks, the next ones already asked for while one is made into entities.

The server and this process then work at the same time, and so do the server's own connections
where there are several; a split's memory is that of one chunk a connection, and of one more. A
chunk takes one connection, for its own statements only.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from beam_ingest.connectors.sql.listing import Names

T = TypeVar("T")

CHUNK = 200
"""Tables a statement asks for: enough that its fixed cost vanishes."""
FIRST = 50
"""Tables of the first chunk of several: nothing is done while it is waited for."""


def chunked(names: Names, size: int = CHUNK, first: int = FIRST) -> Iterator[Names]:
    """``names`` in parts of ``size``, in their order; where one is not enough, ``first`` first."""
    part: Names = {}
    count = 0
    whole = sum(map(len, names.values())) <= size
    limit = size if whole else first
    for schema, tables in names.items():
        for name in tables:
            part.setdefault(schema, []).append(name)
            count += 1
            if count == limit:
                yield part
                part, count, limit = {}, 0, size
    if part:
        yield part


def ahead(
    fetch: Callable[[Names], T], names: Names, connections: int = 1
) -> Generator[tuple[Names, T]]:
    """Each chunk of ``names`` with what ``fetch`` gives for it, ``connections`` fetched ahead.

    An error of ``fetch`` is raised where its chunk would have come. Ended early, it waits for the
    fetches that are under way.
    """
    chunks = list(chunked(names))
    if not chunks:
        return
    if len(chunks) == 1:  # nothing to fetch ahead: no thread
        yield chunks[0], fetch(chunks[0])
        return
    with ThreadPoolExecutor(connections, thread_name_prefix="fetch-ahead") as threads:
        coming = iter(chunks)
        under_way: deque[tuple[Names, Future[T]]] = deque()

        def begin(count: int) -> None:
            under_way.extend(
                (chunk, threads.submit(fetch, chunk)) for chunk in islice(coming, count)
            )

        begin(connections)
        while under_way:
            chunk, fetched = under_way.popleft()
            result = fetched.result()
            begin(1)
            yield chunk, result
