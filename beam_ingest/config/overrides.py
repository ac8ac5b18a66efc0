"""``--set a.b=c``: values that replace what a workflow says, for one run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from beam_ingest.api import fqn
from beam_ingest.config.document import Document, Position
from beam_ingest.config.problem import ConfigError, KeyPath, Problem, path_text
from beam_ingest.config.yaml_lines import parse_yaml

_SHAPE = "--set takes a.b=value; an item of a list by its number: processors.0.config.x=value"


def apply_overrides(document: Document, sets: Sequence[str]) -> None:
    """Change ``document`` by ``sets``, in order. What does not fit becomes a problem of it.

    The value is YAML (``5``, ``true``, ``[a, b]``); a part of the path that holds a dot is put
    into double quotes; the number after a list's last item appends.
    """
    for text in sets:
        written, equals, value = text.partition("=")
        try:
            keys = fqn.split(written)
            parsed = parse_yaml(value, f"--set {written}").value
        except ConfigError as error:
            document.problems.extend(error.problems)
        except ValueError as error:
            document.problems.append(Problem(f"{error}", file=f"--set {written}", hint=_SHAPE))
        else:
            if equals and all(keys):
                _set(document, keys, parsed, f"--set {written}")
            else:
                problem = Problem("this is no a.b=value", file=f"--set {written}", hint=_SHAPE)
                document.problems.append(problem)


def _set(document: Document, keys: list[str], value: Any, origin: str) -> None:
    if document.value is None:
        document.value = {}
    container: Any = document.value
    path: KeyPath = ()
    for key, following in zip(keys, [*keys[1:], None], strict=True):
        place = _place(container, key)
        if place is None:
            document.problems.append(_no_place(container, path, key, origin))
            return
        path = (*path, place)
        if following is None:
            _put(container, place, value)
            document.move(path, Position(origin))
            return
        inner = _get(container, place)
        if inner is None:
            inner = [] if following == "0" else {}
            _put(container, place, inner)
            document.move(path, Position(origin))
        container = inner


def _place(container: Any, key: str) -> str | int | None:
    if isinstance(container, dict):
        return key
    if isinstance(container, list) and key.isdecimal() and int(key) <= len(container):
        return int(key)
    return None


def _get(container: Any, place: Any) -> Any:
    if isinstance(container, list):
        return container[place] if place < len(container) else None
    return container.get(place)


def _put(container: Any, place: Any, value: Any) -> None:
    if isinstance(container, list) and place == len(container):
        container.append(value)
    else:
        container[place] = value


def _no_place(container: Any, path: KeyPath, key: str, origin: str) -> Problem:
    if isinstance(container, list):
        message = f"{path_text(path)} is a list of {len(container)} and has no item {key!r}"
        return Problem(message, path_text(path), origin, hint="items are numbered from 0")
    message = f"{path_text(path) or 'the workflow'} is no mapping, so it has no key {key!r}"
    return Problem(message, path_text(path), origin)
