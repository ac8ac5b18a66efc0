"""What the server holds, as far as it is known: read by pages, once for all who ask."""

from __future__ import annotations

import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from beam_ingest.api import fqn
from beam_ingest.api.errors import FatalError
from beam_ingest.connectors.openmetadata.client import PAGE, Client
from beam_ingest.connectors.openmetadata.containers import (
    by_database,
    column_names,
    container_parameter,
)
from beam_ingest.connectors.openmetadata.routes import COLLECTIONS, Collection
from beam_ingest.http import RequestRefused

_ONE_BY_ONE = 2
"""Up to so many names of a container are asked for by name; more are worth a list of it."""

_LISTS_SOON = 2
"""So often a container is listed for its ids before all that it holds is written."""

_EVERYTHING = ""
"""As a container: the whole server."""

_CONTAINERS_ONE_BY_ONE = 4
"""With more schemas to list, their database may be the shorter list: its pages are counted."""


@dataclass(frozen=True, slots=True)
class Held:
    """An entity that the server holds. ``id`` is None where only its writing is known."""

    id: str | None
    source_hash: str | None


class Catalogue:
    """One server's entities by name. Thread-safe; a list is read once, however many ask.

    Raises ``FatalError`` where the server refuses to list, and ``TransientError``.
    """

    def __init__(self, client: Client, concurrency: int = 1) -> None:
        self._client = client
        self._concurrency = concurrency
        self._held: dict[str, dict[str, Held]] = {type_: {} for type_ in COLLECTIONS}
        self._inside: dict[str, dict[str, set[str]]] = {type_: {} for type_ in COLLECTIONS}
        self._seen: dict[str, set[str]] = {type_: set() for type_ in COLLECTIONS}
        self._new: dict[str, set[str]] = {type_: set() for type_ in COLLECTIONS}
        self._columns: dict[str, tuple[str, ...]] = {}  # interned: catalogues repeat them
        self._made: set[str] = set()
        self._listed: set[tuple[str, str]] = set()
        self._asked_soon: Counter[tuple[str, str]] = Counter()
        self._asked: Counter[tuple[str, str]] = Counter()
        self._pages_of: dict[tuple[str, str], int] = {}
        self._locks: defaultdict[tuple[str, str], threading.Lock] = defaultdict(threading.Lock)
        self._guard = threading.Lock()

    def known(self, type_: str, name: str) -> bool:
        """Whether the entity is known to be there, without asking."""
        return name in self._held[type_]

    def was_there(self, type_: str, name: str) -> bool:
        """Whether the server is known to have held the entity before this run wrote anything."""
        return name in self._held.get(type_, {}) and name not in self._new[type_]

    def seen(self, type_: str, name: str) -> bool:
        """Whether this run came with the entity, be it written or found unchanged."""
        return name in self._seen[type_]

    def confirm(self, type_: str, names: Iterable[str]) -> None:
        """This run came with these, and the server has them as they are."""
        self._seen[type_].update(names)

    def note(self, type_: str, name: str, source_hash: str | None) -> None:
        """The entity was written, with that hash."""
        held = self._held[type_].get(name)
        if held is None:
            self._new[type_].add(name)
        self._put(type_, name, Held(held.id if held else None, source_hash))
        self._columns.pop(name, None)
        self._seen[type_].add(name)

    def trust(self, type_: str, name: str, source_hash: str) -> None:
        """This run came with the entity, and by what an earlier one has left it is there."""
        if type_ in self._held:
            if name not in self._held[type_]:
                self._put(type_, name, Held(None, source_hash))
            self._seen[type_].add(name)

    def hash_of(self, type_: str, name: str) -> str | None:
        """The hash the entity was last known with."""
        held = self._held.get(type_, {}).get(name)
        return held.source_hash if held else None

    def made(self, service: str) -> None:
        """This run has made the service: what is in it is known without asking."""
        self._made.add(service)

    def forget(self, type_: str, name: str) -> None:
        """The entity turned out not to be there."""
        self._held[type_].pop(name, None)
        self._inside[type_].get(fqn.parent_of(name), set()).discard(name)

    def look_up(self, type_: str, names: Iterable[str], *, again: bool = False) -> dict[str, Held]:
        """Those of ``names`` that the server holds. Asks for what is not known.

        ``again``: also where it was not there when last asked; others may have written since.
        """
        held = self._held[type_]
        wanted = set(names)
        unknown = {name for name in wanted if name not in held}
        self._fetch(COLLECTIONS[type_], unknown, again=again)
        return {name: held[name] for name in wanted if name in held}

    def identify(self, type_: str, names: Iterable[str]) -> dict[str, tuple[str, frozenset[str]]]:
        """Id and column FQNs of those of ``names`` that the server holds."""
        wanted = set(names)
        missing = {name for name in wanted if not self._is_identified(type_, name)}
        self._fetch(COLLECTIONS[type_], missing, again=True)
        return self._identified(type_, wanted)

    def _identified(
        self, type_: str, names: Iterable[str]
    ) -> dict[str, tuple[str, frozenset[str]]]:
        held = self._held[type_]
        return {
            name: (id_, frozenset(f"{name}.{column}" for column in self._columns.get(name, ())))
            for name in names
            if name in held and (id_ := held[name].id) is not None
        }

    def identify_soon(
        self, type_: str, names: Iterable[str]
    ) -> dict[str, tuple[str, frozenset[str]]]:
        """As ``identify``, but asks only where that is cheap, while more is still being written.

        That is a container of one page, of which something was written, and twice at most: what
        comes into it later is not in the list. Other names are as good as not there.
        """
        written = {name for name in names if name in self._held[type_]}
        collection = COLLECTIONS[type_]
        ask = {fqn.parent_of(name) for name in written if not self._is_identified(type_, name)}
        for container in ask if collection.containers else ():
            key = type_, container
            with self._guard:
                self._asked_soon[key] += 1
                often = self._asked_soon[key] > _LISTS_SOON
            if not often and len(self._inside[type_].get(container, ())) <= PAGE:
                self._list(collection, container, again=True)
        return self._identified(type_, (n for n in written if self._is_identified(type_, n)))

    def _is_identified(self, type_: str, name: str) -> bool:
        held = self._held[type_].get(name)
        return bool(held and held.id) and (type_ != "table" or name in self._columns)

    def contents(self, type_: str, container: str) -> dict[str, Held]:
        """All that the server holds in ``container``, by one list unless it was read before."""
        collection = COLLECTIONS[type_]
        if not self._is_listed(type_, container):
            outer = self._outer_worth_listing(collection, fqn.parent_of(container), 1)
            self._list(collection, container if outer is None else outer)
        held = self._held[type_]
        names = self._inside[type_].get(container, set()).copy()
        return {name: held[name] for name in names if name in held}

    def within(self, type_: str, container: str) -> list[str]:
        """The FQNs of all that the server holds in ``container``, however deep, by one list."""
        self._list(COLLECTIONS[type_], container)
        held = list(self._inside[type_].items())
        return [
            name
            for inside, names in held
            if inside == container or inside.startswith(f"{container}.")
            for name in names.copy()
        ]

    def columns(self, table: str) -> list[str]:
        """The names of the columns of a table that was read, in order; not what is in them."""
        parts = (fqn.split(column) for column in self._columns.get(table, ()))
        return [names[0] for names in parts if len(names) == 1]

    def _fetch(self, collection: Collection, names: set[str], *, again: bool = False) -> None:
        type_ = collection.entity_type
        jobs: list[Callable[[], None]] = []
        for outer, groups in by_database(names).items():
            containers = {
                container: inside
                for container, inside in groups.items()
                if again or not self._is_listed(type_, container)
            }
            whole = self._outer_worth_listing(collection, outer, len(containers))
            if whole is not None:
                jobs.append(partial(self._list, collection, whole, again=again))
                continue
            for container, inside in containers.items():
                if len(inside) > _ONE_BY_ONE:
                    jobs.append(partial(self._list, collection, container, again=again))
                else:
                    jobs += [partial(self._ask, collection, name) for name in sorted(inside)]
        if len(jobs) == 1:
            jobs[0]()
        elif jobs:
            with ThreadPoolExecutor(min(self._concurrency, len(jobs))) as pool:
                for done in [pool.submit(job) for job in jobs]:
                    done.result()

    def _is_listed(self, type_: str, container: str) -> bool:
        within = (container, fqn.parent_of(container), _EVERYTHING)
        if any((type_, each) in self._listed for each in within):
            return True
        return bool(self._made) and fqn.quote(fqn.split(container)[0]) in self._made

    def _outer_worth_listing(
        self, collection: Collection, outer: str, containers: int
    ) -> str | None:
        # Many small schemas: their database has fewer pages than they are; and where a list
        # cannot be limited to a database, perhaps the whole server has.
        if not containers or not collection.containers:
            return None
        if len(collection.containers) < 2:
            outer = _EVERYTHING
        key = collection.entity_type, outer
        with self._guard:
            self._asked[key] += containers
            asked = self._asked[key]
        if asked <= _CONTAINERS_ONE_BY_ONE:
            return None
        if key not in self._pages_of:
            within = container_parameter(collection, outer)
            with _explained():
                self._pages_of[key] = self._client.total(collection, within) // PAGE + 1
        return outer if self._pages_of[key] * 2 <= asked else None

    def _ask(self, collection: Collection, name: str) -> None:
        entity = self._client.get(collection, name)
        if entity is not None:
            self._take(collection, entity)

    def _list(self, collection: Collection, container: str, *, again: bool = False) -> None:
        key = (collection.entity_type, container)
        with self._guard:
            lock = self._locks[key]
        with lock:
            if not again and key in self._listed:
                return
            within = container_parameter(collection, container)
            with _explained():
                for page in self._client.pages(collection, within):
                    for entity in page.items:
                        self._take(collection, entity)
            with self._guard:
                self._listed.add(key)

    def _put(self, type_: str, name: str, held: Held) -> None:
        self._held[type_][name] = held
        self._inside[type_].setdefault(fqn.parent_of(name), set()).add(name)

    def _take(self, collection: Collection, entity: dict[str, Any]) -> None:
        name = entity["fullyQualifiedName"]
        self._put(collection.entity_type, name, Held(entity["id"], entity.get("sourceHash")))
        if "columns" in entity:
            start = len(name) + 1
            names = column_names(entity["columns"])
            self._columns[name] = tuple(sys.intern(column[start:]) for column in names)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except RequestRefused as refused:
        if refused.status != 404:  # a container that is not there holds nothing
            raise FatalError(
                f"what the server holds cannot be read: {refused.message}",
                hint="the token must be allowed to view what it is to write",
            ) from None
