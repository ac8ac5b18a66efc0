"""Telling queries of one shape: literals, comments, case and white space do not count.

One pass of a regular expression over the text; nothing is parsed. The same text gives the same
fingerprint in every run and version of Python.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from sqlglot.dialects.dialect import NormalizationStrategy

from beam_ingest.lineage.parse import dialect_named

MASK = "?"
"""What stands for a literal."""

_WORDS = r"(?![eEnNbBxX]')[^\W\d]\w*+(?:\.[^\W\d]\w*+)*+"
_ORDINALS = (
    r"(?:[gG][rR][oO][uU][pP]|[oO][rR][dD][eE][rR])\s+[bB][yY]\s+\d++(?:\s*,\s*\d++)*+(?![\w.])"
)
_NUMBER = r"(?:0[xX][0-9a-fA-F]++|(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d++)?)(?!\w)"
_PARAMETER = r"\$\d++(?!\w)|%s\b|%\(\w++\)s\b"
_HEREDOC = r"\$(?P<tag>[^\W\d]\w*|)\$.*?\$(?P=tag)\$"

_SIGNS = "(),=<>+*/-;"
_LIST = re.compile(r"\b(in|IN|In)\(\?(?:,\?)*\)")
_ROWS = re.compile(r"(\((?:\?,)*\?\))(?:,\1)+")


class Masker:
    """Masks and compares the queries of one dialect. Raises ``Unparsable`` for an unknown one."""

    def __init__(self, dialect: str) -> None:
        found = dialect_named(dialect)
        self._pattern = re.compile(_pattern(found.tokenizer_class), re.DOTALL)
        # Where the case of a name matters, two names must not become one.
        sensitive = found.normalization_strategy is NormalizationStrategy.CASE_SENSITIVE
        self._lower = not sensitive
        self._salt = b"" if self._lower else b"case"

    def normal(self, text: str) -> str:
        """What all queries of one shape have in common. For comparing, not for reading.

        A list after IN is as good as one of another length, and so are many rows of VALUES.
        """
        lower = self._lower
        parts: list[str] = []
        for between, kind, special in self._split(text):
            parts.append(between.lower() if lower else between)
            if kind == "literal":
                parts.append(MASK)
            elif kind == "comment":
                parts.append(" ")
            elif kind == "name":  # what is quoted is kept to the letter
                parts.append(special.replace(" ", "\0"))
            else:
                parts.append(special.lower() if lower else special)
        normal = " ".join("".join(parts).split())
        for sign in _SIGNS:  # a chain of replacements takes a tenth of a regular expression
            normal = normal.replace(f" {sign}", sign).replace(f"{sign} ", sign)
        if "(?" in normal:
            normal = _ROWS.sub(r"\1", _LIST.sub(r"\1(?)", normal))
        return normal.strip("; ")

    def fingerprint(self, text: str) -> str:
        """32 hexadecimal digits, the same for all queries of one shape."""
        normal = self.normal(text).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(normal, digest_size=16, salt=self._salt).hexdigest()

    def masked(self, text: str) -> str:
        """The text for reading: without comments, its literals replaced by ``?``.

        As OpenMetadata stores queries: what GROUP BY and ORDER BY count is no literal.
        """
        parts: list[str] = []
        for between, kind, special in self._split(text):
            parts.append(between)
            if kind != "comment":
                parts.append(MASK if kind == "literal" else special)
            elif between[-1:].strip():
                parts.append(" ")
        return "".join(parts).strip()

    def neutral(self, text: str) -> str:
        """The text for parsing again: without comments, one literal as good as another."""
        parts: list[str] = []
        for between, kind, special in self._split(text):
            parts.append(between)
            if kind == "literal":
                parts.append("0" if special[0] in ".0123456789" else "'?'")
            else:
                parts.append(" " if kind == "comment" else special)
        return "".join(parts).strip()

    def _split(self, text: str) -> Iterator[tuple[str, str | None, str]]:
        """The text in pieces: what is nothing special, then what is, and of which kind."""
        for match in self._pattern.finditer(text):
            yield match["plain"], match.lastgroup, text[match.end("plain") : match.end()]


@lru_cache(maxsize=64)
def masker(dialect: str) -> Masker:
    """The masker of a dialect."""
    return Masker(dialect)


def _pattern(tokenizer: Any) -> str:
    # As sqlglot's tokenizer of the dialect has them; the longer opening comes first.
    escapes = set(tokenizer.STRING_ESCAPES)
    strings = "|".join(_delimited(quote, escapes) for quote in _longest_first(tokenizer.QUOTES))
    names = "|".join(_delimited(quote, set()) for quote in _longest_first(tokenizer.IDENTIFIERS))
    comments = "|".join(_comment(each) for each in tokenizer.COMMENTS)
    literals = [r"[eE]" + _delimited("'", {"\\"}), f"[nNbBxX]?(?:{strings})", _NUMBER, _PARAMETER]
    if tokenizer.HEREDOC_STRINGS:
        literals.append(_HEREDOC)
    # Most of a text is nothing special, and is passed over in runs.
    starts = {c for each in (*tokenizer.QUOTES, *tokenizer.IDENTIFIERS) for c in each[0]}
    starts |= {(each[0] if isinstance(each, tuple) else each)[0] for each in tokenizer.COMMENTS}
    usual = rf"[^\w{re.escape(''.join(sorted(starts | set('$%.'))))}]++"
    return (
        f"(?P<plain>(?:{_ORDINALS}|{_WORDS}|{usual})*+)(?:(?P<comment>{comments})"
        rf"|(?P<literal>{'|'.join(literals)})|(?P<name>{names}|\d\w*+)|(?P<other>.))?+"
    )


def _longest_first(quotes: list[Any]) -> list[Any]:
    return sorted(quotes, key=lambda each: -len(each[0] if isinstance(each, tuple) else each))


def _delimited(quote: str | tuple[str, str], escapes: set[str]) -> str:
    start, end = quote if isinstance(quote, tuple) else (quote, quote)
    opening, closing = re.escape(start), re.escape(end)
    # One that a log has cut short reaches to the end.
    if len(end) > 1:
        return f"{opening}.*?(?:{closing}|\\Z)"
    inside = rf"[^{closing}\\]|\\." if "\\" in escapes else f"[^{closing}]"
    return f"{opening}(?:{inside}|{closing}{closing})*+(?:{closing}|\\Z)"


def _comment(comment: str | tuple[str, str]) -> str:
    if isinstance(comment, tuple):
        return f"{re.escape(comment[0])}.*?{re.escape(comment[1])}"
    return f"{re.escape(comment)}[^\\n]*"
