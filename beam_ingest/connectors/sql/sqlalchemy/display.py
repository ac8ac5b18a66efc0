"""A reflected type in the words of its own server, as far as SQLAlchemy kept them."""

from __future__ import annotations

import re

from sqlalchemy.engine import Dialect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.types import NullType, TypeEngine

_COLLATION = re.compile(r"\s+(?:CHARACTER SET|COLLATE)\s+\S+")
# What format_type and information_schema call the types that SQLAlchemy names otherwise.
_WORDS = {
    "postgresql": {
        r"\bVARCHAR\b": "character varying", r"\bCHAR\b": "character", r"\bFLOAT\b":
        "double precision", r"\bDECIMAL\b": "numeric", r"\bINT\b": "integer",
    },
    "mysql": {r"\bINTEGER\b": "int", r"\bNUMERIC\b": "decimal", r"\bBOOL\b": "tinyint(1)"},
}  # fmt: skip
_WORDS["mariadb"] = _WORDS["mysql"]
_QUOTED = re.compile(r"('(?:[^']|'')*')")


def display(kind: TypeEngine[object], dialect: Dialect) -> str | None:
    """The type as the server would write it; None where SQLAlchemy did not recognise it."""
    if isinstance(kind, NullType):
        return None
    try:
        text = kind.compile(dialect)
    except (SQLAlchemyError, NotImplementedError):
        return repr(kind)
    text = _COLLATION.sub("", text)
    words = _WORDS.get(dialect.name)
    if words is None:
        return text
    parts = _QUOTED.split(text)  # the labels of an enumeration stay as they are
    return "".join(part if index % 2 else _lower(part, words) for index, part in enumerate(parts))


def _lower(text: str, words: dict[str, str]) -> str:
    for pattern, word in words.items():
        text = re.sub(pattern, word, text)
    return text.lower().replace(", ", ",")
