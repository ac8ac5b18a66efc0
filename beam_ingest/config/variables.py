"""``$NAME`` and ``${NAME}`` in the values of a workflow."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any

from beam_ingest.api.secrets import Expanded, expand, names_a_secret, variables
from beam_ingest.config.document import Document
from beam_ingest.config.problem import KeyPath

_NO_VARIABLE = re.compile(r"\$\{[A-Za-z_][^}]*\}")


class Expansion:
    """A document's value with its variables expanded.

    Every text that held a variable is an ``Expanded``, which keeps the reference as written.
    ``unset`` are the paths whose variables are not set, already named as problems of the
    document; ``secrets`` are values that no message may hold.
    """

    def __init__(self, document: Document, environment: Mapping[str, str]) -> None:
        self._document = document
        self._environment = environment
        self.unset: set[KeyPath] = set()
        self.secrets: set[str] = set()
        self.value = self._expand(document.value, (), secret=False)

    def _expand(self, value: Any, path: KeyPath, *, secret: bool) -> Any:
        if isinstance(value, dict):
            return {
                key: self._expand(item, (*path, key), secret=secret or names_a_secret(key))
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [
                self._expand(item, (*path, index), secret=secret)
                for index, item in enumerate(value)
            ]
        if isinstance(value, str):
            value = self._text(value, path)
        if secret and isinstance(value, (str, int, float)) and not isinstance(value, bool):
            self.secrets.add(str(value))
        return value

    def _text(self, text: str, path: KeyPath) -> str:
        names = variables(text)
        self.secrets.update(
            self._environment[name]
            for name in names
            if names_a_secret(name) and name in self._environment
        )
        missing = sorted({name for name in names if name not in self._environment})
        for name in missing:
            self._unset(path, f"the environment variable {name} is not set", self._nearest(name))
        for match in _NO_VARIABLE.finditer(text):
            if not variables(match[0]):
                self._unset(path, f"{match[0]} names no variable", "only ${NAME} and $NAME expand")
        if not names or path in self.unset:
            return text
        return Expanded(expand(text, self._environment), text)

    def _unset(self, path: KeyPath, message: str, hint: str) -> None:
        self.unset.add(path)
        self._document.problems.append(self._document.problem(path, message, hint))

    def _nearest(self, name: str) -> str:
        near = difflib.get_close_matches(name, self._environment, n=1, cutoff=0.8)
        if near:
            return f"did you mean {near[0]}?"
        return "set it before the run; a text with a $ of its own can come from another variable"
