"""What a check of a workflow has found so far: problems and notices."""

from __future__ import annotations

import os
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from beam_ingest.api.config_model import Ignored, Refused, marked_keys
from beam_ingest.api.errors import IngestError
from beam_ingest.api.secrets import MASK, Expanded
from beam_ingest.config.document import Document
from beam_ingest.config.explain import explain, refused_keys
from beam_ingest.config.faults import faults, value_at
from beam_ingest.config.problem import ConfigError, KeyPath, Problem, path_text
from beam_ingest.config.variables import Expansion

Model = TypeVar("Model", bound=BaseModel)

_SHORTEST_SECRET = 4  # a shorter one would mask words of our own


class Findings:
    """A document with its variables expanded (``value``), and what is wrong with it."""

    def __init__(self, document: Document) -> None:
        self.document = document
        expansion = Expansion(document, os.environ)
        self.value = expansion.value
        self.notices: list[str] = []
        self._unset = expansion.unset
        self._secrets = sorted(
            (text for text in expansion.secrets if len(text) >= _SHORTEST_SECRET),
            key=len,
            reverse=True,
        )
        self._problems: list[Problem] = list(document.problems)

    def at(self, path: KeyPath) -> Any:
        """What the workflow holds at ``path``; None where there is nothing."""
        return value_at(self.value, path)

    def problem(self, path: KeyPath, message: str, hint: str | None = None) -> None:
        """Note a problem of what stands at ``path``, unless it only follows from another."""
        if any(path[: len(unset)] == unset for unset in self._unset):
            return
        message = self._as_written(path, self._without_secrets(message))
        hint = None if hint is None else self._as_written(path, self._without_secrets(hint))
        self._problems.append(self.document.problem(path, message, hint))

    def error(self, path: KeyPath, error: IngestError) -> None:
        """Note as a problem what a component or the registry raised."""
        self.problem(path, error.message, error.hint)

    def notice(self, path: KeyPath, message: str) -> None:
        """Note something a user should know."""
        line = self.document.position(path).line
        where = f" (line {line})" if line else ""
        self.notices.append(f"{path_text(path)}{where}: {self._without_secrets(message)}")

    def validate(self, model: type[Model], data: Any, path: KeyPath) -> Model | None:
        """``data``, which stands at ``path``, as a ``model``; None where it is none."""
        try:
            checked = model.model_validate(data)
        except ValidationError as error:
            for item in explain(faults(error, data), model, data):
                self.problem((*path, *item.path), item.message, item.hint)
            for refused, mark in refused_keys(model, data):
                self._refuse((*path, *refused), mark)
            return None
        except Exception as error:  # a validator of the user's own class
            self.problem(path, f"{model.__qualname__} cannot check it: {type(error).__name__}")
            return None
        for finding in marked_keys(checked):
            here = (*path, *finding.path)
            if isinstance(finding.mark, Ignored):
                self.notice(here, f"ignored: {finding.mark.why}")
            else:
                self._refuse(here, finding.mark)
        return checked

    def raise_problems(self) -> None:
        """Raises ``ConfigError`` with every problem, in the order of the file, if there is any."""
        if self._problems:
            unique = dict.fromkeys(self._problems)
            raise ConfigError(sorted(unique, key=_place))

    def _refuse(self, path: KeyPath, mark: Refused) -> None:
        self.problem(path, f"this cannot be done here: {mark.why}")

    def _as_written(self, path: KeyPath, text: str) -> str:
        """``text`` with references instead of what the variables at ``path`` hold."""
        value = self.at(path)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, Expanded) and len(item) >= _SHORTEST_SECRET:
                text = text.replace(item, item.reference)
        return text

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text


def _place(problem: Problem) -> tuple[int, int]:
    return problem.line or 0, problem.column or 0
