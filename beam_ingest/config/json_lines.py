"""JSON as plain values that know their lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

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

_LEXEME = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def parse_json(text: str, file: str | None) -> Document:
    """The document in ``text``; ``file`` is what to call it.

    Raises ``ConfigError`` with one problem for text that is no JSON.
    """
    try:
        json.loads(text)
        return build(_Parser(text, file).root(), file)
    except json.JSONDecodeError as error:
        problem = Problem(f"not valid JSON: {error.msg}", "", file, error.lineno, error.colno)
    except TooLarge as error:
        place = error.position
        problem = Problem(str(error), "", place.file, place.line, place.column)
    except RecursionError:
        problem = Problem(f"nested more than {MAX_DEPTH} levels deep", "", file)
    except ValueError as error:  # a number of thousands of digits
        problem = Problem(f"not valid JSON: {error}", "", file)
    raise ConfigError([problem])


class _Parser:
    """Reads the lexemes of text that is known to be valid JSON."""

    def __init__(self, text: str, file: str | None) -> None:
        self._file = file
        self._lexemes = self._scan(text)

    def root(self) -> Node:
        return self._node(*next(self._lexemes), depth=0)

    def _node(self, lexeme: str, position: Position, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise TooLarge(f"nested more than {MAX_DEPTH} levels deep", position)
        if lexeme == "{":
            return Node(tuple(self._entries(depth)), position)
        if lexeme == "[":
            return Node(list(self._items(depth)), position)
        return Node(json.loads(lexeme), position)

    def _items(self, depth: int) -> Iterator[Node]:
        for lexeme, position in self._lexemes:
            if lexeme == "]":
                return
            if lexeme != ",":
                yield self._node(lexeme, position, depth + 1)

    def _entries(self, depth: int) -> Iterator[Entry]:
        for lexeme, position in self._lexemes:
            if lexeme == "}":
                return
            if lexeme != ",":
                next(self._lexemes)  # the colon
                value = self._node(*next(self._lexemes), depth=depth + 1)
                yield Entry(json.loads(lexeme), position, value)

    def _scan(self, text: str) -> Iterator[tuple[str, Position]]:
        line, start, seen = 1, 0, 0
        for match in _LEXEME.finditer(text):
            breaks = text.count("\n", seen, match.start())
            if breaks:
                line += breaks
                start = text.rfind("\n", 0, match.start()) + 1
            seen = match.start()
            yield match[0], Position(self._file, line, match.start() - start + 1)
