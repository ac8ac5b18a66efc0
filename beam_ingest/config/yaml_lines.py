"""YAML as plain values that know their lines.

Built from libyaml's events, not from its composed nodes: composing is recursive and brings the
process down on deeply nested input. YAML 1.1 as PyYAML's safe loader reads it, which is what
OpenMetadata uses, with three differences that only help: dates and ``12:30`` stay text, a key
that is written twice is an error, and keys are always text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

import yaml
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

from beam_ingest.config.document import (
    MAX_DEPTH,
    Document,
    Entry,
    Node,
    Position,
    TooLarge,
    build,
)
from beam_ingest.config.problem import ConfigError, Problem

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_TEXT = {_TAG + "str", _TAG + "timestamp", _TAG + "value", "!"}
_PLAIN = {_TAG + "null", _TAG + "bool", _TAG + "int", _TAG + "float"}
_COLLECTIONS = {_TAG + "map", _TAG + "seq", "!"}
_resolver: Any = Resolver()


def parse_yaml(text: str, file: str | None) -> Document:
    """The document in ``text``; ``file`` is what to call it.

    Raises ``ConfigError`` with one problem for text that is no YAML, or not one document.
    """
    try:
        return build(_Parser(text, file).root(), file)
    except yaml.YAMLError as error:
        raise ConfigError([_syntax_problem(error, text, file)]) from None
    except TooLarge as error:
        place = error.position
        raise ConfigError([Problem(str(error), "", place.file, place.line, place.column)]) from None


class _Parser:
    def __init__(self, text: str, file: str | None) -> None:
        self._file = file
        self._events: Iterator[Any] = iter(yaml.parse(text, Loader=_Loader))
        self._anchors: dict[str, Node] = {}

    def root(self) -> Node:
        next(self._events)  # the start of the stream
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            return Node(None, self._position(event))
        root = self._node(next(self._events), 0)
        next(self._events)  # the end of the document
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            self._fail(event, "a second document begins here: a workflow is one document")
        return root

    def _node(self, event: Any, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise TooLarge(f"nested more than {MAX_DEPTH} levels deep", self._position(event))
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                self._fail(event, f"there is no finished anchor &{event.anchor} before this alias")
            return self._anchors[event.anchor]
        node = Node(self._content(event, depth), self._position(event))
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _content(self, event: Any, depth: int) -> Any:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if event.tag is not None and event.tag not in _COLLECTIONS:
            self._fail(event, f"the tag {_short(event.tag)} has no meaning in a workflow")
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(item := next(self._events), yaml.SequenceEndEvent):
                items.append(self._node(item, depth + 1))
            return items
        entries = []
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            entries.append(self._entry(key, depth))
        return tuple(entries)

    def _entry(self, key: Any, depth: int) -> Entry:
        if isinstance(key, yaml.AliasEvent):
            name = self._node(key, depth).content
        elif isinstance(key, yaml.ScalarEvent):
            name = key.value
            if key.anchor is not None:
                self._anchors[key.anchor] = Node(name, self._position(key))
        else:
            name = None
        if not isinstance(name, str):
            self._fail(key, "a key must be text")
        merge = isinstance(key, yaml.ScalarEvent) and name == "<<" and key.implicit[0]
        node = self._node(next(self._events), depth + 1)
        if merge:
            nodes = node.content if isinstance(node.content, list) else [node]
            if not all(isinstance(item.content, tuple) for item in nodes):
                self._fail(key, "'<<' merges a mapping, or a list of mappings")
        return Entry(name, self._position(key), node, merge)

    def _scalar(self, event: Any) -> Any:
        tag = event.tag
        if tag is None:
            tag = _resolver.resolve(yaml.ScalarNode, event.value, event.implicit)
        if tag in _TEXT or (tag in _PLAIN and ":" in event.value):  # 12:30 is no number
            return event.value
        if tag not in _PLAIN:
            self._fail(event, f"the tag {_short(tag)} has no meaning in a workflow")
        try:
            return SafeConstructor().construct_object(yaml.ScalarNode(tag, event.value))
        except (ValueError, KeyError, IndexError):
            self._fail(event, f"this cannot be read as {_short(tag)}", "put text into quotes")

    def _position(self, event: Any) -> Position:
        return Position(self._file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _fail(self, event: Any, message: str, hint: str | None = None) -> NoReturn:
        place = self._position(event)
        raise ConfigError([Problem(message, "", place.file, place.line, place.column, hint)])


def _syntax_problem(error: yaml.YAMLError, text: str, file: str | None) -> Problem:
    if isinstance(error, yaml.reader.ReaderError):
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        return Problem("a character that YAML does not allow", "", file, line, column)
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    what = getattr(error, "problem", None) or str(error)
    if mark is None:
        return Problem(f"not valid YAML: {what}", "", file)
    lines = text.split("\n")
    written = lines[mark.line] if mark.line < len(lines) else ""
    return Problem(
        f"not valid YAML: {what}", "", file, mark.line + 1, mark.column + 1, _hint(what, written)
    )


def _hint(what: str, line: str) -> str | None:
    indentation = line[: len(line) - len(line.lstrip())]
    if "\t" in indentation:
        return "indent with spaces: YAML does not allow tabs"
    if "mapping values are not allowed" in what:
        return "a value that holds ': ' needs quotes; a key needs the indentation of its siblings"
    if "did not find expected key" in what or "could not find expected ':'" in what:
        return "check the quotes and the indentation of this line and the one before"
    if "','" in what and "${" in line:
        return "between { } or [ ], a ${NAME} needs quotes: '${NAME}'"
    if "cannot start any token" in what:
        return "a value that begins with @, ` or % needs quotes"
    return None


def _short(tag: str) -> str:
    return tag.replace(_TAG, "!!")
