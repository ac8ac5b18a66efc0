"""Reading a split in chunks, the next one already asked for while one is made into entities.

The server and this process then work at the same time, and a split's memory is that of two
chunks. A chunk takes one connection, for its own statements only.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
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


def ahead(fetch: Callable[[Names], T], names: Names) -> Generator[tuple[Names, T]]:
    """Each chunk of ``names`` with what ``fetch`` gives for it, one fetched ahead.

    An error of ``fetch`` is raised where its chunk would have come. Ended early, it waits for the
    fetch that is under way.
    """
    chunks = list(chunked(names))
    if not chunks:
        return
    if len(chunks) == 1:  # nothing to fetch ahead: no thread
        yield chunks[0], fetch(chunks[0])
        return
    with ThreadPoolExecutor(1, thread_name_prefix="fetch-ahead") as thread:
        following: Future[T] | None = None
        for index, chunk in enumerate(chunks):
            current = following or thread.submit(fetch, chunk)
            result = current.result()
            more = chunks[index + 1] if index + 1 < len(chunks) else None
            following = thread.submit(fetch, more) if more is not None else None
            yield chunk, result
