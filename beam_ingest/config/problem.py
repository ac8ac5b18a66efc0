"""What is wrong with a workflow: where, what, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from beam_ingest.api import fqn
from beam_ingest.api.errors import IngestError

KeyPath = tuple[str | int, ...]
"""Keys and list indices from the top of a workflow: ``("processors", 0, "type")``."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    ``file`` is the file as the user named it (``<stdin>``, ``--set``), None for a mapping;
    ``line`` and ``column`` count from 1; ``path`` is the key as ``--set`` takes it. Neither
    ``message`` nor ``hint`` holds the value of a secret.
    """

    message: str
    path: str = ""
    file: str | None = None
    line: int | None = None
    column: int | None = None
    hint: str | None = None

    def __str__(self) -> str:
        where = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        head = ": ".join(part for part in (where, self.path, self.message) if part)
        return f"{head}\n    {self.hint}" if self.hint else head


class ConfigError(IngestError):
    """A workflow that cannot be run as it is; ``problems`` are all that were found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def path_text(path: KeyPath) -> str:
    """``path`` as ``--set`` takes it: ``processors.0.type``; a key with a dot is quoted."""
    return fqn.build(*(str(part) for part in path))
