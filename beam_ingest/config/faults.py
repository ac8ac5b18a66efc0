"""From pydantic's error list to faults at places of the data, one for each mistake.

Pydantic reports a union as the errors of all its branches, and puts names of branches between
the keys of a location. Here the branch that was most likely meant is chosen.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from beam_ingest.config.problem import KeyPath

UNION = "union"
"""The kind of a fault that fits no branch; its ``others`` are the faults of the branches."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake: ``kind`` and ``context`` are pydantic's; ``path`` is relative to the data.

    ``branches`` are the union branches it was found in: (length of the path there, name).
    """

    path: KeyPath
    kind: str
    message: str
    context: dict[str, Any] = field(default_factory=dict)
    branches: tuple[tuple[int, str], ...] = ()
    others: tuple[Fault, ...] = ()


def faults(error: ValidationError, data: Any) -> list[Fault]:
    """The faults of ``data`` that ``error`` tells of."""
    found = [
        _locate(item, data)
        for item in error.errors(include_url=False, include_input=False, include_context=True)
    ]
    return _without_consequences(_settle(found))


def value_at(data: Any, path: KeyPath) -> Any:
    """What ``data`` holds at ``path``; None where there is nothing."""
    for part in path:
        if isinstance(data, dict):
            data = data.get(part)
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return None
    return data


def _locate(item: Any, data: Any) -> Fault:
    path: list[str | int] = []
    branches: list[tuple[int, str]] = []
    location = item["loc"]
    for number, part in enumerate(location):
        last = number == len(location) - 1
        known = (isinstance(data, dict) and part in data) or (
            isinstance(data, list) and isinstance(part, int) and part < len(data)
        )
        if known:
            data = data[part]
            path.append(part)
        elif last and item["type"] == "missing":
            path.append(part)
        else:
            branches.append((len(path), str(part)))
    return Fault(tuple(path), item["type"], item["msg"], item.get("ctx") or {}, tuple(branches))


def _settle(found: list[Fault]) -> list[Fault]:
    """The faults with one branch chosen for each union."""
    settled = [fault for fault in found if not fault.branches]
    unions: dict[KeyPath, dict[str, list[Fault]]] = {}
    for fault in found:
        if fault.branches:
            (depth, name), *rest = fault.branches
            branches = unions.setdefault(fault.path[:depth], {})
            branches.setdefault(name, []).append(replace(fault, branches=tuple(rest)))
    for path, branches in unions.items():
        near = [branch for branch in branches.values() if not _at_root(branch, path)]
        if near:
            settled += _settle(min(near, key=lambda branch: _distance(branch, path)))
        else:
            others = tuple(fault for branch in branches.values() for fault in branch)
            settled.append(Fault(path, UNION, "", others=others))
    return settled


def _at_root(branch: list[Fault], path: KeyPath) -> bool:
    """Whether the value is of another kind altogether than the branch expects."""
    return all(fault.path == path and fault.kind != "value_error" for fault in branch)


def _distance(branch: list[Fault], path: KeyPath) -> tuple[bool, int, int]:
    """How far the data is from a branch: another constant says that it is another branch."""
    names_another = any(
        fault.kind == "literal_error" and len(fault.path) == len(path) + 1 for fault in branch
    )
    unknown = sum(fault.kind == "extra_forbidden" for fault in branch)
    return names_another, unknown, len(branch)


def _without_consequences(found: list[Fault]) -> list[Fault]:
    """Where the ``type`` of a mapping is wrong, its other keys are not to blame."""
    mistyped = {
        fault.path[:-1]
        for fault in found
        if fault.kind == "literal_error" and fault.path[-1:] == ("type",)
    }
    return [
        fault
        for fault in found
        if fault.kind not in ("extra_forbidden", "missing") or fault.path[:-1] not in mistyped
    ]
