"""A workflow as it was written: its value, and where each key and value of it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from beam_ingest.config.problem import KeyPath, Problem, path_text

MAX_DEPTH = 60
MAX_NODES = 50_000
"""More than any workflow needs; aliases count as often as they are used."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in ``file``; ``line`` and ``column`` count from 1, None where there are none."""

    file: str | None
    line: int | None = None
    column: int | None = None


@dataclass(slots=True)
class Document:
    """``value`` is plain: mappings, lists, text, numbers, booleans, None.

    ``keys`` and ``values`` say where what stands; ``problems`` are those found while reading
    that did not stop it.
    """

    file: str | None
    value: Any = None
    keys: dict[KeyPath, Position] = field(default_factory=dict)
    values: dict[KeyPath, Position] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def position(self, path: KeyPath) -> Position:
        """Where ``path`` stands, or the nearest container of it that is written."""
        for end in range(len(path), -1, -1):
            place = self.keys.get(path[:end]) or self.values.get(path[:end])
            if place is not None:
                return place
        return Position(self.file)

    def move(self, path: KeyPath, place: Position) -> None:
        """Let ``path`` and all below it stand at ``place``."""
        for places in (self.keys, self.values):
            for known in [known for known in places if known[: len(path)] == path]:
                del places[known]
            places[path] = place

    def problem(self, path: KeyPath, message: str, hint: str | None = None) -> Problem:
        """A problem of what stands at ``path``."""
        place = self.position(path)
        return Problem(message, path_text(path), place.file, place.line, place.column, hint)


@dataclass(slots=True)
class Node:
    """A parsed value: ``content`` is a plain scalar, a list of nodes, or a tuple of entries."""

    content: Any
    position: Position


@dataclass(slots=True)
class Entry:
    """One key of a mapping. ``merge``: a ``<<`` whose value is merged in."""

    key: str
    position: Position
    node: Node
    merge: bool = False


class TooLarge(Exception):
    """A document of more nodes, or nested more deeply, than is reasonable."""

    def __init__(self, message: str, position: Position) -> None:
        super().__init__(message)
        self.position = position


def build(root: Node, file: str | None) -> Document:
    """The document of a tree of nodes, which may share nodes (aliases).

    A key that is written twice becomes a problem of the document; the first one counts.
    Raises ``TooLarge``.
    """
    document = Document(file)
    document.value = _Builder(document).value(root, ())
    return document


class _Builder:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._nodes = 0

    def value(self, node: Node, path: KeyPath) -> Any:
        self._count(node.position, len(path))
        self._document.values.setdefault(path, node.position)
        if isinstance(node.content, tuple):
            return self._mapping(node.content, path)
        if isinstance(node.content, list):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.content)]
        return node.content

    def _count(self, position: Position, depth: int) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise TooLarge(f"more than {MAX_NODES:,} values, aliases counted", position)
        if depth > MAX_DEPTH:
            raise TooLarge(f"nested more than {MAX_DEPTH} levels deep", position)

    def _mapping(self, entries: tuple[Entry, ...], path: KeyPath) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for entry in entries:
            if entry.merge:
                continue
            if entry.key in result:
                self._duplicate(entry, (*path, entry.key))
            else:
                self._add(result, entry, path)
        for entry in self._merged(entries, len(path)):
            if entry.key not in result:
                self._add(result, entry, path)
        return result

    def _add(self, result: dict[str, Any], entry: Entry, path: KeyPath) -> None:
        here = (*path, entry.key)
        self._document.keys[here] = entry.position
        result[entry.key] = self.value(entry.node, here)

    def _merged(self, entries: Iterable[Entry], depth: int) -> Iterator[Entry]:
        """What ``<<`` brings in, the nearest first."""
        for merge in entries:
            if not merge.merge:
                continue
            content = merge.node.content
            for mapping in content if isinstance(content, list) else [merge.node]:
                self._count(merge.position, depth)
                yield from (entry for entry in mapping.content if not entry.merge)
                yield from self._merged(mapping.content, depth + 1)

    def _duplicate(self, entry: Entry, path: KeyPath) -> None:
        first, second = self._document.keys[path], entry.position
        self._document.problems.append(
            Problem(
                f"the key {entry.key!r} is written twice",
                path_text(path),
                second.file,
                second.line,
                second.column,
                f"the first is in line {first.line}",
            )
        )
