"""From a text to statements, within limits: one monstrous query must stop nothing.

A thread that parses cannot be interrupted, and a clock would give another answer on a busy
machine. So the work is counted instead: the parser's steps through the tokens: about one a
token in any ordinary query, and exploding where the grammar makes it go back again and again.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlglot import Dialect, exp
from sqlglot.errors import ParseError, SqlglotError, TokenError
from sqlglot.tokenizer_core import TokenType

# A statement that is only kept as a text is no trouble here, and a log is full of them.
logging.getLogger("sqlglot").setLevel(logging.ERROR)

_OPENS = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.CASE})
_CLOSES = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END})


_ARRAYS = 10
"""The one grammar that takes twice as long with each level. A compiled parser (the package
``sqlglotc``) cannot be made to count its steps, and takes no more levels of it."""


class Unparsable(Exception):
    """The text is not understood; the message says why, and quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is parsed at most.

    ``length``: characters of a text. ``depth``: brackets and CASEs in one another. ``steps``: of
    the parser, about one a token in an ordinary query; 100,000 take about a second at most.
    """

    length: int = 100_000
    depth: int = 60
    steps: int = 100_000


LIMITS = Limits()


def parse(text: str, dialect: str, limits: Limits = LIMITS) -> list[exp.Expr]:
    """The statements of a text, in order. Raises ``Unparsable``."""
    if len(text) > limits.length:
        raise Unparsable(f"longer than {limits.length} characters")
    try:
        found = dialect_named(dialect)
        tokens = found.tokenize(text)
        counting = _counting(found.parser_class)
        _check_depth(tokens, limits, counted=counting is not None)
        parser: Any = (counting or found.parser_class)(dialect=found)
        if counting is not None:
            parser.steps_left = limits.steps
        statements = [each for each in parser.parse(tokens, text) if each is not None]
    except (SqlglotError, RecursionError) as error:
        raise Unparsable(reason_of(error)) from None
    if not statements:
        raise Unparsable("there is no statement in it")
    return statements


@lru_cache(maxsize=64)
def dialect_named(name: str) -> Dialect:
    """sqlglot's dialect. Raises ``Unparsable`` where it has none of that name."""
    try:
        return Dialect.get_or_raise(name)
    except ValueError:
        raise Unparsable(f"sqlglot knows no dialect {name!r}") from None


def reason_of(error: Exception) -> str:
    """What is wrong with a text, without a word of it: it may hold what nobody is to read."""
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, ParseError) and error.errors:
        first = error.errors[0]
        return f"not understood at line {first.get('line')}, column {first.get('col')}"
    if isinstance(error, TokenError):
        return "a quote or comment is not closed"
    return str(error).partition("\n")[0]


class _TooMuchWork(SqlglotError):
    """The budget of steps is spent."""


@lru_cache(maxsize=64)
def _counting(base: type[Any]) -> type[Any] | None:
    """The parser of a dialect, made to stop when its steps are spent; None if it is compiled."""
    try:

        class Counting(base):  # type: ignore[misc]
            steps_left = LIMITS.steps

            def _advance(self, times: int = 1) -> None:
                self.steps_left -= 1
                if self.steps_left < 0:
                    raise _TooMuchWork("it takes too long to understand")
                super()._advance(times)

        Counting()
    except TypeError:  # interpreted classes cannot inherit from compiled
        return None
    return Counting


def _check_depth(tokens: list[Any], limits: Limits, *, counted: bool) -> None:
    # Every level costs the parser some twenty calls, and Python has a thousand.
    depth = arrays = 0
    for token in tokens:
        kind = token.token_type
        if kind in _OPENS:
            depth += 1
            arrays += kind is TokenType.L_BRACKET
        elif kind in _CLOSES:
            depth = max(0, depth - 1)
            arrays = max(0, arrays - (kind is TokenType.R_BRACKET))
        if arrays > _ARRAYS and not counted:
            raise Unparsable(f"nested deeper than {_ARRAYS} arrays")
        if depth > limits.depth:
            raise Unparsable(f"nested deeper than {limits.depth} levels")
