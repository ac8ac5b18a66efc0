"""Lists that a server hands out page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from beam_ingest.api.errors import TransientError


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its items, the cursor of the next (None: the last), the total if known."""

    items: list[Any]
    after: str | None = None
    total: int | None = None


def cursor_pages(fetch: Callable[[str | None], Page]) -> Iterator[Page]:
    """Every page of a list; ``fetch`` gets the cursor of each, None for the first.

    Raises ``TransientError`` where a cursor comes back a second time: a list that cannot be
    read to its end must never be taken for a complete one.
    """
    seen: set[str] = set()
    cursor: str | None = None
    while True:
        page = fetch(cursor)
        yield page
        if not page.after:
            return
        if page.after in seen:
            raise TransientError("the server's paging does not come to an end: a cursor came twice")
        seen.add(page.after)
        cursor = page.after
