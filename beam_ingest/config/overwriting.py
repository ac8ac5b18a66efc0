"""What a run must not write over: the workflow itself, and what its source reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from beam_ingest.api.config_model import WorkerPath
from beam_ingest.api.registry import Kind
from beam_ingest.config.components import Part
from beam_ingest.config.findings import Findings
from beam_ingest.config.remote import marked

_WRITING = (Kind.SINK, Kind.BULK_SINK)


def check_overwriting(findings: Findings, workflow: str | None, parts: Iterable[Part]) -> None:
    """Note a sink or bulk sink whose path is the workflow's file, or one that the source reads.

    ``workflow`` is that file, None where it is in none. Paths are told by ``WorkerPath``.
    """
    parts = list(parts)
    kept: dict[Path, str] = {} if workflow is None else {_whole(workflow): "the workflow itself"}
    for part in parts:
        if part.component.kind is Kind.SOURCE:
            kept |= {path: f"what the source reads, its {key}" for key, path in _paths(part)}
    for part in parts:
        if part.component.kind not in _WRITING:
            continue
        for key, path in _paths(part):
            if path in kept:
                findings.problem(
                    (*part.config, key), f"{path} is {kept[path]}: the run would write over it",
                    "name another file",
                )  # fmt: skip


def is_same_file(one: str, other: str) -> bool:
    """Whether two local paths are of one file, links followed."""
    return _whole(one) == _whole(other)


def _paths(part: Part) -> Iterator[tuple[str, Path]]:
    for key, value in marked(part.component.config, WorkerPath):
        if "://" not in value:
            yield key, _whole(value)


def _whole(path: str) -> Path:
    return Path(path).expanduser().resolve()
